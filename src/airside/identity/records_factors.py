"""Everything that somebody can prove themselves with, in one flush."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from airside.identity import records_passkeys
from airside.identity.model import Enrolled, TotpFactor
from airside.protocols import otp
from airside.store.context import RequestContext
from airside.vault import Seals

HELD: Final = """
select
    exists (select from airside.password_credential p where p.tenant_id = %s and p.user_id = %s) as password,
    (select count(*) from airside.recovery_code r where r.tenant_id = %s and r.user_id = %s) as recovery_codes,
    array(select f.factor_id from airside.totp_factor f
          where f.tenant_id = %s and f.user_id = %s and f.confirmed_at is not null order by f.factor_id) as totp_ids,
    array(select f.confirmed_at from airside.totp_factor f
          where f.tenant_id = %s and f.user_id = %s and f.confirmed_at is not null order by f.factor_id) as totp_since,
    array(select f.last_step from airside.totp_factor f
          where f.tenant_id = %s and f.user_id = %s and f.confirmed_at is not null order by f.factor_id) as totp_steps
"""

SECOND: Final = """
select exists (select from airside.totp_factor f
               where f.tenant_id = %s and f.user_id = %s and f.confirmed_at is not null)
    or exists (select from airside.passkey p where p.tenant_id = %s and p.user_id = %s) as there
"""

REMOVE_TOTP: Final = """
delete from airside.totp_factor
where tenant_id = %s and user_id = %s
"""

REMOVE_PASSKEYS: Final = """
delete from airside.passkey
where tenant_id = %s and user_id = %s
"""

# Of registrations: a proof's challenge is nobody's.
REMOVE_CHALLENGES: Final = """
delete from airside.passkey_challenge
where tenant_id = %s and user_id = %s
"""

REMOVE_RECOVERY_CODES: Final = """
delete from airside.recovery_code
where tenant_id = %s and user_id = %s
"""


@dataclass(frozen=True, slots=True)
class _Held:
    password: bool
    recovery_codes: int
    totp_ids: list[UUID]
    totp_since: list[datetime]
    totp_steps: list[int]


@dataclass(frozen=True, slots=True)
class _Second:
    there: bool


@dataclass(frozen=True, slots=True)
class Removed:
    """How many of each were there."""

    totp: int
    recovery_codes: int
    passkeys: int


async def enrolled(ctx: RequestContext, seals: Seals, user_id: UUID) -> Enrolled:
    """What the person has, in one flush; nothing of anything for who isn't there."""
    held = (_Held, HELD, (ctx.tenant_id, user_id) * 5)
    (row,), passkeys = await records_passkeys.of_user_beside(ctx, seals, user_id, held)
    columns = zip(row.totp_ids, row.totp_since, row.totp_steps, strict=True)
    factors = tuple(TotpFactor(factor_id, since, otp.moment_of(step)) for factor_id, since, step in columns)
    return Enrolled(row.password, factors, tuple(passkeys), row.recovery_codes)


async def has_second(ctx: RequestContext, user_id: UUID) -> bool:
    """Whether the person has a generator or a passkey."""
    row = await ctx.tx.one(_Second, SECOND, (ctx.tenant_id, user_id) * 2)
    return row is not None and row.there


async def remove_all(ctx: RequestContext, user_id: UUID) -> Removed:
    """Delete everything beyond the person's password, also what was begun and isn't finished. The caller has taken the
    user's row."""
    statements = (REMOVE_TOTP, REMOVE_RECOVERY_CODES, REMOVE_PASSKEYS, REMOVE_CHALLENGES)
    totp, codes, passkeys, _ = await ctx.tx.run_many([(sql, (ctx.tenant_id, user_id)) for sql in statements])
    return Removed(totp, codes, passkeys)
