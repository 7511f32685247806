"""Rows of `setup_invitation` ↔ `Setup`. An open one whose time is over is an expired one: told here, once."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import msgspec

from airside.federation.settings import ConnectionKind
from airside.federation.setup_model import MAX_SETUP_DOMAINS, Setup, SetupProvider, SetupTest
from airside.store.context import RequestContext
from airside.vault import Keyset, Place

INSERT: Final = """
insert into airside.setup_invitation (tenant_id, setup_id, link_id, name, email_sealed, inviter, creates_users,
    provisions, state, created_at, expires_at)
values (%s, %s, %s, %s, %s, %s, %s, %s, 'open', %s, %s)
"""
FIND: Final = """
select setup_id, link_id, name, email_sealed, inviter, creates_users, provisions, state, provider, kind,
    connection_id, domain_ids, test_sealed, created_at, expires_at
from airside.setup_invitation where tenant_id = %s and setup_id = %s
"""
LIST: Final = """
select setup_id, link_id, name, email_sealed, inviter, creates_users, provisions, state, provider, kind,
    connection_id, domain_ids, test_sealed, created_at, expires_at
from airside.setup_invitation where tenant_id = %s and (%s::uuid is null or setup_id > %s::uuid)
order by setup_id limit %s
"""
# The row is shared until the transaction ends: whoever revokes it waits, and whoever is revoked finds nothing.
OF_SESSION: Final = """
select setup_id, link_id, name, email_sealed, inviter, creates_users, provisions, state, provider, kind,
    connection_id, domain_ids, test_sealed, created_at, expires_at
from airside.setup_invitation
where tenant_id = %s and session_hash = %s and state = 'started' and expires_at > %s
for update
"""
OF_CONNECTION: Final = """
select setup_id, link_id, name, email_sealed, inviter, creates_users, provisions, state, provider, kind,
    connection_id, domain_ids, test_sealed, created_at, expires_at
from airside.setup_invitation
where tenant_id = %s and connection_id = %s and state <> 'revoked'
order by setup_id desc limit 1
"""
COUNT: Final = """
select count(*) as number from airside.setup_invitation
where tenant_id = %s and state in ('open', 'started') and expires_at > %s
"""
START: Final = """
update airside.setup_invitation set state = 'started', session_hash = %s
where tenant_id = %s and setup_id = %s and link_id = %s and state = 'open' and expires_at > %s
"""
CHOOSE: Final = """
update airside.setup_invitation set provider = %s, kind = %s, connection_id = %s, test_sealed = null
where tenant_id = %s and setup_id = %s and state = 'started'
"""
ADD_DOMAIN: Final = """
update airside.setup_invitation set domain_ids = array_append(domain_ids, %s::uuid)
where tenant_id = %s and setup_id = %s and state = 'started' and cardinality(domain_ids) < %s
"""
REMOVE_DOMAIN: Final = """
update airside.setup_invitation set domain_ids = array_remove(domain_ids, %s::uuid)
where tenant_id = %s and setup_id = %s and state = 'started'
"""
TEST: Final = """
update airside.setup_invitation set test_sealed = %s
where tenant_id = %s and setup_id = %s and state = 'started'
"""
FINISH: Final = """
update airside.setup_invitation set state = 'finished', session_hash = null, test_sealed = null
where tenant_id = %s and setup_id = %s and state = 'started'
"""
REVOKE: Final = """
update airside.setup_invitation set state = 'revoked', session_hash = null, test_sealed = null
where tenant_id = %s and setup_id = %s and state in ('open', 'started')
"""
OVER: Final = """
select setup_id, link_id, name, email_sealed, inviter, creates_users, provisions, state, provider, kind,
    connection_id, domain_ids, test_sealed, created_at, expires_at
