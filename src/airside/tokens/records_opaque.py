"""Rows of `opaque_token` ↔ the claims that opaque access tokens stand for."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from airside.core.strict_json import Json, dumps, loads_object
from airside.store import RequestContext

INSERT: Final = "insert into airside.opaque_token (tenant_id, token_hash, claims, expires_at) values (%s, %s, %s, %s)"

FIND: Final = """
select claims from airside.opaque_token
where tenant_id = %s and token_hash = %s and expires_at > %s
"""

SWEEP: Final = "delete from airside.opaque_token where tenant_id = %s and expires_at <= %s"


@dataclass(frozen=True, slots=True)
class _Row:
    claims: str


def put_off(ctx: RequestContext, token_hash: bytes, claims: Mapping[str, Json], expires_at: datetime) -> None:
    """Keep what a token stands for, at the latest with the commit: nobody waits for it before."""
    text = dumps(dict(claims)).decode()
    ctx.tx.put_off([(INSERT, (ctx.tenant_id, token_hash, text, expires_at))])


async def find(ctx: RequestContext, token_hash: bytes) -> Mapping[str, Json] | None:
    """What the token stands for until it ends, or None."""
    row = await ctx.tx.one(_Row, FIND, (ctx.tenant_id, token_hash, ctx.now))
    return None if row is None else loads_object(row.claims.encode())


async def sweep(ctx: RequestContext) -> int:
    """Forget tokens that have ended; how many."""
    return await ctx.tx.run(SWEEP, (ctx.tenant_id, ctx.now))
