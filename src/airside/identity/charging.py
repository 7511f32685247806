"""Spending limits: what is one too many is told to the journal before it is refused."""

from collections.abc import Sequence

from airside.audit import Event, Journal
from airside.core.errors import LimitExceeded
from airside.limits import Demand, Limiter
from airside.store import RequestContext


async def spend(
    ctx: RequestContext,
    limiter: Limiter,
    journal: Journal,
    demands: Sequence[Demand],
    event: Event = Event.LIMIT_EXCEEDED,
    *,
    cost: int = 1,
) -> None:
    """Spend `demands`, `cost` units of each; the caller commits. `event` tells of a refusal.

    Raises:
        LimitExceeded: one of them is used up. What was done in `ctx` before is committed with the row that tells of it.
    """
    try:
        await limiter.spend(ctx, demands, cost=cost)
    except LimitExceeded as refusal:
        await journal.refused(ctx, event, reason=refusal.limit)
        await ctx.tx.checkpoint()
        raise
