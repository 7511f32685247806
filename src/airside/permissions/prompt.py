"""The engine without a wait: for callers that would rather ask another way than be suspended."""

from airside.permissions.checks import Checks
from airside.permissions.indexes import Indexes
from airside.permissions.model import Question, Verdict
from airside.store.context import RequestContext


class Prompt:
    """Answers from a warm index, and only from one."""

    def __init__(self, indexes: Indexes, checks: Checks | None = None) -> None:
        self._indexes = indexes
        self._checks = checks or Checks()

    def check(self, ctx: RequestContext, question: Question) -> Verdict | None:
        """As `PermissionEngine.check` answers; None where that would wait, or refuse the store or the model.

        Raises:
            InvalidQuestion, TooComplex: as `PermissionEngine.check`.
        """
        index = self._indexes.warm(ctx.tenant_id, question.store_id, question.at_least)
        ready = None if index is None else index.ready(question.model_id or index.model_id)
        if index is None or ready is None:
            return None
        verdict = index.answer(question, ready, ctx.now)
        self._checks.at_once += 1
        self._checks.answered(verdict.allowed)
        return verdict
