"""The operator API, `/platform/v1/…`: tokens of the reserved tenant only."""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import Field

from airside.access import Contexts
from airside.admin import PlanAdmin, Platform
from airside.api.routes import plans
from airside.api.strict import Answer, Body, StrictRoute
from airside.core.ids import TENANT, format_id
from airside.custody import MAX_GRACE, Manifest, Shredded
from airside.store import RequestContext
from airside.tenancy import Draft


class NewTenant(Body):
    slug: Annotated[str, Field(max_length=63)]
    name: Annotated[str, Field(max_length=200)]


class TenantAnswer(Answer):
    id: str
    slug: str


class Doom(Body):
    days: Annotated[int, Field(ge=0, le=MAX_GRACE.days)]


class ShreddingAnswer(Answer):
    requested_at: datetime
    due_at: datetime
    state: str
    certificate: str | None


class BackupAnswer(Answer):
    name: str
    at: datetime
    tenants: int
    rows: int
    bytes: int
    kek_id: str


class BackupPage(Answer):
    backups: list[BackupAnswer]


class TenantPage(Answer):
    tenants: list[TenantAnswer]


def router(contexts: Contexts, platform: Platform, plan_admin: PlanAdmin) -> APIRouter:
    """Every route of the operator API."""
    routes = APIRouter(route_class=StrictRoute, prefix="/platform/v1", tags=["platform"])

    async def caller(request: Request) -> AsyncIterator[RequestContext]:
        async with contexts.platform(request) as ctx:
            yield ctx

    operator = Depends(caller, scope="function")

    @routes.post("/tenants", status_code=201)
    async def create_tenant(body: NewTenant, ctx: RequestContext = operator) -> TenantAnswer:
        tenant = await platform.create_tenant(ctx, Draft(body.slug, body.name))
        return TenantAnswer(id=format_id(TENANT, tenant.tenant_id), slug=body.slug)

    @routes.get("/tenants")
    async def list_tenants(ctx: RequestContext = operator) -> TenantPage:
        found = await platform.list_tenants(ctx)
        return TenantPage(tenants=[TenantAnswer(id=format_id(TENANT, one.tenant_id), slug=one.slug) for one in found])

    @routes.post("/tenants/{slug}/shredding", status_code=202)
    async def shred_tenant(slug: str, body: Doom, ctx: RequestContext = operator) -> ShreddingAnswer:
        return _shredding(await platform.shred_tenant(ctx, slug, body.days))

    @routes.get("/tenants/{slug}/shredding")
    async def shredding(slug: str, ctx: RequestContext = operator) -> ShreddingAnswer:
        return _shredding(await platform.shredding_of(ctx, slug))

    @routes.delete("/tenants/{slug}/shredding", status_code=204)
    async def cancel_shredding(slug: str, ctx: RequestContext = operator) -> None:
        await platform.cancel_shredding(ctx, slug)

    @routes.get("/backups")
    async def list_backups(ctx: RequestContext = operator) -> BackupPage:
        return BackupPage(backups=[_backup(found) for found in await platform.list_backups(ctx)])

    plans.add(routes, operator, plan_admin)
    return routes


def _backup(found: Manifest) -> BackupAnswer:
    return BackupAnswer(
        name=found.name,
        at=found.at,
        tenants=len(found.tenants),
        rows=sum(found.rows.values()),
        bytes=found.size,
        kek_id=found.kek_id,
    )


def _shredding(found: Shredded) -> ShreddingAnswer:
    return ShreddingAnswer(
        requested_at=found.requested_at, due_at=found.due_at, state=found.state, certificate=found.certificate
    )
