"""Rows of mappings, of the last claims that came, and of roles that somebody has by a mapping only."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from airside.core.errors import Inconsistent
from airside.federation.mapping import MappingRules
from airside.federation.model import ExternalClaims
from airside.store.context import RequestContext
from airside.vault import Keyset, Place

SAVE: Final = """
insert into airside.connection_mapping (tenant_id, connection_id, rules, author, saved_at)
values (%s, %s, %s, %s, %s)
on conflict (tenant_id, connection_id)
do update set rules = excluded.rules, author = excluded.author, saved_at = excluded.saved_at
"""
FIND: Final = """
select rules, author, saved_at from airside.connection_mapping where tenant_id = %s and connection_id = %s
"""
KEEP: Final = """
insert into airside.connection_sample (tenant_id, connection_id, claims_sealed, received_at, expires_at)
values (%s, %s, %s, %s, %s)
on conflict (tenant_id, connection_id)
do update set claims_sealed = excluded.claims_sealed, received_at = excluded.received_at,
    expires_at = excluded.expires_at
"""
SAMPLE: Final = """
select claims_sealed, received_at from airside.connection_sample
where tenant_id = %s and connection_id = %s and expires_at > %s
"""
SWEEP: Final = "delete from airside.connection_sample where tenant_id = %s and expires_at <= %s"
GIVEN: Final = """
select role from airside.mapped_role where tenant_id = %s and connection_id = %s and user_id = %s order by role
"""
OTHERS: Final = """
select role from airside.mapped_role where tenant_id = %s and connection_id <> %s and user_id = %s order by role
"""
HOLDERS: Final = """
select distinct user_id from airside.mapped_role where tenant_id = %s and connection_id = %s order by user_id
"""
GIVE: Final = """
insert into airside.mapped_role (tenant_id, connection_id, user_id, role, created_at) values (%s, %s, %s, %s, %s)
on conflict (tenant_id, connection_id, user_id, role) do nothing
"""
TAKE: Final = """
delete from airside.mapped_role
where tenant_id = %s and connection_id = %s and user_id = %s and role = any(%s)
"""
BY_HAND: Final = "delete from airside.mapped_role where tenant_id = %s and user_id = %s and role = %s"


@dataclass(frozen=True, slots=True)
class SavedMapping:
    """Rules, and who saved them: what they give is never above what that author may grant."""

    rules: MappingRules
    author: str
    saved_at: datetime


@dataclass(frozen=True, slots=True)
class Sample:
    """What the provider said last."""

    claims: ExternalClaims
    received_at: datetime


@dataclass(frozen=True, slots=True)
class _Row:
    rules: str
    author: str
    saved_at: datetime


@dataclass(frozen=True, slots=True)
class _Sample:
    claims_sealed: bytes
    received_at: datetime


@dataclass(frozen=True, slots=True)
class _Role:
    role: str


@dataclass(frozen=True, slots=True)
class _User:
    user_id: UUID


async def save(ctx: RequestContext, connection_id: UUID, rules: MappingRules, author: str) -> None:
    await ctx.tx.run(SAVE, (ctx.tenant_id, connection_id, msgspec.json.encode(rules).decode(), author, ctx.now))


async def find(ctx: RequestContext, connection_id: UUID) -> SavedMapping | None:
    row = await ctx.tx.one(_Row, FIND, (ctx.tenant_id, connection_id))
    if row is None:
        return None
    try:
        return SavedMapping(msgspec.json.decode(row.rules, type=MappingRules), row.author, row.saved_at)
    except msgspec.MsgspecError:
        raise Inconsistent("stored mapping that no version wrote") from None


async def keep(
    ctx: RequestContext, keyset: Keyset, connection_id: UUID, claims: ExternalClaims, lifetime: timedelta
) -> None:
    """In the place of what came before."""
    sealed = keyset.seal(_place(connection_id), msgspec.json.encode(claims))
    await ctx.tx.run(KEEP, (ctx.tenant_id, connection_id, sealed, ctx.now, ctx.now + lifetime))


async def sample(ctx: RequestContext, keyset: Keyset, connection_id: UUID) -> Sample | None:
    row = await ctx.tx.one(_Sample, SAMPLE, (ctx.tenant_id, connection_id, ctx.now))
    if row is None:
        return None
    try:
        claims = msgspec.json.decode(keyset.open(_place(connection_id), row.claims_sealed), type=ExternalClaims)
    except msgspec.MsgspecError:
        raise Inconsistent("kept claims that no version wrote") from None
    return Sample(claims, row.received_at)


async def sweep(ctx: RequestContext) -> int:
    return await ctx.tx.run(SWEEP, (ctx.tenant_id, ctx.now))


async def given(ctx: RequestContext, connection_id: UUID, user_id: UUID) -> frozenset[str]:
    """The roles that the user has by this connection."""
    rows = await ctx.tx.all(_Role, GIVEN, (ctx.tenant_id, connection_id, user_id))
    return frozenset(row.role for row in rows)


async def by_others(ctx: RequestContext, connection_id: UUID, user_id: UUID) -> frozenset[str]:
    """Those that they have by any other."""
    rows = await ctx.tx.all(_Role, OTHERS, (ctx.tenant_id, connection_id, user_id))
    return frozenset(row.role for row in rows)


async def holders(ctx: RequestContext, connection_id: UUID) -> list[UUID]:
    """Who has any role by it."""
    return [row.user_id for row in await ctx.tx.all(_User, HOLDERS, (ctx.tenant_id, connection_id))]


async def give(ctx: RequestContext, connection_id: UUID, user_id: UUID, roles: Collection[str]) -> None:
    ids = (ctx.tenant_id, connection_id, user_id)
    await ctx.tx.run_many([(GIVE, (*ids, role, ctx.now)) for role in sorted(roles)])


async def take(ctx: RequestContext, connection_id: UUID, user_id: UUID, roles: Collection[str]) -> None:
    await ctx.tx.run(TAKE, (ctx.tenant_id, connection_id, user_id, sorted(roles)))


async def by_hand(ctx: RequestContext, user_id: UUID, role: str) -> None:
    """No mapping takes it any more."""
    await ctx.tx.run(BY_HAND, (ctx.tenant_id, user_id, role))


def _place(connection_id: UUID) -> Place:
    return Place("connection_sample", "claims_sealed", connection_id)
