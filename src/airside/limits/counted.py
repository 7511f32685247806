"""A Limiter in front of another that counts what that one refuses."""

from collections.abc import Sequence

from airside.core.errors import LimitExceeded
from airside.core.measures import Tally
from airside.limits.limiter import Limiter
from airside.limits.model import Demand
from airside.store.context import RequestContext


class Counted:
    """Implements `Limiter`.

    Attributes:
        refusals: how often each limit refused.
    """

    def __init__(self, inner: Limiter) -> None:
        self._inner = inner
        self.refusals = Tally()

    async def spend(self, ctx: RequestContext, demands: Sequence[Demand], *, cost: int = 1) -> None:
        try:
            await self._inner.spend(ctx, demands, cost=cost)
        except LimitExceeded as refusal:
            self.refusals.add(refusal.limit)
            raise

    async def refund(self, ctx: RequestContext, demands: Sequence[Demand], *, cost: int = 1) -> None:
        await self._inner.refund(ctx, demands, cost=cost)

    async def aclose(self) -> None:
        await self._inner.aclose()
