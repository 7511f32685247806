"""Plans at hand: which one a tenant is on is known at each node without a question, as clients are (decision 0017).

What was read is good for `REMEMBERED` from the beginning of the reading; the news of a change outdates it at once, in
the process that made it with its commit, in every other with the notification. What is outdated is kept for whoever
can't wait (`rates.py`): yesterday's bound is better than none.
"""

from typing import Final
from uuid import UUID

from airside.core.clock import Clock
from airside.core.errors import NotFound
from airside.limits import records_plans
from airside.limits.plan_model import Plan
from airside.store import Listener
from airside.store.context import RequestContext

CHANNEL: Final = "airside_plans"
EVERY: Final = "*"
REMEMBERED: Final = 30.0
"""Seconds."""
MAX_REMEMBERED: Final = 10_000
"""Tenants; full, they are all read again."""
_OUTDATED: Final = float("-inf")
_UNREAD: Final = (_OUTDATED, None)


class Plans:
    """The operator's plans, and which tenant is on which."""

    def __init__(self, *, listener: Listener, clock: Clock) -> None:
        self._clock = clock
        self._held: dict[int, tuple[float, Plan | None]] = {}
        self._generation = 0
        listener.subscribe(CHANNEL, self._hear, self._forget)

    async def current(self, ctx: RequestContext) -> Plan | None:
        """The plan that the context's tenant is on; None: it has no bounds but the server's own.

        Raises:
            Inconsistent: its plan can't be read.
        """
        plan, holds = self.last(ctx.tenant_id)
        if holds:
            return plan
        moment, generation = self._clock.monotonic(), self._generation
        plan = await records_plans.find(ctx)
        # Only what has been committed may outlive this transaction.
        ctx.tx.after_commit(lambda: self._keep(ctx.tenant_id.int, moment, generation, plan))
        return plan

    def last(self, tenant_id: UUID) -> tuple[Plan | None, bool]:
        """The plan as it was last read, without a wait, and whether that still holds; None where it never was."""
        moment, plan = self._held.get(tenant_id.int, _UNREAD)
        return plan, 0 <= self._clock.monotonic() - moment < REMEMBERED

    async def list(self, ctx: RequestContext) -> list[Plan]:
        """Every plan, by name."""
        return await records_plans.every(ctx)

    async def define(self, ctx: RequestContext, plan: Plan) -> None:
        """Keep a plan, in the place of what was called so: it holds for every tenant that is on it."""
        await records_plans.define(ctx, plan)
        await ctx.tx.notify(CHANNEL, EVERY)
        ctx.tx.after_commit(self._forget)

    async def assign(self, ctx: RequestContext, name: str) -> Plan:
        """The context's tenant is on the plan `name` from the commit. What it has already stays.

        Raises:
            NotFound: no such plan.
        """
        plan = await records_plans.named(ctx, name)
        if plan is None:
            raise NotFound("plan")
        await records_plans.assign(ctx, name)
        await self._changed(ctx)
        return plan

    async def release(self, ctx: RequestContext) -> None:
        """The context's tenant is on no plan. Twice is the same as once."""
        if await records_plans.release(ctx):
            await self._changed(ctx)

    async def _changed(self, ctx: RequestContext) -> None:
        tenant_id = ctx.tenant_id
        await ctx.tx.notify(CHANNEL, tenant_id.hex)
        ctx.tx.after_commit(lambda: self._drop(tenant_id))

    def _keep(self, tenant: int, moment: float, generation: int, plan: Plan | None) -> None:
        if generation != self._generation:
            return  # something changed while it was being read: perhaps this
        if len(self._held) >= MAX_REMEMBERED:
            self._held.clear()
        self._held[tenant] = (moment, plan)

    def _drop(self, tenant_id: UUID) -> None:
        self._generation += 1
        if tenant_id.int in self._held:
            self._held[tenant_id.int] = (_OUTDATED, self._held[tenant_id.int][1])

    def _hear(self, payload: str) -> None:
        try:
            self._drop(UUID(hex=payload))
        except ValueError:
            self._forget()

    def _forget(self) -> None:
        self._generation += 1
        self._held = {tenant: (_OUTDATED, plan) for tenant, (_, plan) in self._held.items()}
