"""Everything that somebody can prove themselves with, in one statement."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from airside.identity.model import TotpFactor
from airside.protocols import otp
from airside.store.context import RequestContext

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

REMOVE_TOTP: Final = """
delete from airside.totp_factor
where tenant_id = %s and user_id = %s
"""

REMOVE_RECOVERY_CODES: Final = """
delete from airside.recovery_code
where tenant_id = %s and user_id = %s
"""


@dataclass(frozen=True, slots=True)
class _HeldRow:
    password: bool
    recovery_codes: int
    totp_ids: list[UUID]
    totp_since: list[datetime]
    totp_steps: list[int]


@dataclass(frozen=True, slots=True)
class Held:
    """What the tables of this piece say of a person."""

    password: bool
    totp: tuple[TotpFactor, ...]
    recovery_codes: int


async def held(ctx: RequestContext, user_id: UUID) -> Held:
    """Nothing of anything for who isn't there."""
    row = await ctx.tx.one(_HeldRow, HELD, (ctx.tenant_id, user_id) * 5)
    if row is None:
        return Held(False, (), 0)
    columns = zip(row.totp_ids, row.totp_since, row.totp_steps, strict=True)
    factors = tuple(
        TotpFactor(factor_id, since, datetime.fromtimestamp(step * otp.STEP, UTC)) for factor_id, since, step in columns
    )
    return Held(row.password, factors, row.recovery_codes)


async def remove_all(ctx: RequestContext, user_id: UUID) -> tuple[int, int]:
    """Delete the person's generators, also those that wait for their first code, and their recovery codes; how many of
    each."""
    key = (ctx.tenant_id, user_id)
    totp, codes = await ctx.tx.run_many([(REMOVE_TOTP, key), (REMOVE_RECOVERY_CODES, key)])
    return totp, codes
