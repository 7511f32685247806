"""The operator API's plans: what each gives, and which tenant is on which."""

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field

from airside.admin import PlanAdmin
from airside.api.strict import Answer, Body
from airside.limits import Plan
from airside.store import RequestContext

Amounts = Annotated[dict[Annotated[str, Field(max_length=50)], int], Field(max_length=100)]


class PlanBody(Body):
    """What a plan bounds; what isn't named has no bound."""

    allowances: Amounts


class PlanAnswer(Answer):
    name: str
    allowances: dict[str, int]


class PlanPage(Answer):
    plans: list[PlanAnswer]


class Assignment(Body):
    plan: Annotated[str, Field(max_length=50)]


class AssignmentAnswer(Answer):
    """`plan` is null for a tenant that has no bounds but the server's own."""

    plan: PlanAnswer | None


def add(routes: APIRouter, operator: Any, verbs: PlanAdmin) -> None:
    """The routes of plans."""

    @routes.get("/plans")
    async def list_plans(ctx: RequestContext = operator) -> PlanPage:
        return PlanPage(plans=[_plan(each) for each in await verbs.list(ctx)])

    @routes.put("/plans/{plan_name}")
    async def define_plan(plan_name: str, body: PlanBody, ctx: RequestContext = operator) -> PlanAnswer:
        return _plan(await verbs.define(ctx, Plan(plan_name, body.allowances)))

    @routes.get("/tenants/{slug}/plan")
    async def plan_of_tenant(slug: str, ctx: RequestContext = operator) -> AssignmentAnswer:
        found = await verbs.of(ctx, slug)
        return AssignmentAnswer(plan=None if found is None else _plan(found))

    @routes.put("/tenants/{slug}/plan")
    async def assign_plan(slug: str, body: Assignment, ctx: RequestContext = operator) -> PlanAnswer:
        return _plan(await verbs.assign(ctx, slug, body.plan))

    @routes.delete("/tenants/{slug}/plan", status_code=204)
    async def release_plan(slug: str, ctx: RequestContext = operator) -> None:
        await verbs.release(ctx, slug)


def _plan(plan: Plan) -> PlanAnswer:
    return PlanAnswer(name=plan.name, allowances=dict(plan.amounts))
