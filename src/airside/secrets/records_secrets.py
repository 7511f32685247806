"""Rows of `app_secret` and `app_secret_version` ↔ `StoredSecret` and its values."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from airside.core.errors import Inconsistent
from airside.secrets.stored import KEPT_VERSIONS, SecretState, SecretVersion, StoredSecret
from airside.store import RequestContext
from airside.vault import Keyset, Place

INSERT: Final = """
insert into airside.app_secret (tenant_id, secret_id, path, version, metadata_sealed, created_at, updated_at)
values (%s, %s, %s, 0, %s, %s, %s)
on conflict (tenant_id, path) do nothing
"""
NEXT: Final = """
update airside.app_secret set version = version + 1, updated_at = %s
where tenant_id = %s and path = %s and (%s::integer is null or version = %s)
returning secret_id, version
"""
METADATA: Final = "update airside.app_secret set metadata_sealed = %s where tenant_id = %s and secret_id = %s"
INSERT_VERSION: Final = """
insert into airside.app_secret_version (tenant_id, secret_id, version, version_id, value_sealed, state, created_at)
values (%s, %s, %s, %s, %s, 'active', %s)
"""
COUNT: Final = "select count(*) as number from airside.app_secret where tenant_id = %s"
FIND: Final = """
select secret_id, path, version, metadata_sealed, rotate_days, rotate_at, created_at, updated_at
from airside.app_secret where tenant_id = %s and path = %s
"""
LIST: Final = """
select secret_id, path, version, metadata_sealed, rotate_days, rotate_at, created_at, updated_at
from airside.app_secret
where tenant_id = %s and (%s = '' or path = %s or starts_with(path, %s || '/')) and path > %s
order by path limit %s
"""
READ: Final = """
select s.secret_id, s.version as latest, v.version, v.version_id, v.value_sealed, v.created_at
from airside.app_secret s
join airside.app_secret_version v on v.tenant_id = s.tenant_id and v.secret_id = s.secret_id
where s.tenant_id = %s and s.path = %s and v.version = coalesce(%s::integer, s.version) and v.state = 'active'
for share of v
"""
VERSIONS: Final = """
select version, state, created_at from airside.app_secret_version
where tenant_id = %s and secret_id = %s order by version desc limit 200
"""
TURN: Final = """
update airside.app_secret_version set state = %s
where tenant_id = %s and secret_id = %s and version = %s and state = %s
"""
DESTROY: Final = """
update airside.app_secret_version set state = 'destroyed', value_sealed = null
where tenant_id = %s and secret_id = %s and version = %s and state <> 'destroyed'
"""
TIDY: Final = """
update airside.app_secret_version v set state = 'destroyed', value_sealed = null
where v.tenant_id = %s and v.secret_id = %s and v.version <= %s and v.state <> 'destroyed'
  and not exists (select from airside.app_secret_lease l where l.tenant_id = v.tenant_id and l.tenant_id = %s
                  and l.secret_id = v.secret_id and l.version = v.version and l.expires_at > %s)
