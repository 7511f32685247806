"""Quotas: asked in the transaction that adds. Of fifty who add at once, exactly as many get in as there is room for."""

from collections.abc import Awaitable, Callable
from typing import Final

from airside.core.errors import QuotaExceeded
from airside.limits.allowances import Allowance
from airside.limits.plans import Plans
from airside.store.context import RequestContext
from airside.store.queues import queue_for

Count = Callable[[RequestContext, int], Awaitable[int]]
"""How many there are now, in the transaction of the context; it may stop counting at the number that it is given."""


class Quotas:
    """What the plans leave room for; without plans, whatever the server allows everybody."""

    def __init__(self, plans: Plans | None = None) -> None:
        self._plans = plans

    async def demand(self, ctx: RequestContext, allowance: Allowance, count: Count, more: int = 1) -> None:
        """Return if the tenant's plan has room for so many more; until this transaction ends nobody else takes it.

        Raises:
            QuotaExceeded: it has none.
            Inconsistent: the plan can't be read.
        """
        plan = None if self._plans is None else await self._plans.current(ctx)
        most = None if plan is None else plan.most(allowance)
        if most is None:
            return
        await queue_for(ctx, f"quota {allowance.name}")
        if await count(ctx, most) + more > most:
            raise QuotaExceeded(allowance.name, most)


UNBOUNDED: Final = Quotas()
"""For whoever has no plans."""
