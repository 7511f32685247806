"""Rows of `claims_request` ↔ the claims that a sign-in was asked for by name."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from airside.core.strict_json import Json, dumps, loads_object
from airside.store import RequestContext
from airside.vault import Keyset, Place

INSERT: Final = """
insert into airside.claims_request (tenant_id, family_id, claims_sealed, expires_at)
values (%s, %s, %s, %s)
"""

FIND: Final = """
select claims_sealed from airside.claims_request
where tenant_id = %s and family_id = %s and expires_at > %s
"""

SWEEP: Final = "delete from airside.claims_request where tenant_id = %s and expires_at <= %s"


@dataclass(frozen=True, slots=True)
class _Row:
    claims_sealed: bytes


async def insert(
    ctx: RequestContext, keyset: Keyset, family_id: UUID, claims: dict[str, Json], expires_at: datetime
) -> None:
    """Keep the claims of a sign-in.

    Raises:
        UniqueViolation: there are some of this family.
    """
    sealed = keyset.seal(_place(family_id), dumps(claims))
    await ctx.tx.run(INSERT, (ctx.tenant_id, family_id, sealed, expires_at))


async def find(ctx: RequestContext, keyset: Keyset, family_id: UUID) -> dict[str, Json] | None:
    """The claims of the sign-in that started the family, or None."""
    row = await ctx.tx.one(_Row, FIND, (ctx.tenant_id, family_id, ctx.now))
    return None if row is None else loads_object(keyset.open(_place(family_id), row.claims_sealed))


async def sweep(ctx: RequestContext) -> int:
    """Forget what no token refers to any more; how many rows."""
    return await ctx.tx.run(SWEEP, (ctx.tenant_id, ctx.now))


def _place(family_id: UUID) -> Place:
    return Place("claims_request", "claims_sealed", family_id)
