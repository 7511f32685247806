"""Several relations of one subject to one object, in one question."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from airside.permissions.engine import PermissionEngine
from airside.permissions.indexes import Indexes
from airside.permissions.lists import View
from airside.permissions.model import Question
from airside.permissions.refusals import InvalidQuestion
from airside.permissions.words import split_object
from airside.store.context import RequestContext

MAX_RELATIONS: Final = 50
"""Relations that one question may name."""


@dataclass(frozen=True, slots=True)
class Held:
    """Each relation asked for, and whether it is held; all of them at `revision` or later."""

    relations: dict[str, bool]
    revision: int


class Relations:
    """Which of its relations to an object a subject has. Each answer is the engine's own."""

    def __init__(self, *, engine: PermissionEngine, indexes: Indexes) -> None:
        self._engine = engine
        self._indexes = indexes

    async def check(
        self, ctx: RequestContext, view: View, *, subject: str, object_: str, relations: Sequence[str]
    ) -> Held:
        """The named relations, each with its answer.

        Raises:
            InvalidQuestion: none, one twice, over `MAX_RELATIONS`, or words that the model can't mean.
            as `PermissionEngine.check`.
        """
        if not 1 <= len(relations) <= MAX_RELATIONS:
            raise InvalidQuestion(f"relations must name between 1 and {MAX_RELATIONS}")
        if len(set(relations)) != len(relations):
            raise InvalidQuestion("relations names one twice")
        return await self._ask(ctx, view, subject, object_, relations)

    async def all(self, ctx: RequestContext, view: View, *, subject: str, object_: str) -> Held:
        """Every relation that the model gives the object's type, each with its answer.

        Raises:
            as `PermissionEngine.check`.
        """
        type_name, _ = split_object(object_)
        found = await self._indexes.ask(
            ctx, view.store_id, view.model_id, view.at_least, lambda _, ready: ready.rules.relations(type_name)
        )
        return await self._ask(ctx, view, subject, object_, found)

    async def _ask(self, ctx: RequestContext, view: View, subject: str, object_: str, relations: Sequence[str]) -> Held:
        answers: dict[str, bool] = {}
        seen: list[int] = []
        for name in relations:
            question = Question(
                view.store_id, subject, name, object_, view.model_id, view.at_least, view.contextual, view.context
            )
            verdict = await self._engine.check(ctx, question)
            answers[name] = verdict.allowed
            seen.append(verdict.revision)
        return Held(answers, min(seen, default=0))
