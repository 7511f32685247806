"""What hangs on a user, row by row, and how all of it goes. A test compares this list with the database's columns."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from airside.identity.erasure_model import PersonErasure
from airside.store.context import RequestContext

DELETE_PASSWORD: Final = "delete from airside.password_credential where tenant_id = %s and user_id = %s"
DELETE_HISTORY: Final = "delete from airside.password_history where tenant_id = %s and user_id = %s"
DELETE_TOTP: Final = "delete from airside.totp_factor where tenant_id = %s and user_id = %s"
DELETE_RECOVERY_CODES: Final = "delete from airside.recovery_code where tenant_id = %s and user_id = %s"
DELETE_EMAIL_CODES: Final = "delete from airside.email_code where tenant_id = %s and user_id = %s"
DELETE_PASSKEYS: Final = "delete from airside.passkey where tenant_id = %s and user_id = %s"
DELETE_CHALLENGES: Final = "delete from airside.passkey_challenge where tenant_id = %s and user_id = %s"
DELETE_SESSIONS: Final = "delete from airside.user_session where tenant_id = %s and user_id = %s"
DELETE_DEVICES: Final = "delete from airside.known_device where tenant_id = %s and user_id = %s"
DELETE_LINKS: Final = "delete from airside.action_link where tenant_id = %s and user_id = %s"
DELETE_PARTICIPATIONS: Final = "delete from airside.session_client where tenant_id = %s and user_id = %s"
DELETE_CONSENTS: Final = "delete from airside.oauth_consent where tenant_id = %s and user_id = %s"
DELETE_DEVICE_ANSWERS: Final = "delete from airside.device_authorization where tenant_id = %s and user_id = %s"
DELETE_IDENTITIES: Final = "delete from airside.external_identity where tenant_id = %s and user_id = %s"
DELETE_FEDERATED_SESSIONS: Final = "delete from airside.federated_session where tenant_id = %s and user_id = %s"
DELETE_BREAK_GLASS: Final = "delete from airside.break_glass where tenant_id = %s and user_id = %s"
DELETE_MAPPED_ROLES: Final = "delete from airside.mapped_role where tenant_id = %s and user_id = %s"
DELETE_PROVISIONED: Final = "delete from airside.scim_user where tenant_id = %s and user_id = %s"
DELETE_PROVISIONED_EMAILS: Final = "delete from airside.scim_email where tenant_id = %s and user_id = %s"
DELETE_MEMBERSHIPS: Final = "delete from airside.scim_member where tenant_id = %s and user_id = %s"
DELETE_API_KEYS: Final = "delete from airside.api_key where tenant_id = %s and user_id = %s"
DELETE_SIGNAL_SUBJECTS: Final = "delete from airside.signal_subject where tenant_id = %s and user_id = %s"

HANGING: Final = (
    DELETE_PASSWORD,
    DELETE_HISTORY,
    DELETE_TOTP,
    DELETE_RECOVERY_CODES,
    DELETE_EMAIL_CODES,
    DELETE_PASSKEYS,
    DELETE_CHALLENGES,
    DELETE_SESSIONS,
    DELETE_DEVICES,
    DELETE_LINKS,
    DELETE_PARTICIPATIONS,
    DELETE_CONSENTS,
    DELETE_DEVICE_ANSWERS,
    DELETE_IDENTITIES,
    DELETE_FEDERATED_SESSIONS,
    DELETE_BREAK_GLASS,
    DELETE_MAPPED_ROLES,
    DELETE_PROVISIONED,
    DELETE_PROVISIONED_EMAILS,
    DELETE_MEMBERSHIPS,
    DELETE_API_KEYS,
    DELETE_SIGNAL_SUBJECTS,
)

CLOSE: Final = """
update airside.user_account
set state = 'disabled', email_domain_index = ''
where tenant_id = %s and user_id = %s
"""
INSERT: Final = """
insert into airside.user_erasure (tenant_id, user_id, closed_at) values (%s, %s, %s)
on conflict (tenant_id, user_id) do nothing
"""
REQUESTED: Final = """
insert into airside.person_erasure (tenant_id, user_id, requested_at, requested_by, due_at, state)
select tenant_id, user_id, %s, %s, %s, 'closed' from airside.user_account where tenant_id = %s and user_id = %s
on conflict (tenant_id, user_id) do update set state = excluded.state, former_state = excluded.former_state
"""
ERASED: Final = """
insert into airside.person_erasure
    (tenant_id, user_id, requested_at, requested_by, state, certificate)
