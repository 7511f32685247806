"""Rows of `app_secret_lease`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from airside.store import RequestContext

INSERT: Final = """
insert into airside.app_secret_lease (tenant_id, lease_id, secret_id, version, holder, expires_at, ends_at)
values (%s, %s, %s, %s, %s, %s, %s)
"""
COUNT: Final = """
select count(*) as number from airside.app_secret_lease where tenant_id = %s and secret_id = %s and expires_at > %s
"""
RENEW: Final = """
update airside.app_secret_lease l set expires_at = least(%s, l.ends_at)
where l.tenant_id = %s and l.lease_id = %s and l.holder = %s and l.expires_at > %s
  and exists (select from airside.app_secret s
              join airside.app_secret_version v on v.tenant_id = s.tenant_id and v.secret_id = s.secret_id
              where s.tenant_id = %s and s.path = %s and s.secret_id = l.secret_id and v.version = l.version
                and v.state = 'active')
returning l.version, l.expires_at
"""
REVOKE: Final = """
delete from airside.app_secret_lease l
where l.tenant_id = %s and l.lease_id = %s
  and exists (select from airside.app_secret s
              where s.tenant_id = l.tenant_id and s.tenant_id = %s and s.path = %s and s.secret_id = l.secret_id)
"""
SWEEP: Final = "delete from airside.app_secret_lease where tenant_id = %s and expires_at < %s"


@dataclass(frozen=True, slots=True)
class Renewed:
    """A lease that goes on."""

    version: int
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class _Count:
    number: int


async def insert(
    ctx: RequestContext, lease_id: UUID, secret_id: UUID, version: int, *, expires_at: datetime, ends_at: datetime
) -> None:
    """A lease of whoever asks."""
    row = (ctx.tenant_id, lease_id, secret_id, version, ctx.principal.subject, expires_at, ends_at)
    await ctx.tx.run(INSERT, row)


async def count(ctx: RequestContext, secret_id: UUID) -> int:
    """How many hold the secret now."""
    found = await ctx.tx.one(_Count, COUNT, (ctx.tenant_id, secret_id, ctx.now))
    return 0 if found is None else found.number


async def renew(ctx: RequestContext, path: str, lease_id: UUID, until: datetime) -> Renewed | None:
    """The lease of whoever asks, longer, if it isn't over and its version can still be read."""
    params = (until, ctx.tenant_id, lease_id, ctx.principal.subject, ctx.now, ctx.tenant_id, path)
    return await ctx.tx.one(Renewed, RENEW, params)


async def revoke(ctx: RequestContext, path: str, lease_id: UUID) -> bool:
    """Whether there was such a lease of the secret at `path`."""
    return await ctx.tx.run(REVOKE, (ctx.tenant_id, lease_id, ctx.tenant_id, path)) == 1


async def sweep(ctx: RequestContext) -> None:
    """Forget leases that are over."""
    await ctx.tx.run(SWEEP, (ctx.tenant_id, ctx.now))
