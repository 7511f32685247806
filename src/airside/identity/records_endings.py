"""Rows of sessions that end, or count for nothing, all at once."""

from typing import Final
from uuid import UUID

from airside.store.context import RequestContext, Statement

# Whoever starts a session shares this, whoever ends all of a tenant takes it: neither misses the other.
STARTING: Final = "select pg_advisory_xact_lock_shared(hashtextextended(%s, 0))"
ENDING: Final = "select pg_advisory_xact_lock(hashtextextended(%s, 0))"

END_EVERYBODYS: Final = """
update airside.user_session set ended_at = %s
where tenant_id = %s and ended_at is null and expires_at > %s
"""
OUTDATE: Final = """
update airside.user_session set outdated_at = %s
where tenant_id = %s and (%s::uuid is null or user_id = %s::uuid) and ended_at is null and expires_at > %s
"""


def starting(ctx: RequestContext) -> Statement:
    """Who ends all sessions of the tenant waits for this transaction."""
    return STARTING, (_queue(ctx),)


async def end_everybodys(ctx: RequestContext) -> int:
    """Those that are there once everybody who is starting one has finished."""
    await ctx.tx.run(ENDING, (_queue(ctx),))
    return await ctx.tx.run(END_EVERYBODYS, (ctx.now, ctx.tenant_id, ctx.now))


async def outdate(ctx: RequestContext, user_id: UUID | None) -> int:
    """Those of a user, or of everybody, that are there once everybody who is starting one has finished."""
    await ctx.tx.run(ENDING, (_queue(ctx),))
    return await ctx.tx.run(OUTDATE, (ctx.now, ctx.tenant_id, user_id, user_id, ctx.now))


def _queue(ctx: RequestContext) -> str:
    return f"sessions {ctx.tenant_id}"
