"""The drive-like set that the permission benchmarks share: groups three deep, folders five deep, documents.

Made from a seed, so that two runs ask the same; half of its questions are answered no.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from airside.permissions import TupleKey
from airside.permissions.index import Index
from airside.permissions.language import parse
from airside.permissions.loading import SEPARATOR, Loader, unhindered
from airside.permissions.model import Question
from airside.permissions.records_loading import PAGE
from airside.permissions.words import kind_of

MODEL: Final = """
model
  schema 1.1
type user
type group
  relations
    define member: [user, group#member]
type folder
  relations
    define owner: [user]
    define parent: [folder]
    define editor: [user, group#member] or owner or editor from parent
    define viewer: [user, user:*, group#member] or editor or viewer from parent
type doc
  relations
    define blocked: [user]
    define owner: [user]
    define parent: [folder]
    define editor: [user, group#member] or owner or editor from parent
    define viewer: [user, user:*, group#member] or editor or viewer from parent
    define can_read: viewer but not blocked
"""
MODEL_ID: Final = "model"
NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)
SEED: Final = 20_261_123
RELATIONS: Final = ("viewer", "can_read", "editor")
READER: Final = "user:reader"
"""A subject who may view about `READABLE` documents, where there are as many."""
READABLE: Final = 3_000
DEEP: Final = 5
"""Folders, one in the other."""
IN_A_FOLDER: Final = 20
TUPLES_EACH: Final = 2.2
"""Tuples that a document comes to, all told."""


@dataclass
class Drive:
    """`documents` in folders five deep, a user for every ten, a group for every hundred."""

    documents: int
    draw: random.Random = field(default_factory=lambda: random.Random(SEED))
    owners: list[int] = field(default_factory=list[int])

    def tuples(self) -> Iterator[TupleKey]:
        """Every tuple, once."""
        users, groups, folders = self.documents // 10, self.documents // 100, self.documents // IN_A_FOLDER
        for user in range(users):
            yield TupleKey(f"user:{user}", "member", f"group:{self.draw.randrange(groups)}")
        for group in range(groups // 2):
            yield TupleKey(f"group:{group}#member", "member", f"group:{groups // 2 + group // 2}")
        for folder in range(folders):
            if folder % DEEP:
                yield TupleKey(f"folder:{folder - 1}", "parent", f"folder:{folder}")
            group = self.draw.randrange(groups)
            yield TupleKey(f"group:{group}#member", self.draw.choice(("viewer", "editor")), f"folder:{folder}")
        for top in range(0, min(folders, READABLE // IN_A_FOLDER), DEEP):
            yield TupleKey(READER, "viewer", f"folder:{top}")
        for doc in range(self.documents):
            yield TupleKey(f"folder:{self.draw.randrange(folders)}", "parent", f"doc:{doc}")
            self.owners.append(self.draw.randrange(users))
            yield TupleKey(f"user:{self.owners[doc]}", "owner", f"doc:{doc}")

    def questions(self, allowed: Callable[[TupleKey], bool], count: int) -> list[TupleKey]:
        """Different ones, as many yes as no, shuffled. After `tuples`."""
        kept: dict[bool, dict[TupleKey, None]] = {True: {}, False: {}}
        while min(len(found) for found in kept.values()) < count // 2:
            doc = self.draw.randrange(self.documents)
            user = self.owners[doc] if self.draw.random() < 0.3 else self.draw.randrange(self.documents // 10)
            asked = TupleKey(f"user:{user}", self.draw.choice(RELATIONS), f"doc:{doc}")
            kept[allowed(asked)][asked] = None
        chosen = [*list(kept[True])[: count // 2], *list(kept[False])[: count // 2]]
        self.draw.shuffle(chosen)
        return chosen


def columns(drive: Drive, size: int = PAGE) -> Iterator[tuple[str, str, str, str]]:
    """The set as the database sends it: relation, kind of subject, objects and subjects."""
    found: dict[tuple[str, str, int], tuple[list[str], list[str]]] = {}
    for place, key in enumerate(drive.tuples()):
        relation = f"{key.object.partition(':')[0]}#{key.relation}"
        objects, subjects = found.setdefault((relation, kind_of(key.user), place // size), ([], []))
        objects.append(key.object)
        subjects.append(key.user)
    for (relation, kind, _), (objects, subjects) in found.items():
        yield relation, kind, SEPARATOR.join(objects), SEPARATOR.join(subjects)


def indexed(drive: Drive, revision: int = 0, model_id: str = MODEL_ID) -> Index:
    """The set as the engine holds it, its model compiled."""
    loader = Loader()
    with unhindered():
        for piece in columns(drive):
            loader.take(*piece)
        index = Index(revision, model_id, loader.finish([]))
    index.keep(model_id, parse(MODEL))
    return index


def answers(index: Index, store_id: str = "") -> Callable[[TupleKey], bool]:
    """What the index says of a question, with no wait."""
    ready = index.ready(index.model_id)
    assert ready is not None

    def allowed(key: TupleKey) -> bool:
        question = Question(store_id, key.user, key.relation, key.object, index.model_id)
        return index.answer(question, ready, NOW).allowed

    return allowed
