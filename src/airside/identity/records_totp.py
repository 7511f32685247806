"""Rows of generators of codes. Their secrets open here and nowhere else."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from airside.core.secret import Secret
from airside.store.context import RequestContext
from airside.vault import Place, Seals

PUT_PENDING: Final = """
insert into airside.totp_factor (tenant_id, factor_id, user_id, secret_sealed, last_step, created_at)
values (%s, %s, %s, %s, 0, %s)
on conflict (tenant_id, user_id) where confirmed_at is null do update
set factor_id = excluded.factor_id, secret_sealed = excluded.secret_sealed, created_at = excluded.created_at
"""

PENDING: Final = """
select factor_id, secret_sealed
from airside.totp_factor
where tenant_id = %s and factor_id = %s and user_id = %s and confirmed_at is null and created_at > %s
"""

# The user's row is taken by then, so nobody else confirms another one between the counting and the writing.
CONFIRM: Final = """
update airside.totp_factor
set confirmed_at = %s, last_step = %s
where tenant_id = %s and factor_id = %s and user_id = %s and confirmed_at is null and created_at > %s
  and (select count(*) from airside.totp_factor o
       where o.tenant_id = %s and o.user_id = %s and o.confirmed_at is not null) < %s
  and exists (select from airside.user_account u where u.tenant_id = %s and u.user_id = %s and u.state = 'active')
"""

CONFIRMED: Final = """
select f.factor_id, f.secret_sealed
from airside.totp_factor f
join airside.user_account u on u.tenant_id = f.tenant_id and u.user_id = f.user_id and u.state = 'active'
where f.tenant_id = %s and f.user_id = %s and f.confirmed_at is not null
order by f.factor_id
"""

COUNT: Final = """
select count(*) as confirmed
from airside.totp_factor
where tenant_id = %s and user_id = %s and confirmed_at is not null
"""

SPEND_STEP: Final = """
update airside.totp_factor
set last_step = %s
where tenant_id = %s and factor_id = %s and user_id = %s and confirmed_at is not null and last_step < %s
"""

REMOVE: Final = """
delete from airside.totp_factor
where tenant_id = %s and factor_id = %s and user_id = %s and confirmed_at is not null
"""

SWEEP: Final = """
delete from airside.totp_factor
where tenant_id = %s and confirmed_at is null and created_at <= %s
"""


@dataclass(frozen=True, slots=True)
class _Row:
    factor_id: UUID
    secret_sealed: bytes


@dataclass(frozen=True, slots=True)
class _Count:
    confirmed: int


@dataclass(frozen=True, slots=True)
class Generator:
    """A factor and its secret: what a code is compared with."""

    factor_id: UUID
    secret: Secret[bytes]


async def put_pending(ctx: RequestContext, seals: Seals, user_id: UUID, made: Generator) -> None:
    """Store it in the place of whatever the user had begun before. The caller has taken the user's row."""
    sealed = seals.seal(_place(made.factor_id), made.secret.reveal())
    await ctx.tx.run(PUT_PENDING, (ctx.tenant_id, made.factor_id, user_id, sealed, ctx.now))


async def pending(
    ctx: RequestContext, seals: Seals, user_id: UUID, factor_id: UUID, since: datetime
) -> Generator | None:
    """The user's unconfirmed factor of that id, begun after `since`."""
    row = await ctx.tx.one(_Row, PENDING, (ctx.tenant_id, factor_id, user_id, since))
    return None if row is None else _generator(seals, row)


async def confirm(ctx: RequestContext, user_id: UUID, factor_id: UUID, step: int, since: datetime, most: int) -> bool:
    """Confirm it once, its `step` spent; False where it was confirmed or replaced already, has expired, or the user
    has `most` of them or isn't active. The caller has taken the user's row."""
    key = (ctx.tenant_id, factor_id, user_id, since)
    return await ctx.tx.run(CONFIRM, (ctx.now, step, *key, ctx.tenant_id, user_id, most, ctx.tenant_id, user_id)) == 1


async def confirmed(ctx: RequestContext, seals: Seals, user_id: UUID) -> list[Generator]:
    """The confirmed factors of an active user."""
    rows = await ctx.tx.all(_Row, CONFIRMED, (ctx.tenant_id, user_id))
    return [_generator(seals, row) for row in rows]


async def count(ctx: RequestContext, user_id: UUID) -> int:
    """How many confirmed factors the user has."""
    row = await ctx.tx.one(_Count, COUNT, (ctx.tenant_id, user_id))
    return 0 if row is None else row.confirmed


async def spend_step(ctx: RequestContext, user_id: UUID, factor_id: UUID, step: int) -> bool:
    """Spend a time step and every one before it; False where it is spent."""
    return await ctx.tx.run(SPEND_STEP, (step, ctx.tenant_id, factor_id, user_id, step)) == 1


async def remove(ctx: RequestContext, user_id: UUID, factor_id: UUID) -> bool:
    """False where it is not there, not confirmed, or not the user's."""
    return await ctx.tx.run(REMOVE, (ctx.tenant_id, factor_id, user_id)) == 1


async def sweep(ctx: RequestContext, until: datetime) -> int:
    """Delete what was begun by `until` and never confirmed; how many."""
    return await ctx.tx.run(SWEEP, (ctx.tenant_id, until))


def _generator(seals: Seals, row: _Row) -> Generator:
    return Generator(row.factor_id, Secret(seals.open(_place(row.factor_id), row.secret_sealed)))


def _place(factor_id: UUID) -> Place:
    return Place("totp_factor", "secret_sealed", factor_id)
