"""What operators give to tenants: plans by name, and which tenant is on which."""

from airside.access.authorise import Authorise
from airside.admin.operators import READ, WRITE, OperatorVerbs
from airside.admin.verb import requires
from airside.audit import Event, Journal
from airside.core.ids import TENANT, format_id
from airside.limits import Plan, Plans
from airside.store import Engine, Lookup, RequestContext


class PlanAdmin(OperatorVerbs):
    """Name, list and assign plans. What a tenant has stays, whatever its plan becomes: it gets no more of it."""

    def __init__(self, *, authorise: Authorise, engine: Engine, lookup: Lookup, plans: Plans, journal: Journal) -> None:
        super().__init__(authorise=authorise, engine=engine, lookup=lookup)
        self._plans = plans
        self._journal = journal

    @requires(READ)
    async def list(self, ctx: RequestContext) -> list[Plan]:
        """Every plan, by name."""
        await self._demand_platform(ctx)
        return await self._plans.list(ctx)

    @requires(WRITE)
    async def define(self, ctx: RequestContext, plan: Plan) -> Plan:
        """A plan, in the place of what was called so: from now on it holds for every tenant that is on it."""
        await self._demand_platform(ctx)
        await self._plans.define(ctx, plan)
        await self._journal.record(ctx, Event.PLAN_DEFINED, subject=plan.name, details=dict(plan.amounts))
        return plan

    @requires(READ)
    async def of(self, ctx: RequestContext, slug: str) -> Plan | None:
        """The plan that a tenant is on; None: none, so that it has no bounds but the server's own.

        Raises:
            NotFound: no such tenant.
            InvalidInput: the operators' own.
        """
        await self._demand_platform(ctx)
        async with self._begin(ctx, await self._of(slug)) as theirs:
            return await self._plans.current(theirs)

    @requires(WRITE)
    async def assign(self, ctx: RequestContext, slug: str, name: str) -> Plan:
        """A tenant is on the plan `name` from now on.

        Raises:
            NotFound: no such tenant, or no such plan.
            InvalidInput: the operators' own tenant.
        """
        await self._demand_platform(ctx)
        async with self._begin(ctx, await self._of(slug)) as theirs:
            plan = await self._plans.assign(theirs, name)
            subject = format_id(TENANT, theirs.tenant_id)
            await self._journal.record(theirs, Event.TENANT_PLAN_ASSIGNED, subject=subject, details={"plan": name})
        return plan

    @requires(WRITE)
    async def release(self, ctx: RequestContext, slug: str) -> None:
        """A tenant is on no plan.

        Raises:
            NotFound: no such tenant.
            InvalidInput: the operators' own.
        """
        await self._demand_platform(ctx)
        async with self._begin(ctx, await self._of(slug)) as theirs:
            await self._plans.release(theirs)
            subject = format_id(TENANT, theirs.tenant_id)
            await self._journal.record(theirs, Event.TENANT_PLAN_RELEASED, subject=subject)
