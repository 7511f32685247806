"""Plans at hand: which one a tenant is on is known at each node without a question, as clients are (decision 0017).

What is outdated is kept for whoever can't wait (`rates.py`): yesterday's bound is better than none.
"""

from typing import Final
from uuid import UUID

from airside.core.clock import Clock
from airside.core.errors import NotFound
from airside.limits import records_plans
from airside.limits.plan_model import Plan
from airside.store import Listener, Memory
from airside.store.context import RequestContext

CHANNEL: Final = "airside_plans"
REMEMBERED: Final = 30.0
"""Seconds."""


class Plans:
    """The operator's plans, and which tenant is on which."""

    def __init__(self, *, listener: Listener, clock: Clock) -> None:
        self._memory: Memory[Plan | None] = Memory(listener, clock, channel=CHANNEL, seconds=REMEMBERED, outdated=True)

    async def current(self, ctx: RequestContext) -> Plan | None:
        """The plan that the context's tenant is on; None: it has no bounds but the server's own.

        Raises:
            Inconsistent: its plan can't be read.
        """
        plan, holds = self.last(ctx.tenant_id)
        if holds:
            return plan
        reading = self._memory.reading()
        plan = await records_plans.find(ctx)
        self._memory.keep(ctx, reading, plan)
        return plan

    def last(self, tenant_id: UUID) -> tuple[Plan | None, bool]:
        """The plan as it was last read, without a wait, and whether that still holds; None where it never was."""
        return self._memory.last(tenant_id)

    async def list(self, ctx: RequestContext) -> list[Plan]:
        """Every plan, by name."""
        return await records_plans.every(ctx)

    async def define(self, ctx: RequestContext, plan: Plan) -> None:
        """Keep a plan, in the place of what was called so: it holds for every tenant that is on it."""
        await records_plans.define(ctx, plan)
        await self._memory.all_changed(ctx)

    async def assign(self, ctx: RequestContext, name: str) -> Plan:
        """The context's tenant is on the plan `name` from the commit. What it has already stays.

        Raises:
            NotFound: no such plan.
        """
        plan = await records_plans.named(ctx, name)
        if plan is None:
            raise NotFound("plan")
        await records_plans.assign(ctx, name)
        await self._memory.changed(ctx)
        return plan

    async def release(self, ctx: RequestContext) -> None:
        """The context's tenant is on no plan. Twice is the same as once."""
        if await records_plans.release(ctx):
            await self._memory.changed(ctx)
