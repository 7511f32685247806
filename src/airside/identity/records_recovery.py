"""Rows of recovery codes: keyed hashes only."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from airside.store.context import RequestContext

INSERT: Final = """
insert into airside.recovery_code (tenant_id, user_id, code_hash, created_at)
values (%s, %s, %s, %s)
"""

SPEND: Final = """
delete from airside.recovery_code
where tenant_id = %s and user_id = %s and code_hash = any(%s)
  and exists (select from airside.user_account u where u.tenant_id = %s and u.user_id = %s and u.state = 'active')
"""

REMAINING: Final = """
select count(*) as remaining
from airside.recovery_code
where tenant_id = %s and user_id = %s
"""

REMOVE_ALL: Final = """
delete from airside.recovery_code
where tenant_id = %s and user_id = %s
"""

REMOVE_ORPHANED: Final = """
delete from airside.recovery_code
where tenant_id = %s and user_id = %s
  and not exists (select from airside.totp_factor f
                  where f.tenant_id = %s and f.user_id = %s and f.confirmed_at is not null)
  and not exists (select from airside.passkey p where p.tenant_id = %s and p.user_id = %s)
"""


@dataclass(frozen=True, slots=True)
class _Remaining:
    remaining: int


async def replace(ctx: RequestContext, user_id: UUID, hashes: Collection[bytes]) -> None:
    """Store these in the place of all that were there. The caller has taken the user's row."""
    await ctx.tx.run_many(
        [
            (REMOVE_ALL, (ctx.tenant_id, user_id)),
            *((INSERT, (ctx.tenant_id, user_id, hashed, ctx.now)) for hashed in hashes),
        ]
    )


async def spend(ctx: RequestContext, user_id: UUID, hashes: Collection[bytes]) -> bool:
    """Spend an active user's code once; False where it is no code of theirs, or is spent."""
    return await ctx.tx.run(SPEND, (ctx.tenant_id, user_id, list(hashes), ctx.tenant_id, user_id)) == 1


async def remaining(ctx: RequestContext, user_id: UUID) -> int:
    """How many are unspent."""
    row = await ctx.tx.one(_Remaining, REMAINING, (ctx.tenant_id, user_id))
    return 0 if row is None else row.remaining


async def remove_orphaned(ctx: RequestContext, user_id: UUID) -> int:
    """Delete them where the user has no other second factor; how many. The caller has taken the user's row."""
    return await ctx.tx.run(REMOVE_ORPHANED, (ctx.tenant_id, user_id) * 3)
