"""Rows of pushed authorization requests."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from airside.oauth.model import PUSHED_LIFETIME
from airside.store import RequestContext
from airside.vault import Keyset, Place

INSERT: Final = """
insert into airside.pushed_request (tenant_id, request_hash, pushed_id, client_id, parameters_sealed, created_at,
    expires_at)
values (%s, %s, %s, %s, %s, %s, %s)
"""

TAKE: Final = """
delete from airside.pushed_request
where tenant_id = %s and request_hash = %s and client_id = %s and expires_at > %s
returning pushed_id, parameters_sealed
"""

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


async def take(ctx: RequestContext, keyset: Keyset, request_hash: bytes, client_id: UUID) -> bytes | None:
    """Single use: what was pushed, for the one caller who takes it; None for everybody else."""
    row = await ctx.tx.one(_Row, TAKE, (ctx.tenant_id, request_hash, client_id, ctx.now))
    return None if row is None else keyset.open(_place(row.pushed_id), row.parameters_sealed)


async def sweep(ctx: RequestContext) -> int:
    """Forget what nobody came for; how many."""
    return await ctx.tx.run(SWEEP, (ctx.tenant_id, ctx.now))


def _place(pushed_id: UUID) -> Place:
    return Place("pushed_request", "parameters_sealed", pushed_id)
