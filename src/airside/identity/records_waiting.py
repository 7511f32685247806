"""Rows of people whose erasure waits. Whoever asks, cancels, disables or enables takes the account first and looks
then, in another statement: one statement alone would see what was before the wait for the row."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from airside.identity.model import UserState
from airside.store.context import RequestContext

TAKE: Final = "select state from airside.user_account where tenant_id = %s and user_id = %s for no key update"
INSERT: Final = """
insert into airside.person_erasure (tenant_id, user_id, requested_at, requested_by, due_at, state, former_state)
values (%s, %s, %s, %s, %s, 'waiting', %s)
on conflict (tenant_id, user_id) do nothing
"""
CANCEL: Final = """
delete from airside.person_erasure
where tenant_id = %s and user_id = %s and state = 'waiting' and due_at > %s
returning former_state as state
"""
WAITS: Final = """
select due_at from airside.person_erasure where tenant_id = %s and user_id = %s and state = 'waiting'
"""
STAY_DISABLED: Final = """
update airside.person_erasure set former_state = 'disabled'
where tenant_id = %s and user_id = %s and state = 'waiting'
"""
DUE: Final = """
select user_id from airside.person_erasure
where tenant_id = %s and state = 'waiting' and due_at <= %s
order by due_at, user_id
limit %s
"""
BEGIN: Final = """
update airside.person_erasure set state = 'closed', former_state = null
where tenant_id = %s and user_id = %s and state = 'waiting' and due_at <= %s
"""


@dataclass(frozen=True, slots=True)
class _State:
    state: UserState


@dataclass(frozen=True, slots=True)
class _Due:
    due_at: datetime


@dataclass(frozen=True, slots=True)
class _User:
    user_id: UUID


async def take(ctx: RequestContext, user_id: UUID) -> UserState | None:
    """The account's state, which stays until the transaction ends; None where there is none."""
    row = await ctx.tx.one(_State, TAKE, (ctx.tenant_id, user_id))
    return None if row is None else row.state


async def insert(ctx: RequestContext, user_id: UUID, due_at: datetime, by: str, former: UserState) -> bool:
    """False where they are to be erased already."""
    row = (ctx.tenant_id, user_id, ctx.now, by, due_at, former)
    return await ctx.tx.run(INSERT, row) == 1


async def cancel(ctx: RequestContext, user_id: UUID) -> UserState | None:
    """What the account was before; None where nothing waits, or it is due."""
    row = await ctx.tx.one(_State, CANCEL, (ctx.tenant_id, user_id, ctx.now))
    return None if row is None else row.state


async def waits(ctx: RequestContext, user_id: UUID) -> datetime | None:
    """When they are erased, if that waits."""
    row = await ctx.tx.one(_Due, WAITS, (ctx.tenant_id, user_id))
    return None if row is None else row.due_at


async def stay_disabled(ctx: RequestContext, user_id: UUID) -> None:
    """Whoever cancels doesn't enable them either."""
    await ctx.tx.run(STAY_DISABLED, (ctx.tenant_id, user_id))


async def due(ctx: RequestContext, limit: int) -> list[UUID]:
    """Whose time has come, the longest first."""
    return [row.user_id for row in await ctx.tx.all(_User, DUE, (ctx.tenant_id, ctx.now, limit))]


async def begin(ctx: RequestContext, user_id: UUID) -> bool:
    """Whoever is told True closes the account in this transaction; False where it was cancelled or is closed."""
    return await ctx.tx.run(BEGIN, (ctx.tenant_id, user_id, ctx.now)) == 1
