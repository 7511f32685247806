"""Questions with many answers. Each answer is one that `check` gives too: candidates from the index, each checked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import msgspec

from airside.core.strict_json import Json
from airside.permissions.expand import Tree, tree_of
from airside.permissions.indexes import Indexes
from airside.permissions.model import NO_CONTEXT, AtLeast, Grant
from airside.permissions.reachable import reachable
from airside.permissions.refusals import TooComplex
from airside.store.context import RequestContext

MAX_CANDIDATES: Final = 50_000
"""Candidates that one question may check. Over it the question is refused: an answer is never cut."""


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
            as `PermissionEngine.check`; TooComplex also for over `MAX_CANDIDATES` objects of the type.
        """
        index, ready = await self._indexes.at(ctx, view.store_id, view.model_id, view.at_least)
        ready = ready.with_contextual(view.contextual) if view.contextual else ready
        ready.rules.relation(type_name, relation)
        ready.rules.check_subject(subject)
        candidates = {ready.graph.words[node] for node in ready.graph.objects(type_name)}
        if subject.partition(":")[0] == type_name and "#" in subject:
            candidates.add(subject.partition("#")[0])
        _refuse_too_many(candidates)
        found = [word for word in sorted(candidates) if ready.check(subject, relation, word)]
        return Listed(found, index.revision)

    async def users(self, ctx: RequestContext, view: View, *, object_: str, relation: str, kind: str) -> Listed:
        """Every subject of a kind (`user`, `group#member`) that has the relation on the object. A wildcard stands
        for everybody of its type; subjects are named beside it only where a tuple leads to them.

        Raises:
            as `PermissionEngine.check`; TooComplex also for over `MAX_CANDIDATES` subjects.
        """
        index, ready = await self._indexes.at(ctx, view.store_id, view.model_id, view.at_least)
        ready = ready.with_contextual(view.contextual) if view.contextual else ready
        type_name, _, subject_relation = kind.partition("#")
        if subject_relation:
            ready.rules.relation(type_name, subject_relation)
        else:
            ready.rules.check_type(type_name)
        plan = ready.plan(relation, object_)
        candidates = reachable(plan, object_, ready.graph, ready.plans, {kind, f"{type_name}:*"}, MAX_CANDIDATES)
        if subject_relation:
            candidates = {word for word in candidates if not word.endswith(":*")}
        found = [word for word in sorted(candidates) if ready.check(word, relation, object_)]
        return Listed(found, index.revision)

    async def expand(self, ctx: RequestContext, view: View, *, object_: str, relation: str) -> Expanded:
        """The definition of a relation of an object, one step deep.

        Raises:
            as `PermissionEngine.check`.
        """
        index, ready = await self._indexes.at(ctx, view.store_id, view.model_id, view.at_least)
        ready = ready.with_contextual(view.contextual) if view.contextual else ready
        ready.rules.check_object(object_)
        definition = ready.rules.relation(object_.partition(":")[0], relation)
        return Expanded(tree_of(definition, object_, ready.graph, ready.rules), index.revision)


def _refuse_too_many(candidates: Sequence[str] | set[str]) -> None:
    if len(candidates) > MAX_CANDIDATES:
        raise TooComplex("the question has too many candidates", max_candidates=MAX_CANDIDATES)
