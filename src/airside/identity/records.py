"""Rows of users and their sessions. Sealed columns open in the room's records and nowhere else in it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from airside.core.principal import Assurance, Origin
from airside.identity import records_profiles as profiles
from airside.identity.model import MAX_SESSIONS, Cookie, Session, User, UserState
from airside.identity.records_profiles import KeyedRow, UserRow
from airside.store.context import RequestContext
from airside.vault import PersonKey, Place, Seals, Vault

INSERT_USER: Final = """
insert into airside.user_account (
    tenant_id, user_id, profile_sealed, email_index, email_domain_index, state, created_at, email_verified_at)
values (%s, %s, %s, %s, %s, %s, %s, %s)
on conflict (tenant_id, email_index) do nothing
"""

USER_BY_ID: Final = """
select u.user_id, u.profile_sealed, u.state, u.created_at, u.email_verified_at, k.wrapped
from airside.user_account u
left join airside.person_key k on k.tenant_id = u.tenant_id and k.user_id = u.user_id
where u.tenant_id = %s and u.user_id = %s
"""

COUNT_USERS: Final = """
select count(*) as count
from (select user_id from airside.user_account where tenant_id = %s limit %s) as counted
"""
USER_STATE: Final = "select state from airside.user_account where tenant_id = %s and user_id = %s"

# Whoever starts a session shares the row, whoever ends all of them takes it: neither misses the other.
USER_SHARED: Final = """
select u.user_id, u.profile_sealed, u.state, u.created_at, u.email_verified_at, k.wrapped
from airside.user_account u
left join airside.person_key k on k.tenant_id = u.tenant_id and k.user_id = u.user_id
where u.tenant_id = %s and u.user_id = %s
for share of u
"""

USER_TAKEN: Final = """
select user_id
from airside.user_account
where tenant_id = %s and user_id = %s
for no key update
"""

PASSWORD_CHANGED: Final = """
select changed_at
from airside.password_credential
where tenant_id = %s and user_id = %s
"""

USER_BY_EMAIL: Final = """
select u.user_id, u.profile_sealed, u.state, u.created_at, u.email_verified_at, k.wrapped
from airside.user_account u
left join airside.person_key k on k.tenant_id = u.tenant_id and k.user_id = u.user_id
where u.tenant_id = %s and u.email_index = any(%s)
"""

LIST_USERS: Final = """
select u.user_id, u.profile_sealed, u.state, u.created_at, u.email_verified_at
from airside.user_account u
where u.tenant_id = %s and (%s::uuid is null or u.user_id > %s::uuid)
order by u.user_id
limit %s
"""

SET_USER_STATE: Final = """
update airside.user_account
set state = %s
where tenant_id = %s and user_id = %s
"""

INSERT_SESSION: Final = """
insert into airside.user_session (
    tenant_id, session_id, user_id, sso_hash, account_hash, acr, amr, auth_time, created_at, last_seen_at,
    idle_expires_at, expires_at, origin_sealed, agent_sealed, device_id)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""

SESSION_BY_SSO: Final = """
select s.session_id, s.user_id, s.acr, s.amr, s.auth_time, s.created_at, s.last_seen_at, s.expires_at,
       s.origin_sealed, s.agent_sealed, s.device_id, s.outdated_at, k.wrapped
from airside.user_session s
join airside.user_account u on u.tenant_id = s.tenant_id and u.user_id = s.user_id and u.state = 'active'
left join airside.person_key k on k.tenant_id = s.tenant_id and k.user_id = s.user_id
where s.tenant_id = %s and s.sso_hash = %s and s.ended_at is null and s.idle_expires_at > %s and s.expires_at > %s
"""

SESSION_BY_ACCOUNT: Final = """
select s.session_id, s.user_id, s.acr, s.amr, s.auth_time, s.created_at, s.last_seen_at, s.expires_at,
       s.origin_sealed, s.agent_sealed, s.device_id, s.outdated_at, k.wrapped
from airside.user_session s
join airside.user_account u on u.tenant_id = s.tenant_id and u.user_id = s.user_id and u.state = 'active'
left join airside.person_key k on k.tenant_id = s.tenant_id and k.user_id = s.user_id
where s.tenant_id = %s and s.account_hash = %s and s.ended_at is null and s.idle_expires_at > %s
  and s.expires_at > %s
"""

SESSION_BY_ID: Final = """
select s.session_id, s.user_id, s.acr, s.amr, s.auth_time, s.created_at, s.last_seen_at, s.expires_at,
       s.origin_sealed, s.agent_sealed, s.device_id, s.outdated_at, k.wrapped
from airside.user_session s
join airside.user_account u on u.tenant_id = s.tenant_id and u.user_id = s.user_id and u.state = 'active'
left join airside.person_key k on k.tenant_id = s.tenant_id and k.user_id = s.user_id
where s.tenant_id = %s and s.session_id = %s and s.ended_at is null and s.idle_expires_at > %s and s.expires_at > %s
"""

