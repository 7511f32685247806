"""Rows of `tenant_shredding`, and the emptying of a tenant's tables."""

from dataclasses import dataclass
from typing import Final

from airside.custody.model import LostKey, Shredded, ShreddingState
from airside.store.catalogue import TABLES
from airside.store.context import RequestContext

INSERT: Final = """
insert into airside.tenant_shredding (tenant_id, requested_at, requested_by, due_at, state)
values (%s, %s, %s, %s, 'waiting')
on conflict (tenant_id) do nothing
"""
CANCEL: Final = "delete from airside.tenant_shredding where tenant_id = %s and state = 'waiting'"
SELECT: Final = """
select requested_at, requested_by, due_at, state, certificate from airside.tenant_shredding where tenant_id = %s
"""
CLOSE: Final = """
update airside.tenant_shredding set state = 'closing' where tenant_id = %s and state = 'waiting' and due_at <= %s
"""
DESTROYED: Final = """
update airside.tenant_shredding set state = 'destroyed', certificate = %s where tenant_id = %s and state = 'closing'
"""
FINISHED: Final = """
update airside.tenant_shredding set state = 'finished' where tenant_id = %s and state = 'destroyed'
"""
TAKE: Final = "select state from airside.tenant_shredding where tenant_id = %s for no key update"
KEYS: Final = "select key_id, purpose from airside.tenant_key where tenant_id = %s order by created_at, key_id"
DESTROY_KEYS: Final = "delete from airside.tenant_key where tenant_id = %s"
COUNT_PEOPLE: Final = "select count(*) as count from airside.person_key where tenant_id = %s"
EMPTY: Final = """
delete from airside.{table}
where tenant_id = %s and ctid = any(array(select r.ctid from airside.{table} r where r.tenant_id = %s limit %s))
"""
DELETE_LOOKUPS: Final = "delete from airside.api_key_lookup where tenant_id = %s"
ADDRESS: Final = "update airside.tenant_address set state = %s where tenant_id = %s"
SLUG: Final = "select slug from airside.tenant_address where tenant_id = %s"

KEPT: Final = frozenset({"tenant", "tenant_shredding", "tenant_key"})
"""Tables of a tenant that aren't emptied: what says that there was one, and what is empty already."""
EMPTIED: Final = tuple(
    name
    for name, table in TABLES.items()
    if table.scope == "tenant" and name not in KEPT and not name.startswith("audit_")
)
"""Every other table. The audit log stays: what it says of people is shut, and that nothing of it was changed can still
be shown."""


@dataclass(frozen=True, slots=True)
class _State:
    state: ShreddingState


@dataclass(frozen=True, slots=True)
class _Count:
    count: int


@dataclass(frozen=True, slots=True)
class _Slug:
    slug: str


async def insert(ctx: RequestContext, wanted: Shredded) -> bool:
    """False where it is to be shredded already."""
    row = (ctx.tenant_id, wanted.requested_at, wanted.requested_by, wanted.due_at)
    return await ctx.tx.run(INSERT, row) == 1


async def cancel(ctx: RequestContext) -> bool:
    """False where nothing waits, or it has begun."""
    return await ctx.tx.run(CANCEL, (ctx.tenant_id,)) == 1


async def find(ctx: RequestContext) -> Shredded | None:
    return await ctx.tx.one(Shredded, SELECT, (ctx.tenant_id,))


async def close(ctx: RequestContext) -> bool:
    """Whoever is told True closes it; False where it isn't due, was cancelled or is closed."""
    return await ctx.tx.run(CLOSE, (ctx.tenant_id, ctx.now)) == 1


async def take(ctx: RequestContext) -> ShreddingState | None:
    """Where it stands, held until the transaction ends; None where it isn't to be shredded."""
    row = await ctx.tx.one(_State, TAKE, (ctx.tenant_id,))
    return None if row is None else row.state


async def keys(ctx: RequestContext) -> list[LostKey]:
    """The keys that the tenant has."""
    return await ctx.tx.all(LostKey, KEYS, (ctx.tenant_id,))


async def destroy_keys(ctx: RequestContext, certificate: str) -> bool:
    """The tenant has no keys any more, and leads nowhere; False where another process was quicker."""
    if await ctx.tx.run(DESTROYED, (certificate, ctx.tenant_id)) != 1:
        return False
    await ctx.tx.run(DESTROY_KEYS, (ctx.tenant_id,))
    await ctx.tx.run(DELETE_LOOKUPS, (ctx.tenant_id,))
    await ctx.tx.run(ADDRESS, ("leaving", ctx.tenant_id))
    return True


async def count_people(ctx: RequestContext) -> int:
    """How many have a key of their own."""
    row = await ctx.tx.one(_Count, COUNT_PEOPLE, (ctx.tenant_id,))
    return 0 if row is None else row.count


async def empty(ctx: RequestContext, table: str, most: int) -> int:
    """Delete up to `most` rows of one of `EMPTIED`, of a tenant whose keys are gone and of no other; how many.

    Raises:
        ForeignKeyViolation: rows of another table hang on them.
    """
    if await take(ctx) != "destroyed" or table not in EMPTIED:
        return 0
    return await ctx.tx.run(EMPTY.format(table=table), (ctx.tenant_id, ctx.tenant_id, most))


async def finish(ctx: RequestContext) -> bool:
    """False where another process was quicker."""
    if await ctx.tx.run(FINISHED, (ctx.tenant_id,)) != 1:
        return False
    await ctx.tx.run(ADDRESS, ("gone", ctx.tenant_id))
    return True


async def slug(ctx: RequestContext) -> str:
    """The address that the tenant had."""
    row = await ctx.tx.one(_Slug, SLUG, (ctx.tenant_id,))
    return "" if row is None else row.slug
