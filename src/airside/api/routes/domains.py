"""The management API's domains, and who may pass by what they enforce."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field

from airside.admin import DomainAdmin
from airside.api.cursors import Cursors
from airside.api.strict import MAX_PAGE, PAGE, Answer, Body, path_id
from airside.core.errors import InvalidInput
from airside.core.ids import CONNECTION, DOMAIN, USER, format_id, parse_id
from airside.federation import Domain, DomainChange
from airside.store import RequestContext


class NewDomain(Body):
    domain: Annotated[str, Field(max_length=253)]


class DomainPatch(Body):
    connection_id: str | None = None
    enforced: bool | None = None


class DomainAnswer(Answer):
    id: str
    domain: str
    verified: bool
    record_name: str
    record_value: str
    connection_id: str | None
    enforced: bool
    created_at: datetime
    verified_at: datetime | None
    checked_at: datetime | None
    missed_at: datetime | None


class DomainPage(Answer):
    domains: list[DomainAnswer]
    next_cursor: str | None = None


class BreakGlassAnswer(Answer):
    users: list[str]


def add(routes: APIRouter, caller: Any, verbs: DomainAdmin, cursors: Cursors) -> None:
    """Every route of domains."""

    @routes.post("/domains", status_code=201, tags=["domains"])
    async def add_domain(body: NewDomain, ctx: RequestContext = caller) -> DomainAnswer:
        return _domain(await verbs.add(ctx, body.domain))

    @routes.get("/domains", tags=["domains"])
    async def list_domains(
        cursor: str | None = None,
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = PAGE,
        ctx: RequestContext = caller,
    ) -> DomainPage:
        after = None if cursor is None else await cursors.read(ctx, "domains", cursor)
        found = await verbs.list(ctx, after, limit)
        last = await cursors.make(ctx, "domains", found[-1].id) if len(found) == limit else None
        return DomainPage(domains=[_domain(each) for each in found], next_cursor=last)

    @routes.get("/domains/{domain_id}", tags=["domains"])
    async def get_domain(domain_id: str, ctx: RequestContext = caller) -> DomainAnswer:
        return _domain(await verbs.get(ctx, path_id(DOMAIN, domain_id)))

    @routes.post("/domains/{domain_id}/verify", tags=["domains"])
    async def verify_domain(domain_id: str, ctx: RequestContext = caller) -> DomainAnswer:
        return _domain(await verbs.verify(ctx, path_id(DOMAIN, domain_id)))

    @routes.patch("/domains/{domain_id}", tags=["domains"])
    async def change_domain(domain_id: str, body: DomainPatch, ctx: RequestContext = caller) -> DomainAnswer:
        return _domain(await verbs.update(ctx, path_id(DOMAIN, domain_id), _change(body)))

    @routes.delete("/domains/{domain_id}", status_code=204, tags=["domains"])
    async def delete_domain(domain_id: str, ctx: RequestContext = caller) -> None:
        await verbs.delete(ctx, path_id(DOMAIN, domain_id))

    @routes.get("/break-glass", tags=["domains"])
    async def list_break_glass(ctx: RequestContext = caller) -> BreakGlassAnswer:
        return BreakGlassAnswer(users=[format_id(USER, user_id) for user_id in await verbs.break_glass(ctx)])

    @routes.put("/break-glass/{user_id}", status_code=204, tags=["domains"])
    async def name_break_glass(user_id: str, ctx: RequestContext = caller) -> None:
        await verbs.let_pass(ctx, path_id(USER, user_id))

    @routes.delete("/break-glass/{user_id}", status_code=204, tags=["domains"])
    async def end_break_glass(user_id: str, ctx: RequestContext = caller) -> None:
        await verbs.stop(ctx, path_id(USER, user_id))


def _change(body: DomainPatch) -> DomainChange:
    """A `connection_id` of null unbinds; a missing one leaves it as it is."""
    if "connection_id" not in body.model_fields_set:
        return DomainChange(enforced=body.enforced)
    if body.connection_id is None:
        return DomainChange(unbind=True, enforced=body.enforced)
    try:
        return DomainChange(connection_id=parse_id(CONNECTION, body.connection_id), enforced=body.enforced)
    except InvalidInput:
        raise InvalidInput("the id of a connection", pointer="connection_id") from None


def _domain(domain: Domain) -> DomainAnswer:
    return DomainAnswer(
        id=domain.word,
        domain=domain.name,
        verified=domain.verified,
        record_name=domain.record_name,
        record_value=domain.record_value,
        connection_id=None if domain.connection_id is None else format_id(CONNECTION, domain.connection_id),
        enforced=domain.enforced,
        created_at=domain.created_at,
        verified_at=domain.state.verified_at,
        checked_at=domain.state.checked_at,
        missed_at=domain.state.missed_at,
    )
