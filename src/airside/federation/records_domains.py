"""Rows of a tenant's domains, and of who may pass by what they enforce."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from airside.federation.model_domains import Domain, DomainState
from airside.store.context import RequestContext

INSERT: Final = """
insert into airside.tenant_domain (tenant_id, domain_id, domain, challenge, enforced, created_at)
values (%s, %s, %s, %s, false, %s)
on conflict (tenant_id, domain) do nothing
"""
FIND: Final = """
select domain_id, domain, challenge, connection_id, enforced, created_at, verified_at, seen_at, checked_at, missed_at
from airside.tenant_domain where tenant_id = %s and domain_id = %s
"""
LOCK: Final = """
select domain_id, domain, challenge, connection_id, enforced, created_at, verified_at, seen_at, checked_at, missed_at
from airside.tenant_domain where tenant_id = %s and domain_id = %s for update
"""
NAMED: Final = """
select domain_id, domain, challenge, connection_id, enforced, created_at, verified_at, seen_at, checked_at, missed_at
from airside.tenant_domain where tenant_id = %s and domain = %s
"""
LIST: Final = """
select domain_id, domain, challenge, connection_id, enforced, created_at, verified_at, seen_at, checked_at, missed_at
from airside.tenant_domain where tenant_id = %s and (%s::uuid is null or domain_id > %s)
order by domain_id limit %s
"""
DUE: Final = """
select domain_id, domain, challenge, connection_id, enforced, created_at, verified_at, seen_at, checked_at, missed_at
from airside.tenant_domain where tenant_id = %s and verified_at is not null and checked_at <= %s
order by checked_at limit %s
"""
COUNT: Final = "select count(*) as count from airside.tenant_domain where tenant_id = %s"
LEADING: Final = """
select tenant_domain.domain_id from airside.tenant_domain
join airside.connection
    on connection.tenant_id = tenant_domain.tenant_id and connection.connection_id = tenant_domain.connection_id
where tenant_domain.tenant_id = %s and tenant_domain.verified_at is not null and connection.state = 'active'
limit 1
"""
BOUND: Final = """
select tenant_domain.connection_id, connection.state from airside.tenant_domain
join airside.connection
    on connection.tenant_id = tenant_domain.tenant_id and connection.connection_id = tenant_domain.connection_id
