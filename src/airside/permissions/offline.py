"""A model and its tuples in memory, asked without a server and without a database: what `airside fga test` runs on.

The engine is the server's own: the index, its rules and its search.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from airside.core.strict_json import Json
from airside.permissions.graph import Graph
from airside.permissions.index import Index
from airside.permissions.model import NO_CONTEXT, Grant, Model


class Offline:
    """One valid model, and tuples that it allows, at one moment.

    Raises:
        InvalidTuple, InvalidQuestion: a tuple that the model doesn't allow.
    """

    def __init__(self, model: Model, grants: Iterable[Grant], now: datetime) -> None:
        self._index = Index(0, "offline", Graph())
        self._ready = self._index.keep("offline", model)
        self._now = now
        for grant in grants:
            self._ready.rules.check_tuple(grant.key, grant.terms)
            self._index.graph.add(grant.key, grant.terms)

    def check(self, subject: str, relation: str, object_: str, context: Mapping[str, Json] = NO_CONTEXT) -> bool:
        """May the subject?

        Raises:
            InvalidQuestion: words that the model can't mean, or values that a condition lacks.
            TooComplex: no answer within the bounds.
        """
        return self._ready.check(subject, relation, object_, context, self._now)

    def objects(
        self, subject: str, relation: str, type_name: str, context: Mapping[str, Json] = NO_CONTEXT
    ) -> list[str]:
        """Every object of a type on which the subject has the relation, sorted.

        Raises:
            as `check`.
        """
        return self._ready.objects(subject, relation, type_name, context, self._now)

    def users(self, object_: str, relation: str, kind: str, context: Mapping[str, Json] = NO_CONTEXT) -> list[str]:
        """Every subject of a kind (`user`, `group#member`) that has the relation on the object, sorted.

        Raises:
            as `check`.
        """
        return self._ready.users(object_, relation, kind, context, self._now)
