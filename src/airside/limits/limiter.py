"""The Limiter: spend before the work, refund what the work proved harmless."""

from collections.abc import Sequence
from typing import Protocol

from airside.limits.model import Demand
from airside.store.context import RequestContext


class Limiter(Protocol):
    """Counts. All demands of one call are met together, or none is touched."""

    async def spend(self, ctx: RequestContext, demands: Sequence[Demand], *, cost: int = 1) -> None:
        """Take `cost` units of every demand: as many as the work is worth. What costs more than a limit ever has at
        once is never allowed.

        What was spent stands once the transaction commits: a verb that may refuse afterwards calls
        `ctx.tx.checkpoint()` first, so that its refusal doesn't roll the spending back.

        Raises:
            LimitExceeded: of the demand that is longest away; then nothing of the others is spent.
            Unavailable: it can't count, so it doesn't allow.
        """
        ...

    async def refund(self, ctx: RequestContext, demands: Sequence[Demand], *, cost: int = 1) -> None:
        """Give `cost` units of every demand back; never more than was spent.

        Raises:
            Unavailable: it can't count.
        """
        ...

    async def aclose(self) -> None:
        """Let go of connections of its own."""
        ...
