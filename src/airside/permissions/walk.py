"""The engine that walks the index."""

from airside.permissions.indexes import Indexes
from airside.permissions.model import Question, Verdict
from airside.store.context import RequestContext


class Walk:
    """Decides each question on the store's index; touches no database while the index is warm and fresh."""

    def __init__(self, indexes: Indexes) -> None:
        self._indexes = indexes

    async def check(self, ctx: RequestContext, question: Question) -> Verdict:
        """See `PermissionEngine.check`."""
        return await self._indexes.ask(
            ctx,
            question.store_id,
            question.model_id,
            question.at_least,
            lambda index, ready: index.answer(question, ready, ctx.now),
        )
