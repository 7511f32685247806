"""Rows of pushed authorization requests."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from airside.oauth.model import PUSHED_LIFETIME, REQUEST_LIFETIME
from airside.store import RequestContext
from airside.vault import Keyset, Place

INSERT: Final = """
insert into airside.pushed_request (tenant_id, request_hash, pushed_id, client_id, parameters_sealed, created_at,
    expires_at)
values (%s, %s, %s, %s, %s, %s, %s)
"""

FIND: Final = """
select pushed_id, parameters_sealed from airside.pushed_request
where tenant_id = %s and request_hash = %s and client_id = %s and expires_at > %s
"""

SPEND: Final = "delete from airside.pushed_request where tenant_id = %s and request_hash = %s and client_id = %s"

SWEEP: Final = "delete from airside.pushed_request where tenant_id = %s and expires_at <= %s"


@dataclass(frozen=True, slots=True)
class _Row:
    pushed_id: UUID
    parameters_sealed: bytes


async def insert(
    ctx: RequestContext, keyset: Keyset, pushed_id: UUID, request_hash: bytes, client_id: UUID, parameters: bytes
) -> None:
    """Keep what a client pushed for `PUSHED_LIFETIME`."""
    sealed = keyset.seal(_place(pushed_id), parameters)
    place = (ctx.tenant_id, request_hash, pushed_id, client_id)
    await ctx.tx.run(INSERT, (*place, sealed, ctx.now, ctx.now + PUSHED_LIFETIME))


async def find(ctx: RequestContext, keyset: Keyset, request_hash: bytes, client_id: UUID) -> bytes | None:
    """What was pushed, while its reference opens a page."""
    row = await ctx.tx.one(_Row, FIND, (ctx.tenant_id, request_hash, client_id, ctx.now))
    return None if row is None else keyset.open(_place(row.pushed_id), row.parameters_sealed)


async def spend(ctx: RequestContext, request_hash: bytes, client_id: UUID) -> bool:
    """Single use: True for the one caller who may answer what was pushed."""
    return await ctx.tx.run(SPEND, (ctx.tenant_id, request_hash, client_id)) == 1


async def sweep(ctx: RequestContext) -> int:
    """Forget what nobody came for, and what whoever came can't finish any more; how many."""
    return await ctx.tx.run(SWEEP, (ctx.tenant_id, ctx.now - REQUEST_LIFETIME))


def _place(pushed_id: UUID) -> Place:
    return Place("pushed_request", "parameters_sealed", pushed_id)
