"""Rows of `syslog_progress`: how far the receiver has a tenant's log, and whose turn it is."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from airside.store.context import RequestContext

MAKE: Final = """
insert into airside.syslog_progress (tenant_id, sent_to) values (%s, 0) on conflict (tenant_id) do nothing
"""
CLAIM: Final = """
update airside.syslog_progress set claimed_until = %s
where tenant_id = %s and (claimed_until is null or claimed_until <= %s)
returning sent_to, claimed_until
"""
SETTLE: Final = """
update airside.syslog_progress set sent_to = %s, claimed_until = null where tenant_id = %s and claimed_until = %s
"""
BEHIND: Final = """
select exists (select from airside.audit_tree t
               left join airside.syslog_progress p on p.tenant_id = t.tenant_id
               where t.tenant_id = %s and t.tree_size > coalesce(p.sent_to, 0)) as waits
"""


@dataclass(frozen=True, slots=True)
class Turn:
    """Whoever holds it sends what follows leaf `sent_to`; `claimed_until` tells it from every other turn."""

    sent_to: int
    claimed_until: datetime


@dataclass(frozen=True, slots=True)
class _Waits:
    waits: bool


async def claim(ctx: RequestContext, until: datetime) -> Turn | None:
    """The turn, or None where another has it."""
    await ctx.tx.run(MAKE, (ctx.tenant_id,))
    return await ctx.tx.one(Turn, CLAIM, (until, ctx.tenant_id, ctx.now))


async def settle(ctx: RequestContext, turn: Turn, sent_to: int) -> bool:
    """The receiver has what comes before leaf `sent_to`, and the turn is over. False where it was over before."""
    return await ctx.tx.run(SETTLE, (sent_to, ctx.tenant_id, turn.claimed_until)) == 1


async def behind(ctx: RequestContext) -> bool:
    """Whether the tenant's log is longer than what the receiver has."""
    found = await ctx.tx.one(_Waits, BEHIND, (ctx.tenant_id,))
    return found is not None and found.waits