from airside.setup_invitation where tenant_id = %s and state = 'started' and expires_at <= %s
order by setup_id limit %s
"""
# Nobody is at it any more; that it is expired is told by its time, as of one that nobody began.
EXPIRE: Final = """
update airside.setup_invitation set state = 'open', session_hash = null, test_sealed = null
where tenant_id = %s and setup_id = %s and state = 'started' and expires_at <= %s
"""
SWEEP: Final = "delete from airside.setup_invitation where tenant_id = %s and expires_at < %s and state <> 'finished'"


REMIND: Final = """
insert into airside.certificate_reminder (tenant_id, connection_id, certificate_hash, days, sent_at)
values (%s, %s, %s, %s, %s)
on conflict (tenant_id, connection_id, certificate_hash, days) do nothing
"""
FORGET_REMINDERS: Final = """
delete from airside.certificate_reminder where tenant_id = %s and connection_id = %s and certificate_hash <> %s
"""
UNDER_WAY: Final = """
select count(*) as number from airside.setup_invitation
where tenant_id = %s and setup_id = %s and state = 'started' and expires_at > %s
"""


@dataclass(frozen=True, slots=True)
class _Row:
    setup_id: UUID
    link_id: UUID
    name: str
    email_sealed: bytes
    inviter: str
    creates_users: bool
    provisions: bool
    state: Literal["open", "started", "finished", "revoked"]
    provider: SetupProvider | None
    kind: ConnectionKind | None
    connection_id: UUID | None
    domain_ids: list[UUID]
    test_sealed: bytes | None
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class _Count:
    number: int


async def insert(ctx: RequestContext, keyset: Keyset, setup: Setup) -> None:
    """Write a new one."""
    sealed = keyset.seal(_place("email_sealed", setup.id), setup.email.encode())
    values = (setup.name, sealed, setup.inviter, setup.creates_users, setup.provisions)
    at = (setup.created_at, setup.expires_at)
    await ctx.tx.run(INSERT, (ctx.tenant_id, setup.id, setup.link_id, *values, *at))


async def find(ctx: RequestContext, keyset: Keyset, setup_id: UUID) -> Setup | None:
    """In whatever state."""
    return _read(ctx, keyset, await ctx.tx.one(_Row, FIND, (ctx.tenant_id, setup_id)))


async def page(ctx: RequestContext, keyset: Keyset, after: UUID | None, limit: int) -> list[Setup]:
    """In order of creation, after one."""
    rows = await ctx.tx.all(_Row, LIST, (ctx.tenant_id, after, after, limit))
    return [_setup(ctx, keyset, row) for row in rows]


async def of_session(ctx: RequestContext, keyset: Keyset, session_hash: bytes) -> Setup | None:
    """The one that is under way by that secret, and stays so until this transaction ends."""
    return _read(ctx, keyset, await ctx.tx.one(_Row, OF_SESSION, (ctx.tenant_id, session_hash, ctx.now)))


async def of_connection(ctx: RequestContext, keyset: Keyset, connection_id: UUID) -> Setup | None:
    """The last by which a connection was set up."""
    return _read(ctx, keyset, await ctx.tx.one(_Row, OF_CONNECTION, (ctx.tenant_id, connection_id)))


async def count(ctx: RequestContext) -> int:
    """How many are open or begun."""
    found = await ctx.tx.one(_Count, COUNT, (ctx.tenant_id, ctx.now))
    return 0 if found is None else found.number


async def remind(ctx: RequestContext, connection_id: UUID, fingerprint: str, days: int) -> bool:
    """Single use: whether it was this caller who warned so of that certificate."""
    values = (ctx.tenant_id, connection_id, bytes.fromhex(fingerprint), days, ctx.now)
    return await ctx.tx.run(REMIND, values) == 1


async def forget_reminders(ctx: RequestContext, connection_id: UUID, fingerprint: str) -> int:
    """Of every certificate of the connection's but that one."""
    return await ctx.tx.run(FORGET_REMINDERS, (ctx.tenant_id, connection_id, bytes.fromhex(fingerprint)))


async def is_under_way(ctx: RequestContext, setup_id: UUID) -> bool:
    """Whether there is one by that id that somebody has begun."""
    found = await ctx.tx.one(_Count, UNDER_WAY, (ctx.tenant_id, setup_id, ctx.now))
    return found is not None and found.number == 1