SESSIONS_OF_USER: Final = """
select session_id, user_id, acr, amr, auth_time, created_at, last_seen_at, expires_at, origin_sealed, agent_sealed,
       device_id, outdated_at, null::bytea as wrapped
from airside.user_session
where tenant_id = %s and user_id = %s and ended_at is null and idle_expires_at > %s and expires_at > %s
order by last_seen_at desc, session_id desc
limit %s
"""

SEEN: Final = """
update airside.user_session
set last_seen_at = %s, idle_expires_at = %s
where tenant_id = %s and session_id = %s and ended_at is null and last_seen_at < %s
"""

ROTATE: Final = """
update airside.user_session
set sso_hash = %s, account_hash = %s, acr = %s, amr = %s, auth_time = %s, last_seen_at = %s, idle_expires_at = %s
where tenant_id = %s and session_id = %s and user_id = %s and acr = %s
  and ended_at is null and idle_expires_at > %s and expires_at > %s
"""

END: Final = """
update airside.user_session
set ended_at = %s
where tenant_id = %s and session_id = %s and (%s::uuid is null or user_id = %s::uuid) and ended_at is null
returning session_id, user_id, expires_at
"""

END_ALL: Final = """
update airside.user_session
set ended_at = %s
where tenant_id = %s and user_id = %s and ended_at is null and expires_at > %s
returning session_id, user_id, expires_at
"""


@dataclass(frozen=True, slots=True)
class _Count:
    count: int


@dataclass(frozen=True, slots=True)
class _UserStateRow:
    state: UserState


@dataclass(frozen=True, slots=True)
class _Taken:
    user_id: UUID


@dataclass(frozen=True, slots=True)
class _Changed:
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class _SessionRow:
    session_id: UUID
    user_id: UUID
    acr: Assurance
    amr: list[str]
    auth_time: datetime
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    origin_sealed: bytes
    agent_sealed: bytes
    device_id: UUID | None
    outdated_at: datetime | None
    wrapped: bytes | None


@dataclass(frozen=True, slots=True)
class Ended:
    """A session that was just ended."""

    session_id: UUID
    user_id: UUID
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class EmailIndexes:
    """What an address is found by: all of it, and its domain. `others`: what another account with this address may be
    found by that is still under another index key."""

    address: bytes
    domain: bytes
    others: Sequence[bytes] = ()


@dataclass(frozen=True, slots=True)
class Hashes:
    """What is stored of a session's two secrets."""

    sso: bytes
    account: bytes


async def insert_user(ctx: RequestContext, person: PersonKey, user: User, indexes: EmailIndexes) -> bool:
    """False where the address is another's."""
    verified_at = user.created_at if user.email_verified else None
    row = (
        *(ctx.tenant_id, user.id, profiles.seal(person, user), indexes.address, indexes.domain),
        *(user.state, user.created_at, verified_at),
    )
    return await ctx.tx.run(INSERT_USER, row) == 1


async def user(ctx: RequestContext, vault: Vault, user_id: UUID, *, share: bool = False) -> User | None:
    """With `share`, nobody disables them or ends their sessions before this transaction ends."""
    row = await ctx.tx.one(KeyedRow, USER_SHARED if share else USER_BY_ID, (ctx.tenant_id, user_id))
    return await profiles.one(ctx, vault, row)


async def count_users(ctx: RequestContext, most: int) -> int:
    """How many there are, disabled ones included; no further than `most`."""
    row = await ctx.tx.one(_Count, COUNT_USERS, (ctx.tenant_id, most))
    return 0 if row is None else row.count


async def user_state(ctx: RequestContext, user_id: UUID) -> UserState | None:
    row = await ctx.tx.one(_UserStateRow, USER_STATE, (ctx.tenant_id, user_id))
    return None if row is None else row.state


async def user_by_email(ctx: RequestContext, vault: Vault, indexes: Sequence[bytes]) -> User | None:
    row = await ctx.tx.one(KeyedRow, USER_BY_EMAIL, (ctx.tenant_id, list(indexes)))
    return await profiles.one(ctx, vault, row)


async def users(ctx: RequestContext, vault: Vault, after: UUID | None, limit: int) -> list[User]:
    return await profiles.several(
        ctx, vault, await ctx.tx.all(UserRow, LIST_USERS, (ctx.tenant_id, after, after, limit))
    )


async def set_user_state(ctx: RequestContext, user_id: UUID, state: UserState) -> bool:
    return await ctx.tx.run(SET_USER_STATE, (state, ctx.tenant_id, user_id)) == 1


async def password_changed_at(ctx: RequestContext, user_id: UUID) -> datetime | None:
    """When the user's password was last set; None where there is none."""
    row = await ctx.tx.one(_Changed, PASSWORD_CHANGED, (ctx.tenant_id, user_id))
    return None if row is None else row.changed_at


