"""Rows of `spent_proof`: what has been used once and must not come again."""

from datetime import datetime
from typing import Final

from airside.store import RequestContext

SPEND: Final = """
insert into airside.spent_proof (tenant_id, kind, proof_hash, expires_at) values (%s, %s, %s, %s)
on conflict do nothing
"""

SWEEP: Final = "delete from airside.spent_proof where tenant_id = %s and expires_at < %s"


async def spend(ctx: RequestContext, kind: str, proof_hash: bytes, expires_at: datetime) -> bool:
    """Single use: whether it was this caller who spent it."""
    return await ctx.tx.run(SPEND, (ctx.tenant_id, kind, proof_hash, expires_at)) == 1


async def sweep(ctx: RequestContext) -> int:
    """Forget what time refuses by now; how many rows."""
    return await ctx.tx.run(SWEEP, (ctx.tenant_id, ctx.now))
