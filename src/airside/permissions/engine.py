"""The permission engine: one question in, one verdict out. Engines stack: a cache is an engine before another."""

from typing import Protocol

from airside.permissions.model import Question, Verdict
from airside.store.context import RequestContext


class PermissionEngine(Protocol):
    """Decides questions of `ctx.tenant_id`'s stores."""

    async def check(self, ctx: RequestContext, question: Question) -> Verdict:
        """May the subject?

        Raises:
            StoreNotFound: no such store, or deleted.
            ModelNotFound, NoModelYet: no such model.
            InvalidQuestion: words that the model can't mean.
            TooComplex: no answer within the bounds of depth and breadth.
            Unavailable: no fresh enough answer can be given now.
        """
        ...
