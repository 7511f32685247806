"""Rows of connections, and what hangs on one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from airside.core.errors import Inconsistent
from airside.core.secret import Secret
from airside.federation.model import Connection, ConnectionSecrets, ConnectionState
from airside.federation.settings import SHAPES, ConnectionKind
from airside.store.context import RequestContext
from airside.vault import Keyset, Place

INSERT: Final = """
insert into airside.connection (tenant_id, connection_id, kind, name, state, settings, creates_users, shown,
    secret_sealed, keys_sealed, created_at, active_since)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""

FIND: Final = """
select connection_id, kind, name, state, settings, creates_users, shown, secret_sealed is not null as has_secret,
    keys_sealed is not null as has_keys, created_at
from airside.connection where tenant_id = %s and connection_id = %s
"""

LOCK: Final = """
select connection_id, kind, name, state, settings, creates_users, shown, secret_sealed is not null as has_secret,
    keys_sealed is not null as has_keys, created_at
from airside.connection where tenant_id = %s and connection_id = %s for update
"""

# Whoever signs in through one shares the row, whoever disables it takes it: neither misses the other.
SHARE: Final = """
select connection_id, kind, name, state, settings, creates_users, shown, secret_sealed is not null as has_secret,
    keys_sealed is not null as has_keys, created_at
from airside.connection where tenant_id = %s and connection_id = %s for share
"""

LIST: Final = """
select connection_id, kind, name, state, settings, creates_users, shown, secret_sealed is not null as has_secret,
    keys_sealed is not null as has_keys, created_at
from airside.connection where tenant_id = %s and (%s::uuid is null or connection_id > %s)
order by connection_id limit %s
"""

KINDS: Final = "select distinct kind from airside.connection where tenant_id = %s and state = 'active'"

COUNT: Final = "select count(*) as count from airside.connection where tenant_id = %s"

UPDATE: Final = """
update airside.connection set name = %s, settings = %s, creates_users = %s, shown = %s
where tenant_id = %s and connection_id = %s
"""

STATE: Final = """
update airside.connection set state = %s, active_since = %s
where tenant_id = %s and connection_id = %s and state <> %s
"""

STANDS: Final = """
select connection_id from airside.connection
where tenant_id = %s and connection_id = %s and state = 'active' and active_since <= %s
for share
"""

SECRETS: Final = """
select secret_sealed, keys_sealed from airside.connection where tenant_id = %s and connection_id = %s
"""

SET_SECRET: Final = "update airside.connection set secret_sealed = %s where tenant_id = %s and connection_id = %s"
SET_KEYS: Final = "update airside.connection set keys_sealed = %s where tenant_id = %s and connection_id = %s"

DELETE_REQUESTS: Final = "delete from airside.federation_request where tenant_id = %s and connection_id = %s"
DELETE_ANSWERS: Final = "delete from airside.federation_answer where tenant_id = %s and connection_id = %s"
DELETE_PENDING: Final = "delete from airside.pending_link where tenant_id = %s and connection_id = %s"
DELETE_SESSIONS: Final = "delete from airside.federated_session where tenant_id = %s and connection_id = %s"
DELETE_SPENT: Final = "delete from airside.spent_assertion where tenant_id = %s and connection_id = %s"
DELETE_IDENTITIES: Final = "delete from airside.external_identity where tenant_id = %s and connection_id = %s"
DELETE_MAPPING: Final = "delete from airside.connection_mapping where tenant_id = %s and connection_id = %s"
DELETE_SAMPLE: Final = "delete from airside.connection_sample where tenant_id = %s and connection_id = %s"
DELETE_REMINDERS: Final = "delete from airside.certificate_reminder where tenant_id = %s and connection_id = %s"
DELETE_MAPPED_ROLES: Final = "delete from airside.mapped_role where tenant_id = %s and connection_id = %s"
DELETE: Final = "delete from airside.connection where tenant_id = %s and connection_id = %s"

WAITING: Final = (DELETE_REQUESTS, DELETE_ANSWERS, DELETE_PENDING)
"""What is under way through a connection, and ends when it is disabled."""
# What a directory kept over the connection.
DELETE_SCIM_TOKENS: Final = "delete from airside.scim_token where tenant_id = %s and connection_id = %s"
DELETE_SCIM_USERS: Final = "delete from airside.scim_user where tenant_id = %s and connection_id = %s"
DELETE_SCIM_EMAILS: Final = "delete from airside.scim_email where tenant_id = %s and connection_id = %s"
DELETE_SCIM_GROUPS: Final = "delete from airside.scim_group where tenant_id = %s and connection_id = %s"
DELETE_SCIM_MEMBERS: Final = "delete from airside.scim_member where tenant_id = %s and connection_id = %s"

HANGING: Final = (
    *(*WAITING, DELETE_SESSIONS, DELETE_SPENT, DELETE_IDENTITIES),
    *(DELETE_MAPPING, DELETE_SAMPLE, DELETE_MAPPED_ROLES, DELETE_REMINDERS),
    *(DELETE_SCIM_TOKENS, DELETE_SCIM_USERS, DELETE_SCIM_EMAILS, DELETE_SCIM_GROUPS, DELETE_SCIM_MEMBERS),
)
"""Everything that goes with a connection."""


@dataclass(frozen=True, slots=True)
class _Row:
    connection_id: UUID
    kind: ConnectionKind
    name: str
    state: ConnectionState
    settings: str
    creates_users: bool
    shown: bool
    has_secret: bool
    has_keys: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class _Kind:
    kind: ConnectionKind