values (%s, %s, %s, '', 'erased', %s)
on conflict (tenant_id, user_id) do update
set state = excluded.state, certificate = excluded.certificate, former_state = excluded.former_state
"""
"""Closed by a build that kept no such row: who asked for it stands in the log alone."""
SELECT: Final = """
select requested_at, requested_by, coalesce(due_at, requested_at) as due_at, state, certificate
from airside.person_erasure
where tenant_id = %s and user_id = %s
"""
CLOSED: Final = """
select c.user_id, coalesce(p.requested_at, c.closed_at) as requested_at
from airside.user_erasure c
left join airside.person_erasure p on p.tenant_id = c.tenant_id and p.user_id = c.user_id
where c.tenant_id = %s
order by c.closed_at, c.user_id
limit %s
"""
KEYLESS: Final = """
select u.user_id from airside.user_account u
left join airside.person_key k on k.tenant_id = u.tenant_id and k.user_id = u.user_id
where u.tenant_id = %s and k.user_id is null and substring(u.profile_sealed from 1 for 1) = '\\x02'
order by u.user_id
limit %s
"""
"""Their name and address are sealed under a key of their own, which is gone."""
DELETE: Final = "delete from airside.user_erasure where tenant_id = %s and user_id = %s"
DELETE_ACCOUNT: Final = "delete from airside.user_account where tenant_id = %s and user_id = %s"


@dataclass(frozen=True, slots=True)
class _User:
    user_id: UUID


@dataclass(frozen=True, slots=True)
class ClosedAccount:
    """An account that is closed and still there, and since when somebody wanted it to be."""

    user_id: UUID
    requested_at: datetime


async def close(ctx: RequestContext, user_id: UUID, requested_by: str) -> bool:
    """Disable the account, take everything that hangs on it, and note that it goes; False where there is none. Who
    waited waits no more, and keeps who asked for it, and when."""
    await ctx.tx.run(REQUESTED, (ctx.now, requested_by, ctx.now, ctx.tenant_id, user_id))
    if await ctx.tx.run(CLOSE, (ctx.tenant_id, user_id)) != 1:
        return False
    await ctx.tx.run_many([(sql, (ctx.tenant_id, user_id)) for sql in HANGING])
    await ctx.tx.run(INSERT, (ctx.tenant_id, user_id, ctx.now))
    return True


async def keyless(ctx: RequestContext, limit: int) -> list[UUID]:
    """People whose own key is gone, though they are there."""
    return [row.user_id for row in await ctx.tx.all(_User, KEYLESS, (ctx.tenant_id, limit))]


async def closed(ctx: RequestContext, limit: int) -> list[ClosedAccount]:
    """Accounts that are closed and still there, the longest first."""
    return await ctx.tx.all(ClosedAccount, CLOSED, (ctx.tenant_id, limit))


async def claim(ctx: RequestContext, user_id: UUID) -> bool:
    """Whoever is told True erases the account in this transaction; False where another process was quicker."""
    return await ctx.tx.run(DELETE, (ctx.tenant_id, user_id)) == 1


async def erase(ctx: RequestContext, user_id: UUID) -> None:
    """The last of a closed account, whose key is gone. What had been under way when it was closed, and hangs on it
    since, goes with it."""
    await ctx.tx.run_many([(sql, (ctx.tenant_id, user_id)) for sql in (*HANGING, DELETE_ACCOUNT)])


async def certified(ctx: RequestContext, account: ClosedAccount, certificate: str) -> None:
    """Keep what was signed about them: this row stays."""
    await ctx.tx.run(ERASED, (ctx.tenant_id, account.user_id, account.requested_at, certificate))


async def find(ctx: RequestContext, user_id: UUID) -> PersonErasure | None:
    """Where it stands with them, who may be gone; None where they aren't to be erased."""
    return await ctx.tx.one(PersonErasure, SELECT, (ctx.tenant_id, user_id))
