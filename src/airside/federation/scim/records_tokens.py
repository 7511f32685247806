"""Rows of `scim_token` ↔ `ScimToken`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from airside.federation.scim.model import ScimToken
from airside.store.context import RequestContext

INSERT: Final = """
insert into airside.scim_token (tenant_id, token_id, connection_id, setup_id, token_hash, created_at, expires_at)
values (%s, %s, %s, %s, %s, %s, %s)
"""
# A token of a disabled connection is nobody's (N18).
FIND: Final = """
select t.token_id, t.connection_id, t.setup_id, t.created_at, t.expires_at, t.last_used_at
from airside.scim_token t
join airside.connection c on c.tenant_id = t.tenant_id and c.connection_id = t.connection_id and c.state = 'active'
where t.tenant_id = %s and t.token_hash = %s and t.expires_at > %s
"""
LIST: Final = """
select token_id, connection_id, setup_id, created_at, expires_at, last_used_at
from airside.scim_token
where tenant_id = %s and connection_id = %s and expires_at > %s
order by token_id
"""
SEEN: Final = """
update airside.scim_token set last_used_at = %s
where tenant_id = %s and token_id = %s and (last_used_at is null or last_used_at < %s)
"""
DELETE: Final = "delete from airside.scim_token where tenant_id = %s and connection_id = %s and token_id = %s"
SWEEP: Final = "delete from airside.scim_token where tenant_id = %s and expires_at <= %s"
CONNECTION: Final = """
select connection_id from airside.connection where tenant_id = %s and connection_id = %s for no key update
"""


@dataclass(frozen=True, slots=True)
class _Taken:
    connection_id: UUID


async def take_connection(ctx: RequestContext, connection_id: UUID) -> bool:
    """Whether there is such a connection; nobody else makes a token of it until this transaction ends."""
    return await ctx.tx.one(_Taken, CONNECTION, (ctx.tenant_id, connection_id)) is not None


async def insert(ctx: RequestContext, token: ScimToken, token_hash: bytes) -> None:
    ids = (ctx.tenant_id, token.token_id, token.connection_id, token.setup_id)
    await ctx.tx.run(INSERT, (*ids, token_hash, token.created_at, token.expires_at))


async def find(ctx: RequestContext, token_hash: bytes) -> ScimToken | None:
    """The live token of an active connection."""
    return await ctx.tx.one(ScimToken, FIND, (ctx.tenant_id, token_hash, ctx.now))


async def live(ctx: RequestContext, connection_id: UUID) -> list[ScimToken]:
    return await ctx.tx.all(ScimToken, LIST, (ctx.tenant_id, connection_id, ctx.now))


def seen(ctx: RequestContext, token_id: UUID, before: datetime) -> None:
    """Note the use, unless one was noted since `before`; nobody waits for it."""
    ctx.tx.put_off([(SEEN, (ctx.now, ctx.tenant_id, token_id, before))])


async def delete(ctx: RequestContext, connection_id: UUID, token_id: UUID) -> bool:
    return await ctx.tx.run(DELETE, (ctx.tenant_id, connection_id, token_id)) == 1


async def sweep(ctx: RequestContext) -> int:
    return await ctx.tx.run(SWEEP, (ctx.tenant_id, ctx.now))