@dataclass(frozen=True, slots=True)
class _Standing:
    connection_id: UUID


@dataclass(frozen=True, slots=True)
class _Secrets:
    secret_sealed: bytes | None
    keys_sealed: bytes | None


@dataclass(frozen=True, slots=True)
class _Count:
    count: int


async def insert(ctx: RequestContext, keyset: Keyset, connection: Connection, secrets: ConnectionSecrets) -> None:
    row = (
        *(ctx.tenant_id, connection.id, connection.kind, connection.name, connection.state, _text(connection)),
        *(connection.creates_users, connection.shown),
        _sealed(keyset, _secret_place(connection.id), secrets.client_secret),
        _sealed(keyset, _keys_place(connection.id), secrets.private_keys),
        *(connection.created_at, connection.created_at),
    )
    await ctx.tx.run(INSERT, row)


async def find(ctx: RequestContext, connection_id: UUID, *, lock: bool = False) -> Connection | None:
    """With `lock`, nobody else changes it before this transaction ends."""
    row = await ctx.tx.one(_Row, LOCK if lock else FIND, (ctx.tenant_id, connection_id))
    return None if row is None else _connection(row)


async def share(ctx: RequestContext, connection_id: UUID) -> Connection | None:
    """It stays as it is until this transaction ends."""
    row = await ctx.tx.one(_Row, SHARE, (ctx.tenant_id, connection_id))
    return None if row is None else _connection(row)


async def stands(ctx: RequestContext, connection_id: UUID, since: datetime) -> bool:
    """Whether it has been active without a break `since` then, and stays so until this transaction ends."""
    return await ctx.tx.one(_Standing, STANDS, (ctx.tenant_id, connection_id, since)) is not None


async def page(ctx: RequestContext, after: UUID | None, limit: int) -> list[Connection]:
    return [_connection(row) for row in await ctx.tx.all(_Row, LIST, (ctx.tenant_id, after, after, limit))]


async def kinds(ctx: RequestContext) -> frozenset[ConnectionKind]:
    """Of which kinds there are active ones."""
    return frozenset(row.kind for row in await ctx.tx.all(_Kind, KINDS, (ctx.tenant_id,)))


async def count(ctx: RequestContext) -> int:
    row = await ctx.tx.one(_Count, COUNT, (ctx.tenant_id,))
    return 0 if row is None else row.count


async def update(ctx: RequestContext, after: Connection) -> None:
    params = (after.name, _text(after), after.creates_users, after.shown, ctx.tenant_id, after.id)
    await ctx.tx.run(UPDATE, params)


async def set_state(ctx: RequestContext, connection_id: UUID, state: ConnectionState) -> bool:
    """False where it was so already."""
    return await ctx.tx.run(STATE, (state, ctx.now, ctx.tenant_id, connection_id, state)) == 1


async def secrets(ctx: RequestContext, keyset: Keyset, connection_id: UUID) -> ConnectionSecrets | None:
    row = await ctx.tx.one(_Secrets, SECRETS, (ctx.tenant_id, connection_id))
    if row is None:
        return None
    return ConnectionSecrets(
        _opened(keyset, _secret_place(connection_id), row.secret_sealed),
        _opened(keyset, _keys_place(connection_id), row.keys_sealed),
    )


async def set_secret(ctx: RequestContext, keyset: Keyset, connection_id: UUID, secret: Secret[str] | None) -> None:
    sealed = _sealed(keyset, _secret_place(connection_id), secret)
    await ctx.tx.run(SET_SECRET, (sealed, ctx.tenant_id, connection_id))


async def set_keys(ctx: RequestContext, keyset: Keyset, connection_id: UUID, keys: Secret[str] | None) -> None:
    sealed = _sealed(keyset, _keys_place(connection_id), keys)
    await ctx.tx.run(SET_KEYS, (sealed, ctx.tenant_id, connection_id))


async def delete_hanging(ctx: RequestContext, connection_id: UUID, statements: Sequence[str]) -> None:
    """What hangs on it by `statements`."""
    await ctx.tx.run_many([(sql, (ctx.tenant_id, connection_id)) for sql in statements])


async def delete(ctx: RequestContext, connection_id: UUID) -> None:
    await ctx.tx.run(DELETE, (ctx.tenant_id, connection_id))


def _connection(row: _Row) -> Connection:
    try:
        settings = msgspec.json.decode(row.settings, type=SHAPES[row.kind])
    except msgspec.MsgspecError:
        raise Inconsistent("stored settings of a connection that no version wrote") from None
    return Connection(
        id=row.connection_id,
        name=row.name,
        state=row.state,
        settings=settings,
        creates_users=row.creates_users,
        shown=row.shown,
        has_secret=row.has_secret,
        has_keys=row.has_keys,
        created_at=row.created_at,
    )


def _text(connection: Connection) -> str:
    return msgspec.json.encode(connection.settings).decode()


def _sealed(keyset: Keyset, place: Place, secret: Secret[str] | None) -> bytes | None:
    return None if secret is None else keyset.seal(place, secret.reveal().encode())


def _opened(keyset: Keyset, place: Place, sealed: bytes | None) -> Secret[str] | None:
    return None if sealed is None else Secret(keyset.open(place, sealed).decode())


def _secret_place(connection_id: UUID) -> Place:
    return Place("connection", "secret_sealed", connection_id)


def _keys_place(connection_id: UUID) -> Place:
    return Place("connection", "keys_sealed", connection_id)
