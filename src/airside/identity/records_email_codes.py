"""Rows of one-time codes in the mail. The code itself stands in none of them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from airside.store.context import RequestContext

OPEN: Final = """
select code_id
from airside.email_code
where tenant_id = %s and flow_id = %s and user_id = %s and expires_at > %s and tries < %s
"""

BY_ID: Final = """
select code_id
from airside.email_code
where tenant_id = %s and code_id = %s and expires_at > %s and tries < %s
"""

PUT: Final = """
insert into airside.email_code (tenant_id, flow_id, code_id, user_id, tries, created_at, expires_at)
values (%s, %s, %s, %s, 0, %s, %s)
on conflict (tenant_id, flow_id) do update
set code_id = excluded.code_id, user_id = excluded.user_id, tries = 0, created_at = excluded.created_at,
    expires_at = excluded.expires_at
"""

PUT_UNLESS_OPEN: Final = """
insert into airside.email_code as c (tenant_id, flow_id, code_id, user_id, tries, created_at, expires_at)
values (%s, %s, %s, %s, 0, %s, %s)
on conflict (tenant_id, flow_id) do update
set code_id = excluded.code_id, user_id = excluded.user_id, tries = 0, created_at = excluded.created_at,
    expires_at = excluded.expires_at
where c.user_id <> excluded.user_id or c.expires_at <= excluded.created_at or c.tries >= %s
"""

TRY: Final = """
update airside.email_code
set tries = tries + 1
where tenant_id = %s and flow_id = %s and user_id = %s and expires_at > %s and tries < %s
  and exists (select from airside.user_account u where u.tenant_id = %s and u.user_id = %s and u.state = 'active')
returning code_id
"""

SPEND: Final = """
delete from airside.email_code
where tenant_id = %s and flow_id = %s and code_id = %s
"""

SWEEP: Final = """
delete from airside.email_code
where tenant_id = %s and expires_at <= %s
"""

MAX_TRIES: Final = 5
"""Tries at one code; the sixth isn't looked at."""


@dataclass(frozen=True, slots=True)
class _Row:
    code_id: UUID


@dataclass(frozen=True, slots=True)
class Draft:
    """A code about to be sent."""

    flow_id: UUID
    code_id: UUID
    user_id: UUID
    expires_at: datetime


async def is_open(ctx: RequestContext, flow_id: UUID, user_id: UUID) -> bool:
    """Whether the flow has a code of that person that could still be right."""
    return await ctx.tx.one(_Row, OPEN, (ctx.tenant_id, flow_id, user_id, ctx.now, MAX_TRIES)) is not None


async def is_live(ctx: RequestContext, code_id: UUID) -> bool:
    """Whether that code could still be right, in whichever flow."""
    return await ctx.tx.one(_Row, BY_ID, (ctx.tenant_id, code_id, ctx.now, MAX_TRIES)) is not None


async def put(ctx: RequestContext, draft: Draft) -> None:
    """Make it the flow's only code.

    Raises:
        ForeignKeyViolation: no such user.
    """
    await ctx.tx.run(PUT, _values(ctx, draft))


async def put_unless_open(ctx: RequestContext, draft: Draft) -> bool:
    """Make it the flow's only code unless there is one that could still be right; then False. Raises as `put`."""
    return await ctx.tx.run(PUT_UNLESS_OPEN, (*_values(ctx, draft), MAX_TRIES)) == 1


async def try_once(ctx: RequestContext, flow_id: UUID, user_id: UUID) -> UUID | None:
    """Count a try at the flow's code, and which it is; None where there is none, or none that has a try left."""
    key = (ctx.tenant_id, flow_id, user_id, ctx.now, MAX_TRIES)
    row = await ctx.tx.one(_Row, TRY, (*key, ctx.tenant_id, user_id))
    return None if row is None else row.code_id


async def spend(ctx: RequestContext, flow_id: UUID, code_id: UUID) -> bool:
    """Spend it once."""
    return await ctx.tx.run(SPEND, (ctx.tenant_id, flow_id, code_id)) == 1


async def sweep(ctx: RequestContext) -> int:
    """Delete what has expired; how many."""
    return await ctx.tx.run(SWEEP, (ctx.tenant_id, ctx.now))


def _values(ctx: RequestContext, draft: Draft) -> tuple[object, ...]:
    return (ctx.tenant_id, draft.flow_id, draft.code_id, draft.user_id, ctx.now, draft.expires_at)