where tenant_domain.tenant_id = %s and tenant_domain.domain = %s and tenant_domain.verified_at is not null
"""
ENFORCED: Final = """
select connection_id, 'active' as state from airside.tenant_domain
where tenant_id = %s and domain = %s and enforced
"""
ENFORCES: Final = "select domain_id from airside.tenant_domain where tenant_id = %s and enforced limit 1"
UPDATE: Final = """
update airside.tenant_domain
set connection_id = %s, enforced = %s, verified_at = %s, seen_at = %s, checked_at = %s, missed_at = %s
where tenant_id = %s and domain_id = %s
"""
UNBIND: Final = """
update airside.tenant_domain set connection_id = null
where tenant_id = %s and connection_id = %s and not enforced
"""
ENFORCED_BY: Final = """
select domain_id from airside.tenant_domain where tenant_id = %s and connection_id = %s and enforced limit 1
"""
BOUND_TO: Final = "select domain_id from airside.tenant_domain where tenant_id = %s and connection_id = %s limit 1"
DELETE: Final = "delete from airside.tenant_domain where tenant_id = %s and domain_id = %s"

PASSES: Final = "select user_id from airside.break_glass where tenant_id = %s and user_id = %s"
PASSING: Final = "select user_id from airside.break_glass where tenant_id = %s order by user_id"
LET_PASS: Final = """
insert into airside.break_glass (tenant_id, user_id, created_at) values (%s, %s, %s)
on conflict (tenant_id, user_id) do nothing
"""
STOP: Final = "delete from airside.break_glass where tenant_id = %s and user_id = %s"


@dataclass(frozen=True, slots=True)
class _Row:
    domain_id: UUID
    domain: str
    challenge: str
    connection_id: UUID | None
    enforced: bool
    created_at: datetime
    verified_at: datetime | None
    seen_at: datetime | None
    checked_at: datetime | None
    missed_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Bound:
    connection_id: UUID
    state: str


@dataclass(frozen=True, slots=True)
class _Domain:
    domain_id: UUID


@dataclass(frozen=True, slots=True)
class _User:
    user_id: UUID


@dataclass(frozen=True, slots=True)
class _Count:
    count: int


async def insert(ctx: RequestContext, domain: Domain) -> bool:
    """False where the tenant has it already."""
    params = (ctx.tenant_id, domain.id, domain.name, domain.challenge, domain.created_at)
    return await ctx.tx.run(INSERT, params) == 1


async def find(ctx: RequestContext, domain_id: UUID, *, lock: bool = False) -> Domain | None:
    """With `lock`, nobody else changes it before this transaction ends."""
    row = await ctx.tx.one(_Row, LOCK if lock else FIND, (ctx.tenant_id, domain_id))
    return None if row is None else _domain(row)


async def named(ctx: RequestContext, name: str) -> Domain | None:
    row = await ctx.tx.one(_Row, NAMED, (ctx.tenant_id, name))
    return None if row is None else _domain(row)


async def page(ctx: RequestContext, after: UUID | None, limit: int) -> list[Domain]:
    return [_domain(row) for row in await ctx.tx.all(_Row, LIST, (ctx.tenant_id, after, after, limit))]


async def due(ctx: RequestContext, before: datetime, limit: int) -> list[Domain]:
    """Proven ones that nobody has looked at since `before`, the longest first."""
    return [_domain(row) for row in await ctx.tx.all(_Row, DUE, (ctx.tenant_id, before, limit))]


async def count(ctx: RequestContext) -> int:
    row = await ctx.tx.one(_Count, COUNT, (ctx.tenant_id,))
    return 0 if row is None else row.count


async def leads(ctx: RequestContext) -> bool:
    """Whether any proven domain leads to an active connection."""
    return await ctx.tx.one(_Domain, LEADING, (ctx.tenant_id,)) is not None


async def bound(ctx: RequestContext, name: str) -> tuple[UUID, bool] | None:
    """The connection that the proven domain is bound to, and whether it is active."""
    row = await ctx.tx.one(_Bound, BOUND, (ctx.tenant_id, name))
    return None if row is None else (row.connection_id, row.state == "active")


async def enforced(ctx: RequestContext, name: str) -> UUID | None:
    """The only connection through which people of the domain sign in; None where they may otherwise."""
    row = await ctx.tx.one(_Bound, ENFORCED, (ctx.tenant_id, name))
    return None if row is None else row.connection_id


async def enforces(ctx: RequestContext) -> bool:
    """Whether the tenant has any such domain."""
    return await ctx.tx.one(_Domain, ENFORCES, (ctx.tenant_id,)) is not None


async def update(ctx: RequestContext, domain: Domain) -> None:
    state = domain.state
    params = (domain.connection_id, domain.enforced, state.verified_at, state.seen_at, state.checked_at)
    await ctx.tx.run(UPDATE, (*params, state.missed_at, ctx.tenant_id, domain.id))


async def unbind(ctx: RequestContext, connection_id: UUID) -> None:
    """Those that aren't enforced lead nowhere any more."""
    await ctx.tx.run(UNBIND, (ctx.tenant_id, connection_id))


async def is_enforcing(ctx: RequestContext, connection_id: UUID) -> bool:
    """Whether a domain is enforced through the connection."""
    return await ctx.tx.one(_Domain, ENFORCED_BY, (ctx.tenant_id, connection_id)) is not None


async def is_bound(ctx: RequestContext, connection_id: UUID) -> bool:
    """Whether a domain is bound to the connection."""
    return await ctx.tx.one(_Domain, BOUND_TO, (ctx.tenant_id, connection_id)) is not None


async def delete(ctx: RequestContext, domain_id: UUID) -> bool:
    return await ctx.tx.run(DELETE, (ctx.tenant_id, domain_id)) == 1


async def passes(ctx: RequestContext, user_id: UUID) -> bool:
    """Whether the user may pass by what a domain enforces."""
    return await ctx.tx.one(_User, PASSES, (ctx.tenant_id, user_id)) is not None


async def passing(ctx: RequestContext) -> list[UUID]:
    return [row.user_id for row in await ctx.tx.all(_User, PASSING, (ctx.tenant_id,))]


async def let_pass(ctx: RequestContext, user_id: UUID) -> bool:
    """False where it was so already."""
    return await ctx.tx.run(LET_PASS, (ctx.tenant_id, user_id, ctx.now)) == 1


async def stop(ctx: RequestContext, user_id: UUID) -> bool:
    """False where it was so already."""
    return await ctx.tx.run(STOP, (ctx.tenant_id, user_id)) == 1


def _domain(row: _Row) -> Domain:
    state = DomainState(row.verified_at, row.seen_at, row.checked_at, row.missed_at)
    return Domain(row.domain_id, row.domain, row.challenge, row.connection_id, row.enforced, row.created_at, state)
