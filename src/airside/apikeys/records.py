"""Rows of `api_key` and `api_key_lookup` ↔ `ApiKey`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_network
from typing import Final
from uuid import UUID

from airside.apikeys.model import ApiKey, Owner
from airside.core.errors import Inconsistent
from airside.protocols.apikey import Kind, Mode
from airside.store.context import RequestContext

TAKE_LOOKUP: Final = """
insert into airside.api_key_lookup (lookup_id, tenant_id) values (%s, %s) on conflict (lookup_id) do nothing
"""
INSERT: Final = """
insert into airside.api_key (tenant_id, key_id, lookup_id, key_hash, kind, mode, user_id, account_id, name, scopes,
                             stores, networks, per_minute, created_at, expires_at)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
# Whether the owner of a key is there and active stands beside it; a user's own state is identity's to say.
PRESENTED: Final = """
select k.key_id, k.lookup_id, k.kind, k.mode, k.user_id, k.account_id, k.name, k.scopes, k.stores, k.networks,
       k.per_minute, k.created_at, k.expires_at, k.rotated_at, k.revoked_at, k.last_used_at, k.key_hash,
       a.state as account_state
from airside.api_key k
left join airside.service_account a on a.tenant_id = k.tenant_id and a.account_id = k.account_id
where k.tenant_id = %s and k.lookup_id = %s
"""
SELECT: Final = """
select key_id, lookup_id, kind, mode, user_id, account_id, name, scopes, stores, networks,
       per_minute, created_at, expires_at, rotated_at, revoked_at, last_used_at
from airside.api_key where tenant_id = %s and key_id = %s
"""
LIST: Final = """
select key_id, lookup_id, kind, mode, user_id, account_id, name, scopes, stores, networks,
       per_minute, created_at, expires_at, rotated_at, revoked_at, last_used_at
from airside.api_key
where tenant_id = %s and (%s::uuid is null or key_id > %s::uuid)
  and (%s::uuid is null or %s::uuid in (user_id, account_id))
order by key_id
limit %s
"""
COUNT: Final = """
select count(*) as count from airside.api_key where tenant_id = %s and revoked_at is null and expires_at > %s
"""
ROTATE: Final = """
update airside.api_key set rotated_at = %s, expires_at = least(expires_at, %s)
where tenant_id = %s and key_id = %s and rotated_at is null and revoked_at is null and expires_at > %s
"""
REVOKE: Final = """
update airside.api_key set revoked_at = %s where tenant_id = %s and key_id = %s and revoked_at is null
"""
USED: Final = """
update airside.api_key
set last_used_at = used.at
from unnest(%s::uuid[], %s::timestamptz[]) as used (key_id, at)
where tenant_id = %s and airside.api_key.key_id = used.key_id and (last_used_at is null or last_used_at <= used.at - %s)
"""
SWEEP: Final = """
delete from airside.api_key where tenant_id = %s and (expires_at <= %s or revoked_at <= %s)
"""
SWEEP_LOOKUPS: Final = """
delete from airside.api_key_lookup
where tenant_id = %s
  and not exists (
      select from airside.api_key k where k.tenant_id = %s and k.lookup_id = airside.api_key_lookup.lookup_id
  )
"""


@dataclass(frozen=True, slots=True)
class _Row:
    key_id: UUID
    lookup_id: str
    kind: Kind
    mode: Mode
    user_id: UUID | None
    account_id: UUID | None
    name: str
    scopes: list[str]
    stores: list[str] | None
    networks: list[str] | None
    per_minute: int
    created_at: datetime
    expires_at: datetime
    rotated_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class _PresentedRow(_Row):
    key_hash: bytes
    account_state: str | None


@dataclass(frozen=True, slots=True)
class _Count:
    count: int


@dataclass(frozen=True, slots=True)
class Stored:
    """A key as it is found by its lookup id.

    Attributes:
        key_hash: what the hash of the whole key has to be.
        account_state: of the service account that owns it; None where a user does, or nobody.
    """

    key: ApiKey
    key_hash: bytes
    account_state: str | None


