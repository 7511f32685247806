"""Several questions of one store in one: every answer is of the same revision and the same model."""

from collections.abc import Sequence
from dataclasses import dataclass

from airside.permissions.checks import Checks
from airside.permissions.index import Index, Ready
from airside.permissions.indexes import Indexes
from airside.permissions.model import AtLeast, Question
from airside.permissions.refusals import InvalidQuestion, TooComplex
from airside.store.context import RequestContext

Answered = bool | InvalidQuestion | TooComplex
"""May the subject; or why that can't be said."""


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers in the order of the questions; `revision` was seen by all."""

    each: list[Answered]
    revision: int


class Several:
    """The engine for a batch: it waits once at most, and keeps no verdicts, for finding one again costs what deciding
    it does."""

    def __init__(self, indexes: Indexes, checks: Checks | None = None) -> None:
        self._indexes = indexes
        self._checks = checks or Checks()

    async def check(
        self,
        ctx: RequestContext,
        store_id: str,
        model_id: str | None,
        at_least: AtLeast,
        questions: Sequence[Question],
    ) -> Answers:
        """May each? What store, model and revision the questions themselves name isn't looked at.

        Raises:
            StoreNotFound, ModelNotFound, NoModelYet, Unavailable: as `PermissionEngine.check`.
            TooComplex: together they need more of a store that isn't in memory than may be fetched.
        """

        def ask(index: Index, ready: Ready) -> Answers:
            return Answers([_one(index, ready, question, ctx) for question in questions], index.revision)

        answers = await self._indexes.ask(ctx, store_id, model_id, at_least, ask)
        self._checks.allowed += answers.each.count(True)
        self._checks.denied += answers.each.count(False)
        return answers


def _one(index: Index, ready: Ready, question: Question, ctx: RequestContext) -> Answered:
    try:
        return index.answer(question, ready, ctx.now).allowed
    except (InvalidQuestion, TooComplex) as refusal:
        return refusal
