"""Permissions: who may do what to which object, answered from relationships.

Owns stores, models, tuples, their history, the index in memory and the engine that answers from it, and the
modelling language. Knows no people: a subject is a word. Doesn't know who may ask (`access` does) nor HTTP.
"""

from airside.permissions.engine import PermissionEngine
from airside.permissions.lists import Lists, View
from airside.permissions.model import (
    NO_TERMS,
    AtLeast,
    Change,
    Grant,
    Question,
    Store,
    StoredModel,
    StoredTuple,
    Terms,
    TupleKey,
    Verdict,
)
from airside.permissions.models import Models
from airside.permissions.permissions import Permissions, build_engine
from airside.permissions.prompt import Prompt
from airside.permissions.records import Filter
from airside.permissions.several import Answered
from airside.permissions.stores import Stores, is_public
from airside.permissions.tuples import Tuples

__all__ = [
    "NO_TERMS",
    "Answered",
    "AtLeast",
    "Change",
    "Filter",
    "Grant",
    "Lists",
    "Models",
    "PermissionEngine",
    "Permissions",
    "Prompt",
    "Question",
    "Store",
    "StoredModel",
    "StoredTuple",
    "Stores",
    "Terms",
    "TupleKey",
    "Tuples",
    "Verdict",
    "View",
    "build_engine",
    "is_public",
]