async def take_lookup(ctx: RequestContext, lookup: str) -> bool:
    """Whether the lookup id was free, in every tenant."""
    return await ctx.tx.run(TAKE_LOOKUP, (lookup, ctx.tenant_id)) == 1


async def insert(ctx: RequestContext, key: ApiKey, key_hash: bytes) -> None:
    """Write a new key."""
    user = key.owner.id if key.owner.kind == "user" else None
    account = key.owner.id if key.owner.kind == "service_account" else None
    stores = None if key.stores is None else sorted(key.stores)
    networks = None if key.networks is None else [str(network) for network in key.networks]
    names = (ctx.tenant_id, key.key_id, key.lookup, key_hash, key.kind, key.mode, user, account, key.name)
    reach = (sorted(key.scopes), stores, networks, key.per_minute)
    await ctx.tx.run(INSERT, (*names, *reach, key.created_at, key.expires_at))


async def presented(ctx: RequestContext, lookup: str) -> Stored | None:
    """The key that is found by `lookup`, whatever it is good for."""
    row = await ctx.tx.one(_PresentedRow, PRESENTED, (ctx.tenant_id, lookup))
    return None if row is None else Stored(_key(row), row.key_hash, row.account_state)


async def find(ctx: RequestContext, key_id: UUID) -> ApiKey | None:
    row = await ctx.tx.one(_Row, SELECT, (ctx.tenant_id, key_id))
    return None if row is None else _key(row)


async def page(ctx: RequestContext, after: UUID | None, owner_id: UUID | None, limit: int) -> list[ApiKey]:
    """In the order of their making, after one; with `owner_id`, those of one user or service account."""
    rows = await ctx.tx.all(_Row, LIST, (ctx.tenant_id, after, after, owner_id, owner_id, limit))
    return [_key(row) for row in rows]


async def count(ctx: RequestContext) -> int:
    """How many of the tenant's are good for something."""
    found = await ctx.tx.one(_Count, COUNT, (ctx.tenant_id, ctx.now))
    return 0 if found is None else found.count


async def rotate(ctx: RequestContext, key_id: UUID, until: datetime) -> bool:
    """Single use: whether it was this caller who put another in its place. It works until `until` at most."""
    return await ctx.tx.run(ROTATE, (ctx.now, until, ctx.tenant_id, key_id, ctx.now)) == 1


async def revoke(ctx: RequestContext, key_id: UUID) -> bool:
    """Whether it was this caller who took it back."""
    return await ctx.tx.run(REVOKE, (ctx.now, ctx.tenant_id, key_id)) == 1


async def used(ctx: RequestContext, uses: Sequence[tuple[UUID, datetime]], every: timedelta) -> int:
    """Note when keys were last used, where nothing was noted for `every`; how many rows."""
    ids, moments = [key_id for key_id, _ in uses], [moment for _, moment in uses]
    return await ctx.tx.run(USED, (ids, moments, ctx.tenant_id, every))


async def sweep(ctx: RequestContext, before: datetime) -> int:
    """Forget keys that were over at `before`, and lookup ids that lead to none; how many keys."""
    swept = await ctx.tx.run(SWEEP, (ctx.tenant_id, before, before))
    await ctx.tx.run(SWEEP_LOOKUPS, (ctx.tenant_id, ctx.tenant_id))
    return swept


def _key(row: _Row) -> ApiKey:
    if row.user_id is not None and row.account_id is None:
        owner = Owner("user", row.user_id)
    elif row.account_id is not None and row.user_id is None:
        owner = Owner("service_account", row.account_id)
    else:
        raise Inconsistent("owner of an API key", key_id=str(row.key_id))
    return ApiKey(
        key_id=row.key_id,
        lookup=row.lookup_id,
        kind=row.kind,
        mode=row.mode,
        owner=owner,
        name=row.name,
        scopes=frozenset(row.scopes),
        stores=None if row.stores is None else frozenset(row.stores),
        networks=None if row.networks is None else tuple(ip_network(text) for text in row.networks),
        per_minute=row.per_minute,
        created_at=row.created_at,
        expires_at=row.expires_at,
        rotated_at=row.rotated_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
    )