async def insert_session(ctx: RequestContext, seals: Seals, session: Session, hashes: Hashes, idle: timedelta) -> None:
    origin = seals.seal(Place("user_session", "origin_sealed", session.id), session.origin.address.encode())
    agent = seals.seal(Place("user_session", "agent_sealed", session.id), session.origin.user_agent.encode())
    row = (
        *(ctx.tenant_id, session.id, session.user_id, hashes.sso, hashes.account, session.assurance),
        *(list(session.amr), session.auth_time, session.created_at, session.last_seen_at),
        *(ctx.now + idle, session.expires_at, origin, agent, session.device_id),
    )
    await ctx.tx.run(INSERT_SESSION, row)


async def session_by_hash(ctx: RequestContext, vault: Vault, cookie: Cookie, hashed: bytes) -> Session | None:
    """The live session of an active user that the cookie opens."""
    row = await _row_by_hash(ctx, cookie, hashed)
    return None if row is None else await _live(ctx, vault, row)


async def unread_session_by_hash(ctx: RequestContext, cookie: Cookie, hashed: bytes) -> Session | None:
    """As `session_by_hash`, with nothing opened: it says nothing of where it began."""
    row = await _row_by_hash(ctx, cookie, hashed)
    return None if row is None else _session(Origin("", ""), row)


async def session_by_id(ctx: RequestContext, vault: Vault, session_id: UUID) -> Session | None:
    """The live session of an active user."""
    row = await ctx.tx.one(_SessionRow, SESSION_BY_ID, (ctx.tenant_id, session_id, ctx.now, ctx.now))
    return None if row is None else await _live(ctx, vault, row)


async def sessions_of(ctx: RequestContext, seals: Seals, user_id: UUID) -> list[Session]:
    """The user's live sessions, most lately used first."""
    params = (ctx.tenant_id, user_id, ctx.now, ctx.now, MAX_SESSIONS)
    rows = await ctx.tx.all(_SessionRow, SESSIONS_OF_USER, params)
    return [_read(seals, row) for row in rows]


async def seen(ctx: RequestContext, session_id: UUID, idle: timedelta) -> None:
    await ctx.tx.run(SEEN, (ctx.now, ctx.now + idle, ctx.tenant_id, session_id, ctx.now))


async def rotate(ctx: RequestContext, before: Session, after: Session, hashes: Hashes, idle: timedelta) -> bool:
    """False where the session has ended, or was rotated by another, meanwhile."""
    params = (
        *(hashes.sso, hashes.account, after.assurance, list(after.amr), after.auth_time, ctx.now, ctx.now + idle),
        *(ctx.tenant_id, before.id, before.user_id, before.assurance, ctx.now, ctx.now),
    )
    return await ctx.tx.run(ROTATE, params) == 1


async def end(ctx: RequestContext, session_id: UUID, of: UUID | None) -> Ended | None:
    """End it once; None where it is over already, was never there, or isn't of the user `of`."""
    return await ctx.tx.one(Ended, END, (ctx.now, ctx.tenant_id, session_id, of, of))


async def take_user(ctx: RequestContext, user_id: UUID) -> bool:
    """Take the user's row until the transaction ends, so that those who change what hangs on it take turns; False
    where there is none."""
    return await ctx.tx.one(_Taken, USER_TAKEN, (ctx.tenant_id, user_id)) is not None


async def end_all(ctx: RequestContext, user_id: UUID) -> Sequence[Ended]:
    """Those that are there once everybody who is starting one has finished."""
    await take_user(ctx, user_id)
    return await ctx.tx.all(Ended, END_ALL, (ctx.now, ctx.tenant_id, user_id, ctx.now))


async def _row_by_hash(ctx: RequestContext, cookie: Cookie, hashed: bytes) -> _SessionRow | None:
    sql = SESSION_BY_SSO if cookie == "sso" else SESSION_BY_ACCOUNT
    return await ctx.tx.one(_SessionRow, sql, (ctx.tenant_id, hashed, ctx.now, ctx.now))


async def _live(ctx: RequestContext, vault: Vault, row: _SessionRow) -> Session:
    return _read(vault.persons.read(ctx, await vault.keyset(ctx), row.user_id, row.wrapped), row)


def _read(seals: Seals, row: _SessionRow) -> Session:
    origin = seals.open(Place("user_session", "origin_sealed", row.session_id), row.origin_sealed)
    agent = seals.open(Place("user_session", "agent_sealed", row.session_id), row.agent_sealed)
    return _session(Origin(origin.decode(), agent.decode()), row)


def _session(origin: Origin, row: _SessionRow) -> Session:
    return Session(
        id=row.session_id,
        user_id=row.user_id,
        assurance=row.acr,
        amr=tuple(row.amr),
        auth_time=row.auth_time,
        created_at=row.created_at,
        last_seen_at=row.last_seen_at,
        expires_at=row.expires_at,
        origin=origin,
        device_id=row.device_id,
        outdated_at=row.outdated_at,
    )
