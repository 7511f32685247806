"""Rows of `airside.tenant_lock` and `airside.network_ban` ↔ `Lockdown`."""

from dataclasses import dataclass
from datetime import datetime
from ipaddress import ip_network
from typing import Final
from uuid import UUID

from airside.store import RequestContext
from airside.tenancy.model_lockdown import Ban, Lock, Lockdown

LOCKED: Final = "select locked_by, locked_at from airside.tenant_lock where tenant_id = %s"
BANS: Final = """
select ban_id, network, banned_by, banned_at, expires_at
from airside.network_ban
where tenant_id = %s and expires_at > %s
order by ban_id
"""
LOCK: Final = """
insert into airside.tenant_lock (tenant_id, locked_by, locked_at) values (%s, %s, %s)
on conflict (tenant_id) do nothing
"""
UNLOCK: Final = "delete from airside.tenant_lock where tenant_id = %s"
INSERT_BAN: Final = """
insert into airside.network_ban (tenant_id, ban_id, network, banned_by, banned_at, expires_at)
values (%s, %s, %s, %s, %s, %s)
"""
LIFT: Final = """
delete from airside.network_ban where tenant_id = %s and ban_id = %s
returning ban_id, network, banned_by, banned_at, expires_at
"""
SWEEP: Final = "delete from airside.network_ban where tenant_id = %s and expires_at <= %s"


@dataclass(frozen=True, slots=True)
class _BanRow:
    ban_id: UUID
    network: str
    banned_by: str
    banned_at: datetime
    expires_at: datetime


async def load(ctx: RequestContext) -> Lockdown:
    """What holds for the context's tenant now."""
    locks, bans = await ctx.tx.two(
        (Lock, LOCKED, (ctx.tenant_id,)),
        (_BanRow, BANS, (ctx.tenant_id, ctx.now)),
    )
    return Lockdown(locks[0] if locks else None, [_ban(row) for row in bans])


async def lock(ctx: RequestContext) -> bool:
    """Whether it was this caller who locked it."""
    return await ctx.tx.run(LOCK, (ctx.tenant_id, ctx.principal.subject, ctx.now)) == 1


async def unlock(ctx: RequestContext) -> bool:
    """Whether it was this caller who unlocked it."""
    return await ctx.tx.run(UNLOCK, (ctx.tenant_id,)) == 1


async def insert_ban(ctx: RequestContext, ban: Ban) -> None:
    row = (ctx.tenant_id, ban.ban_id, str(ban.network), ban.banned_by, ban.banned_at, ban.expires_at)
    await ctx.tx.run(INSERT_BAN, row)


async def lift(ctx: RequestContext, ban_id: UUID) -> Ban | None:
    """The ban that was lifted; None where there is none."""
    row = await ctx.tx.one(_BanRow, LIFT, (ctx.tenant_id, ban_id))
    return None if row is None else _ban(row)


async def sweep(ctx: RequestContext) -> int:
    """Forget bans that are over; how many."""
    return await ctx.tx.run(SWEEP, (ctx.tenant_id, ctx.now))


def _ban(row: _BanRow) -> Ban:
    return Ban(row.ban_id, ip_network(row.network), row.banned_by, row.banned_at, row.expires_at)
