"""Rows of `tenant_key` ↔ `TenantKey`, and the blocks of seals that were booked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from airside.core.errors import Inconsistent
from airside.store.context import RequestContext, Statement
from airside.vault.model import PURPOSES, Purpose, State, TenantKey

MAX_KEYS: Final = 1000
"""Keys of one tenant: far more than any rotation leaves behind."""

_INSERT: Final = """
    insert into airside.tenant_key (tenant_id, key_id, purpose, wrapped, kek_id, created_at, state, since)
    values (%s, %s, %s, %s, %s, %s, %s, %s)
"""

_INSERT_COMING: Final = _INSERT + " on conflict do nothing"

_SELECT: Final = """
    select k.key_id, k.purpose, k.wrapped, k.kek_id, k.created_at, k.state, k.since, k.resealed,
           (select coalesce(sum(b.seals), 0)::bigint from airside.seal_block b
             where b.tenant_id = k.tenant_id and b.key_id = k.key_id) as seals
    from airside.tenant_key k
    where k.tenant_id = %s
    order by k.created_at, k.key_id
    limit %s
"""

_TAKE: Final = """
    select k.key_id from airside.tenant_key k where k.tenant_id = %s and k.purpose = %s
    order by k.key_id for update
"""

# Wrapping a key anew holds nobody up who shares its row like this.
_SHARE_INDEX: Final = """
    select k.key_id from airside.tenant_key k
    where k.tenant_id = %s and k.purpose = 'index' and k.state = 'active'
    for key share
"""

_BOOK: Final = "insert into airside.seal_block (tenant_id, key_id, block_id, seals) values (%s, %s, %s, %s)"

_SET_STATE: Final = """
    update airside.tenant_key set state = %s, since = %s, resealed = false
    where tenant_id = %s and key_id = %s and state = %s
"""

_SET_RESEALED: Final = """
    update airside.tenant_key set resealed = true
    where tenant_id = %s and key_id = %s and state = 'retired' and since = %s
"""

_DELETE: Final = """
    delete from airside.tenant_key where tenant_id = %s and key_id = %s and state = 'retired' and since = %s
"""

_DROP_COMING: Final = """
    delete from airside.tenant_key where tenant_id = %s and key_id = %s and state = 'coming'
"""

_DELETE_BLOCKS: Final = "delete from airside.seal_block where tenant_id = %s and key_id = %s"

_REWRAP: Final = """
    update airside.tenant_key set wrapped = %s, kek_id = %s
    where tenant_id = %s and key_id = %s and wrapped = %s
"""


@dataclass(frozen=True, slots=True)
class _Id:
    key_id: UUID


async def insert(ctx: RequestContext, keys: Sequence[TenantKey]) -> None:
    """Store `keys`, in one flush.

    Raises:
        UniqueViolation: the tenant has an active key of one of their purposes already.
    """
    await ctx.tx.run_many([(_INSERT, _row(ctx, key)) for key in keys])


async def insert_coming(ctx: RequestContext, key: TenantKey) -> bool:
    """False where one of its purpose is coming already."""
    return await ctx.tx.run(_INSERT_COMING, _row(ctx, key)) == 1


async def load(ctx: RequestContext) -> list[TenantKey]:
    """Every key of the tenant, oldest first.

    Raises:
        Inconsistent: no active key for one of the purposes, or more keys than any history explains.
    """
    keys = await ctx.tx.all(TenantKey, _SELECT, (ctx.tenant_id, MAX_KEYS + 1))
    active = sorted(key.purpose for key in keys if key.state == "active")
    if active != sorted(PURPOSES) or len(keys) > MAX_KEYS:
        raise Inconsistent("tenant without its keys", tenant=str(ctx.tenant_id))
    return keys


async def take(ctx: RequestContext, purpose: Purpose) -> None:
    """Take the tenant's keys of that purpose until the transaction ends, so that those who change their states take
    turns. Waits for those who share one."""
    await ctx.tx.run(_TAKE, (ctx.tenant_id, purpose))


async def share_index(ctx: RequestContext) -> UUID:
    """Which index key counts, and goes on to until the transaction ends.

    Raises:
        Inconsistent: none does.
    """
    for _ in range(2):
        # What another transaction has just put in its place is seen by the statement after the one that waited.
        if (found := await ctx.tx.one(_Id, _SHARE_INDEX, (ctx.tenant_id,))) is not None:
            return found.key_id
    raise Inconsistent("tenant without its keys", tenant=str(ctx.tenant_id))


def book(tenant_id: UUID, key_id: UUID, block_id: UUID, seals: int) -> Statement:
    """The statement that books a block."""
    return _BOOK, (tenant_id, key_id, block_id, seals)


async def set_state(ctx: RequestContext, key_id: UUID, before: State, after: State) -> bool:
    """False where it isn't in the state `before`, or no more."""
    return await ctx.tx.run(_SET_STATE, (after, ctx.now, ctx.tenant_id, key_id, before)) == 1


async def drop_coming(ctx: RequestContext, key_id: UUID) -> bool:
    """Delete a key that has never been used; False where it has begun to be."""
    return await ctx.tx.run(_DROP_COMING, (ctx.tenant_id, key_id)) == 1


async def set_resealed(ctx: RequestContext, key_id: UUID, since: datetime) -> bool:
    """False where it was taken back meanwhile."""
    return await ctx.tx.run(_SET_RESEALED, (ctx.tenant_id, key_id, since)) == 1


async def destroy(ctx: RequestContext, key_id: UUID, since: datetime) -> bool:
    """False where it was taken back meanwhile."""
    if await ctx.tx.run(_DELETE, (ctx.tenant_id, key_id, since)) != 1:
        return False
    await ctx.tx.run(_DELETE_BLOCKS, (ctx.tenant_id, key_id))
    return True


async def rewrap(ctx: RequestContext, key: TenantKey, wrapped: bytes, kek_id: str) -> bool:
    """False where somebody else wrapped it anew meanwhile."""
    return await ctx.tx.run(_REWRAP, (wrapped, kek_id, ctx.tenant_id, key.key_id, key.wrapped)) == 1


def _row(ctx: RequestContext, key: TenantKey) -> tuple[object, ...]:
    return ctx.tenant_id, key.key_id, key.purpose, key.wrapped, key.kek_id, key.created_at, key.state, key.since
