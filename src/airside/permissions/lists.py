"""Questions with many answers. Each answer is one that `check` gives too: candidates from the index, each checked."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from airside.core.strict_json import Json
from airside.permissions.expand import Tree, tree_of
from airside.permissions.explain import explain
from airside.permissions.explanation import Explanation
from airside.permissions.index import Index, Ready
from airside.permissions.indexes import Indexes
from airside.permissions.model import NO_CONTEXT, AtLeast, Grant, TupleKey
from airside.store.context import RequestContext

Answer = TypeVar("Answer")


class View(msgspec.Struct, frozen=True):
    """Of which store, model and moment a question with many answers is asked."""

    store_id: str
    model_id: str | None = None
    at_least: AtLeast = None
    contextual: tuple[Grant, ...] = ()
    context: Mapping[str, Json] = NO_CONTEXT


@dataclass(frozen=True, slots=True)
class Listed:
    """The words found, sorted; `revision` was seen."""

    words: list[str]
    revision: int


@dataclass(frozen=True, slots=True)
class Expanded:
    """One step of a relation's definition, with the users of its direct part; `revision` was seen."""

    tree: Tree
    revision: int


class Lists:
    """Which objects, which users, and through what."""

    def __init__(self, indexes: Indexes) -> None:
        self._indexes = indexes

    async def objects(self, ctx: RequestContext, view: View, *, subject: str, relation: str, type_name: str) -> Listed:
        """Every object of a type on which the subject has the relation.

        Raises:
            as `PermissionEngine.check`; TooComplex also for over `MAX_CANDIDATES` objects to be checked.
        """
        return await self._ask(
            ctx,
            view,
            lambda index, ready: Listed(
                ready.objects(subject, relation, type_name, view.context, ctx.now), index.revision
            ),
        )

    async def users(self, ctx: RequestContext, view: View, *, object_: str, relation: str, kind: str) -> Listed:
        """Every subject of a kind (`user`, `group#member`) that has the relation on the object. A wildcard stands
        for everybody of its type; subjects are named beside it only where a tuple leads to them.

        Raises:
            as `PermissionEngine.check`; TooComplex also for over `MAX_CANDIDATES` subjects.
        """
        return await self._ask(
            ctx,
            view,
            lambda index, ready: Listed(ready.users(object_, relation, kind, view.context, ctx.now), index.revision),
        )

    async def expand(self, ctx: RequestContext, view: View, *, object_: str, relation: str) -> Expanded:
        """The definition of a relation of an object, one step deep.

        Raises:
            as `PermissionEngine.check`.
        """

        def tree(index: Index, ready: Ready) -> Expanded:
            ready.rules.check_object(object_)
            definition = ready.rules.relation(object_.partition(":")[0], relation)
            return Expanded(tree_of(definition, object_, ready.graph, ready.rules, ctx.now), index.revision)

        return await self._ask(ctx, view, tree)

    async def explain(
        self, ctx: RequestContext, view: View, *, subject: str, relation: str, object_: str
    ) -> Explanation:
        """Why a check is answered as it is.

        Raises:
            as `PermissionEngine.check`, but for conditions without an answer and questions beyond the bounds: those
            are told.
        """
        return await self._ask(
            ctx,
            view,
            lambda index, ready: explain(
                ready, TupleKey(subject, relation, object_), view.context, ctx.now, index.revision
            ),
        )

    async def _ask(self, ctx: RequestContext, view: View, question: Callable[[Index, Ready], Answer]) -> Answer:
        def asked(index: Index, ready: Ready) -> Answer:
            return question(index, ready.with_contextual(view.contextual) if view.contextual else ready)

        return await self._indexes.ask(ctx, view.store_id, view.model_id, view.at_least, asked)
