"""Rows of the tuples table whose time is over."""

from dataclasses import dataclass
from typing import Final

from airside.permissions.model import TupleKey
from airside.store.context import RequestContext

STORES: Final = """
select distinct t.store_id as id
from airside.permission_tuple t
join airside.permission_store s on s.tenant_id = t.tenant_id and s.store_id = t.store_id
where t.tenant_id = %s and t.expires_at <= %s and s.deleted_at is null
limit %s
"""

EXPIRED: Final = """
select object_type || ':' || object_id as object, relation,
    subject_type || ':' || subject_id || case subject_relation when '' then '' else '#' || subject_relation end as user
from airside.permission_tuple
where tenant_id = %s and store_id = %s and expires_at <= %s
limit %s
"""


@dataclass(frozen=True, slots=True)
class _Store:
    id: str


async def stores(ctx: RequestContext, *, limit: int) -> list[str]:
    """Stores that have such tuples."""
    return [row.id for row in await ctx.tx.all(_Store, STORES, (ctx.tenant_id, ctx.now, limit))]


async def expired(ctx: RequestContext, store_id: str, *, limit: int) -> list[TupleKey]:
    """Those of a store."""
    return await ctx.tx.all(TupleKey, EXPIRED, (ctx.tenant_id, store_id, ctx.now, limit))