"""
ROTATION: Final = """
update airside.app_secret set rotate_days = %s, rotate_at = %s where tenant_id = %s and secret_id = %s
"""
# Several processes look at once: the first to put the moment off does it.
DUE: Final = """
select path, rotate_days, rotate_at from airside.app_secret
where tenant_id = %s and rotate_at <= %s order by rotate_at limit 50
"""
TAKE_DUE: Final = """
update airside.app_secret set rotate_at = %s where tenant_id = %s and path = %s and rotate_at = %s
"""


@dataclass(frozen=True, slots=True)
class Next:
    """A version that is to be written now."""

    secret_id: UUID
    version: int


@dataclass(frozen=True, slots=True)
class Found:
    """A readable version."""

    secret_id: UUID
    latest: int
    version: int
    version_id: UUID
    value_sealed: bytes
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Due:
    """A secret whose rotation is due."""

    path: str
    rotate_days: int
    rotate_at: datetime


@dataclass(frozen=True, slots=True)
class _Row:
    secret_id: UUID
    path: str
    version: int
    metadata_sealed: bytes
    rotate_days: int | None
    rotate_at: datetime | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class _Count:
    number: int


def value_place(version_id: UUID) -> Place:
    """Where a value stands."""
    return Place("app_secret_version", "value_sealed", version_id)


def _metadata_place(secret_id: UUID) -> Place:
    return Place("app_secret", "metadata_sealed", secret_id)


async def insert(ctx: RequestContext, keyset: Keyset, secret_id: UUID, path: str) -> bool:
    """Whether there is a new secret at `path`, still without a version."""
    sealed = keyset.seal(_metadata_place(secret_id), b"{}")
    return await ctx.tx.run(INSERT, (ctx.tenant_id, secret_id, path, sealed, ctx.now, ctx.now)) == 1


async def next_version(ctx: RequestContext, path: str, expected: int | None) -> Next | None:
    """The number that is next, if the youngest is `expected`, or whatever it is where None is. Nobody else gets it."""
    return await ctx.tx.one(Next, NEXT, (ctx.now, ctx.tenant_id, path, expected, expected))


async def insert_version(ctx: RequestContext, made: Next, version_id: UUID, sealed: bytes) -> None:
    """The value of a number that `next_version` gave; what is older than others are kept for goes."""
    row = (ctx.tenant_id, made.secret_id, made.version, version_id, sealed, ctx.now)
    tidied = (ctx.tenant_id, made.secret_id, made.version - KEPT_VERSIONS, ctx.tenant_id, ctx.now)
    await ctx.tx.run_many([(INSERT_VERSION, row), (TIDY, tidied)])


async def set_metadata(ctx: RequestContext, keyset: Keyset, secret_id: UUID, metadata: Mapping[str, str]) -> None:
    """What is said of a secret, anew."""
    sealed = keyset.seal(_metadata_place(secret_id), msgspec.json.encode(dict(metadata), order="sorted"))
    await ctx.tx.run(METADATA, (sealed, ctx.tenant_id, secret_id))


async def count(ctx: RequestContext) -> int:
    """How many secrets the tenant has."""
    found = await ctx.tx.one(_Count, COUNT, (ctx.tenant_id,))
    return 0 if found is None else found.number


async def find(ctx: RequestContext, keyset: Keyset, path: str) -> StoredSecret | None:
    """The secret at `path`."""
    row = await ctx.tx.one(_Row, FIND, (ctx.tenant_id, path))
    return None if row is None else _secret(keyset, row)


async def list_secrets(
    ctx: RequestContext, keyset: Keyset, prefix: str, *, after: str, limit: int
) -> list[StoredSecret]:
    """Up to `limit` secrets at or below `prefix`, by path, from behind `after`."""
    rows = await ctx.tx.all(_Row, LIST, (ctx.tenant_id, prefix, prefix, prefix, after, limit))
    return [_secret(keyset, row) for row in rows]


async def read(ctx: RequestContext, path: str, version: int | None) -> Found | None:
    """The version asked for, or the youngest, if it can be read; it stays readable until this transaction ends."""
    return await ctx.tx.one(Found, READ, (ctx.tenant_id, path, version))


async def versions(ctx: RequestContext, secret_id: UUID) -> list[SecretVersion]:
    """The youngest two hundred, youngest first."""
    return await ctx.tx.all(SecretVersion, VERSIONS, (ctx.tenant_id, secret_id))


async def turn(ctx: RequestContext, secret_id: UUID, version: int, before: SecretState, after: SecretState) -> bool:
    """Whether that version was `before` until now."""
    return await ctx.tx.run(TURN, (after, ctx.tenant_id, secret_id, version, before)) == 1


async def destroy(ctx: RequestContext, secret_id: UUID, version: int) -> bool:
    """Whether there was something to destroy."""
    return await ctx.tx.run(DESTROY, (ctx.tenant_id, secret_id, version)) == 1


async def set_rotation(ctx: RequestContext, secret_id: UUID, days: int | None, at: datetime | None) -> None:
    """How often, and when next."""
    await ctx.tx.run(ROTATION, (days, at, ctx.tenant_id, secret_id))


async def due(ctx: RequestContext) -> list[Due]:
    """Secrets whose rotation is due, fifty at most."""
    return await ctx.tx.all(Due, DUE, (ctx.tenant_id, ctx.now))


async def take_due(ctx: RequestContext, found: Due, following: datetime) -> bool:
    """Whether the rotation is ours to do."""
    return await ctx.tx.run(TAKE_DUE, (following, ctx.tenant_id, found.path, found.rotate_at)) == 1


def _secret(keyset: Keyset, row: _Row) -> StoredSecret:
    opened = keyset.open(_metadata_place(row.secret_id), row.metadata_sealed)
    try:
        metadata = msgspec.json.decode(opened, type=dict[str, str])
    except msgspec.DecodeError:
        raise Inconsistent("a secret with metadata of another build") from None
    return StoredSecret(
        row.secret_id,
        row.path,
        row.version,
        metadata,
        row.rotate_days,
        row.rotate_at,
        row.created_at,
        row.updated_at,
    )
