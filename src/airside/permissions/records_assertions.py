"""Rows of the assertions table: one a model, its body as JSON."""

from dataclasses import dataclass
from typing import Final

from airside.store.context import RequestContext

UPSERT: Final = """
insert into airside.permission_assertion (tenant_id, store_id, model_id, body, updated_at)
values (%s, %s, %s, %s, %s)
on conflict (tenant_id, store_id, model_id) do update set body = excluded.body, updated_at = excluded.updated_at
"""

FIND: Final = """
select body from airside.permission_assertion
where tenant_id = %s and store_id = %s and model_id = %s
"""


@dataclass(frozen=True, slots=True)
class _Row:
    body: str


async def upsert(ctx: RequestContext, store_id: str, model_id: str, body: str) -> None:
    await ctx.tx.run(UPSERT, (ctx.tenant_id, store_id, model_id, body, ctx.now))


async def find(ctx: RequestContext, store_id: str, model_id: str) -> str | None:
    """The body, if there is one."""
    row = await ctx.tx.one(_Row, FIND, (ctx.tenant_id, store_id, model_id))
    return None if row is None else row.body
