"""Rows of `app_key` and `app_key_version` ↔ `AppKey` and its material."""

from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Final
from uuid import UUID

from airside.core.errors import Inconsistent
from airside.core.secret import Secret
from airside.secrets.model import MAX_KEYS, MAX_VERSIONS, AppKey, KeyVersion, Purpose, VersionState
from airside.store import RequestContext
from airside.vault import Keyset, Place

INSERT: Final = """
insert into airside.app_key (tenant_id, key_id, name, purpose, created_at) values (%s, %s, %s, %s, %s)
on conflict (tenant_id, name) do nothing
"""
INSERT_VERSION: Final = """
insert into airside.app_key_version (tenant_id, key_id, version, version_id, wrapped, state, created_at)
values (%s, %s, %s, %s, %s, 'active', %s)
"""
COUNT: Final = "select count(*) as number from airside.app_key where tenant_id = %s"
LIST: Final = """
select k.key_id, k.name, k.purpose, k.created_at, v.version, v.state, v.created_at as version_created_at
from airside.app_key k join airside.app_key_version v on v.tenant_id = k.tenant_id and v.key_id = k.key_id
where k.tenant_id = %s and (%s::text is null or k.name = %s)
order by k.name, v.version limit %s
"""
MATERIAL: Final = """
select k.key_id, k.purpose, v.version, v.version_id, v.wrapped, v.state
from airside.app_key k join airside.app_key_version v on v.tenant_id = k.tenant_id and v.key_id = k.key_id
where k.tenant_id = %s and k.name = %s and v.state <> 'destroyed'
order by v.version
"""
# Whoever changes a key's versions goes one at a time: what is destroyed stays destroyed.
LOCK: Final = "select key_id from airside.app_key where tenant_id = %s and key_id = %s for update"
RETIRE: Final = """
update airside.app_key_version set state = 'retired'
where tenant_id = %s and key_id = %s and version = %s and state = 'active'
"""
DESTROY: Final = """
update airside.app_key_version set state = 'destroyed', wrapped = null
where tenant_id = %s and key_id = %s and version = %s and state = 'retired'
"""
DESTROY_ALL: Final = """
update airside.app_key_version set state = 'destroyed', wrapped = null
where tenant_id = %s and key_id = %s and state <> 'destroyed'
"""


@dataclass(frozen=True, slots=True)
class Material:
    """What a key seals and opens with: its versions, and the one that seals."""

    key_id: UUID
    purpose: Purpose
    versions: dict[int, Secret[bytes]]
    active: int | None


@dataclass(frozen=True, slots=True)
class _Row:
    key_id: UUID
    name: str
    purpose: Purpose
    created_at: datetime
    version: int
    state: VersionState
    version_created_at: datetime


@dataclass(frozen=True, slots=True)
class _Wrapped:
    key_id: UUID
    purpose: Purpose
    version: int
    version_id: UUID
    wrapped: bytes
    state: VersionState


@dataclass(frozen=True, slots=True)
class _Id:
    key_id: UUID


@dataclass(frozen=True, slots=True)
class _Count:
    number: int


def wrapping(version_id: UUID) -> Place:
    """Where the material of a version stands, sealed by the tenant's data key."""
    return Place("app_key_version", "wrapped", version_id)


async def insert(ctx: RequestContext, key: AppKey) -> bool:
    """Whether it is a new key, still without a version: the tenant has, and had, none of that name."""
    return await ctx.tx.run(INSERT, (ctx.tenant_id, key.key_id, key.name, key.purpose, key.created_at)) == 1


async def insert_version(ctx: RequestContext, key_id: UUID, version: int, version_id: UUID, wrapped: bytes) -> None:
    """A new active version.

    Raises:
        UniqueViolation: there is another active one.
    """
    await ctx.tx.run(INSERT_VERSION, (ctx.tenant_id, key_id, version, version_id, wrapped, ctx.now))


async def count(ctx: RequestContext) -> int:
    """How many keys the tenant has, destroyed ones too."""
    found = await ctx.tx.one(_Count, COUNT, (ctx.tenant_id,))
    return 0 if found is None else found.number


async def find(ctx: RequestContext, name: str) -> AppKey | None:
    """The key that goes by `name`."""
    rows = await ctx.tx.all(_Row, LIST, (ctx.tenant_id, name, name, MAX_VERSIONS + 1))
    return _keys(rows)[0] if rows else None


async def list_keys(ctx: RequestContext) -> list[AppKey]:
    """Every key of the tenant, by name."""
    return _keys(await ctx.tx.all(_Row, LIST, (ctx.tenant_id, None, None, MAX_KEYS * MAX_VERSIONS)))


async def material(ctx: RequestContext, keyset: Keyset, name: str) -> Material | None:
    """What the key of that name seals and opens with; None if there is no such key, or nothing is left of it.

    Raises:
        Unopenable: a row that was changed, or stands in another's place.
        Inconsistent: a version without its material.
    """
    rows = await ctx.tx.all(_Wrapped, MATERIAL, (ctx.tenant_id, name))
    if not rows:
        return None
    versions = {row.version: Secret(keyset.open(wrapping(row.version_id), row.wrapped)) for row in rows}
    active = [row.version for row in rows if row.state == "active"]
    if len(active) > 1:
        raise Inconsistent("a key with two active versions")
    return Material(rows[0].key_id, rows[0].purpose, versions, active[0] if active else None)


async def lock(ctx: RequestContext, key_id: UUID) -> None:
    """Nobody else changes the key's versions until this transaction ends."""
    await ctx.tx.one(_Id, LOCK, (ctx.tenant_id, key_id))


async def retire(ctx: RequestContext, key_id: UUID, version: int) -> bool:
    """Whether that version was the active one until now."""
    return await ctx.tx.run(RETIRE, (ctx.tenant_id, key_id, version)) == 1


async def destroy(ctx: RequestContext, key_id: UUID, version: int) -> bool:
    """Whether that version was a retired one until now."""
    return await ctx.tx.run(DESTROY, (ctx.tenant_id, key_id, version)) == 1


async def destroy_all(ctx: RequestContext, key_id: UUID) -> int:
    """How many versions there were to destroy."""
    return await ctx.tx.run(DESTROY_ALL, (ctx.tenant_id, key_id))


def _keys(rows: list[_Row]) -> list[AppKey]:
    keys: list[AppKey] = []
    for _, group in groupby(rows, key=lambda row: row.key_id):
        first, *rest = group
        versions = tuple(KeyVersion(row.version, row.state, row.version_created_at) for row in (first, *rest))
        keys.append(AppKey(first.key_id, first.name, first.purpose, first.created_at, versions))
    return keys