async def start(ctx: RequestContext, setup: Setup, session_hash: bytes) -> bool:
    """Single use: whether it was this caller who began."""
    values = (session_hash, ctx.tenant_id, setup.id, setup.link_id, ctx.now)
    return await ctx.tx.run(START, values) == 1


async def choose(
    ctx: RequestContext, setup_id: UUID, provider: SetupProvider, kind: ConnectionKind, connection_id: UUID
) -> bool:
    """What is to be set up; a test of anything else is forgotten."""
    return await ctx.tx.run(CHOOSE, (provider, kind, connection_id, ctx.tenant_id, setup_id)) == 1


async def add_domain(ctx: RequestContext, setup_id: UUID, domain_id: UUID) -> bool:
    """Whether there was room for one more."""
    return await ctx.tx.run(ADD_DOMAIN, (domain_id, ctx.tenant_id, setup_id, MAX_SETUP_DOMAINS)) == 1


async def remove_domain(ctx: RequestContext, setup_id: UUID, domain_id: UUID) -> None:
    """It is the invitation's no more."""
    await ctx.tx.run(REMOVE_DOMAIN, (domain_id, ctx.tenant_id, setup_id))


async def keep_test(ctx: RequestContext, keyset: Keyset, setup_id: UUID, test: SetupTest) -> bool:
    """What the last test brought."""
    sealed = keyset.seal(_place("test_sealed", setup_id), msgspec.json.encode(test))
    return await ctx.tx.run(TEST, (sealed, ctx.tenant_id, setup_id)) == 1


async def forget_test(ctx: RequestContext, setup_id: UUID) -> None:
    """What was tested isn't what stands there now."""
    await ctx.tx.run(TEST, (None, ctx.tenant_id, setup_id))


async def finish(ctx: RequestContext, setup_id: UUID) -> bool:
    """Whether it was this caller who finished it."""
    return await ctx.tx.run(FINISH, (ctx.tenant_id, setup_id)) == 1


async def revoke(ctx: RequestContext, setup_id: UUID) -> bool:
    """Whether there was anything to take back."""
    return await ctx.tx.run(REVOKE, (ctx.tenant_id, setup_id)) == 1


async def over(ctx: RequestContext, keyset: Keyset, limit: int) -> list[Setup]:
    """Begun ones whose time is over."""
    return [_setup(ctx, keyset, row) for row in await ctx.tx.all(_Row, OVER, (ctx.tenant_id, ctx.now, limit))]


async def expire(ctx: RequestContext, setup_id: UUID) -> bool:
    """Single use: whether it was this caller who ended it."""
    return await ctx.tx.run(EXPIRE, (ctx.tenant_id, setup_id, ctx.now)) == 1


async def sweep(ctx: RequestContext, before: datetime) -> int:
    """Forget those whose time was over then; a finished one tells whom to write to about its connection."""
    return await ctx.tx.run(SWEEP, (ctx.tenant_id, before))


def _read(ctx: RequestContext, keyset: Keyset, row: _Row | None) -> Setup | None:
    return None if row is None else _setup(ctx, keyset, row)


def _setup(ctx: RequestContext, keyset: Keyset, row: _Row) -> Setup:
    over = row.state in ("open", "started") and row.expires_at <= ctx.now
    test = row.test_sealed
    return Setup(
        id=row.setup_id,
        link_id=row.link_id,
        name=row.name,
        email=keyset.open(_place("email_sealed", row.setup_id), row.email_sealed).decode(),
        inviter=row.inviter,
        creates_users=row.creates_users,
        provisions=row.provisions,
        state="expired" if over else row.state,
        provider=row.provider,
        kind=row.kind,
        connection_id=row.connection_id,
        domain_ids=tuple(row.domain_ids),
        test=None
        if test is None
        else msgspec.json.decode(keyset.open(_place("test_sealed", row.setup_id), test), type=SetupTest),
        created_at=row.created_at,
        expires_at=row.expires_at,
    )


def _place(column: str, setup_id: UUID) -> Place:
    return Place("setup_invitation", column, setup_id)
