"""What hangs on a user, row by row, and how all of it goes. A test compares this list with the database's columns."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

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
CLOSED: Final = """
select user_id from airside.user_erasure
where tenant_id = %s
order by closed_at, user_id
limit %s
"""
DELETE: Final = "delete from airside.user_erasure where tenant_id = %s and user_id = %s"
DELETE_ACCOUNT: Final = "delete from airside.user_account where tenant_id = %s and user_id = %s"


@dataclass(frozen=True, slots=True)
class _Closed:
    user_id: UUID


async def close(ctx: RequestContext, user_id: UUID) -> bool:
    """Disable the account, take everything that hangs on it, and note that it goes; False where there is none."""
    if await ctx.tx.run(CLOSE, (ctx.tenant_id, user_id)) != 1:
        return False
    await ctx.tx.run_many([(sql, (ctx.tenant_id, user_id)) for sql in HANGING])
    await ctx.tx.run(INSERT, (ctx.tenant_id, user_id, ctx.now))
    return True


async def closed(ctx: RequestContext, limit: int) -> list[UUID]:
    """Accounts that are closed and still there, the longest first."""
    return [row.user_id for row in await ctx.tx.all(_Closed, CLOSED, (ctx.tenant_id, limit))]


async def claim(ctx: RequestContext, user_id: UUID) -> bool:
    """Whoever is told True erases the account in this transaction; False where another process was quicker."""
    return await ctx.tx.run(DELETE, (ctx.tenant_id, user_id)) == 1


async def erase(ctx: RequestContext, user_id: UUID) -> None:
    """The last of a closed account, whose key is gone. What had been under way when it was closed, and hangs on it
    since, goes with it."""
    await ctx.tx.run_many([(sql, (ctx.tenant_id, user_id)) for sql in (*HANGING, DELETE_ACCOUNT)])
