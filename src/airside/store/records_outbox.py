"""Rows of `outbox` ↔ `Item`."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from airside.store.arrays import text_array, uuid_array
from airside.store.context import RequestContext

INSERT: Final = """
insert into airside.outbox (tenant_id, item_id, kind, subject, about, way, lane, attempts, created_at, due_at)
values (%s, %s, %s, %s, %s, %s, %s, 0, %s, %s)
"""

INSERT_ALL: Final = """
insert into airside.outbox (tenant_id, item_id, kind, subject, about, way, lane, attempts, created_at, due_at)
select %s, unnest(%s::uuid[]), %s, null, unnest(%s::text[])::jsonb, %s, unnest(%s::uuid[]), 0, %s, %s
returning tenant_id
"""

WITHDRAW: Final = """
delete from airside.outbox
where tenant_id = %s and way = %s and dead_at is null and about ->> %s = %s
"""

# The array is made once, before any row is touched: a plain subquery may run again and take more than its limit. Of a
# lane only the first is to be had, whoever holds it.
TAKE: Final = """
update airside.outbox
set claimed_until = %s, attempts = attempts + (claimed_until is not null)::integer
where tenant_id = %s and item_id = any(array(
    select i.item_id from airside.outbox i
    where i.tenant_id = %s and i.way = %s and i.dead_at is null and i.due_at <= %s
        and (i.claimed_until is null or i.claimed_until <= %s)
        and (i.lane is null or not exists (
            select from airside.outbox e
            where e.tenant_id = i.tenant_id and e.tenant_id = %s and e.lane = i.lane and e.dead_at is null
                and e.place < i.place))
    order by i.due_at, i.place
    limit %s
    for update of i skip locked))
returning item_id, kind, subject, about, attempts, created_at, claimed_until
"""

DELETE: Final = """
delete from airside.outbox
where tenant_id = %s and item_id = %s and claimed_until = %s and dead_at is null
"""

PUT_BACK: Final = """
update airside.outbox
set attempts = %s, due_at = %s, claimed_until = null
where tenant_id = %s and item_id = %s and claimed_until = %s and dead_at is null
"""

BURY: Final = """
update airside.outbox
set dead_at = %s
where tenant_id = %s and item_id = %s and claimed_until = %s and dead_at is null
"""

NEXT_DUE: Final = """
select min(greatest(i.due_at, i.claimed_until)) as due_at
from airside.outbox i
where i.tenant_id = %s and i.way = %s and i.dead_at is null
    and (i.lane is null or not exists (
        select from airside.outbox e
        where e.tenant_id = i.tenant_id and e.tenant_id = %s and e.lane = i.lane and e.dead_at is null
            and e.place < i.place))
"""

DEPTH: Final = """
select count(*) as items, min(created_at) as since
from airside.outbox
where tenant_id = %s and dead_at is null
"""

WAITS: Final = """
select exists (select 1 from airside.outbox
               where tenant_id = %s and kind = %s and subject = %s and dead_at is null) as waits
"""

SWEEP: Final = """
delete from airside.outbox
where tenant_id = %s and dead_at < %s
"""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to deliver. `claimed_until` is the lease of whoever took it, and tells it from every other holder."""

    id: UUID
    kind: str
    subject: UUID | None
    about: Mapping[str, str]
    attempts: int
    created_at: datetime
    claimed_until: datetime


@dataclass(frozen=True, slots=True)
class Depth:
    """How many items wait, and since when the first of them does."""

    items: int
    since: datetime | None


@dataclass(frozen=True, slots=True)
class _Row:
    item_id: UUID
    kind: str
    subject: UUID | None
    about: dict[str, Any]
    attempts: int
    created_at: datetime
    claimed_until: datetime


@dataclass(frozen=True, slots=True)
class _Due:
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Waits:
    waits: bool


def insert(
    ctx: RequestContext,
    item_id: UUID,
    kind: str,
    subject: UUID | None,
    about: Mapping[str, str],
    way: str,
    lane: UUID | None,
) -> None:
    """Leaves with the next statement or the commit: nobody waits for it."""
    row = (ctx.tenant_id, item_id, kind, subject, json.dumps(dict(about)), way, lane, ctx.now, ctx.now)
    ctx.tx.put_off([(INSERT, row)])


async def insert_all(
    ctx: RequestContext, kind: str, items: Sequence[tuple[UUID, Mapping[str, str], UUID]], way: str
) -> None:
    """As `insert`, of many that are about nobody: each its id, what it is about and its lane, in this order."""
    ids, abouts, lanes = zip(*items, strict=True)
    columns = (uuid_array(ids), kind, text_array([json.dumps(dict(about)) for about in abouts]), way, uuid_array(lanes))
    await ctx.tx.run(INSERT_ALL, (ctx.tenant_id, *columns, ctx.now, ctx.now))


async def withdraw(ctx: RequestContext, way: str, name: str, value: str) -> int:
    """Delete what isn't given up and is about this, held by somebody or not; how many."""
    return await ctx.tx.run(WITHDRAW, (ctx.tenant_id, way, name, value))


async def take(ctx: RequestContext, way: str, limit: int, until: datetime) -> list[Item]:
    params = (until, ctx.tenant_id, ctx.tenant_id, way, ctx.now, ctx.now, ctx.tenant_id, limit)
    rows = await ctx.tx.all(_Row, TAKE, params)
    return [
        Item(row.item_id, row.kind, row.subject, row.about, row.attempts, row.created_at, row.claimed_until)
        for row in rows
    ]


async def delete(ctx: RequestContext, item: Item) -> bool:
    """True for whoever holds it."""
    return await ctx.tx.run(DELETE, (ctx.tenant_id, item.id, item.claimed_until)) == 1


async def put_back(ctx: RequestContext, item: Item, attempts: int, due_at: datetime) -> bool:
    """True for whoever holds it."""
    return await ctx.tx.run(PUT_BACK, (attempts, due_at, ctx.tenant_id, item.id, item.claimed_until)) == 1


async def bury(ctx: RequestContext, item: Item) -> bool:
    """True for whoever holds it."""
    return await ctx.tx.run(BURY, (ctx.now, ctx.tenant_id, item.id, item.claimed_until)) == 1


async def next_due(ctx: RequestContext, way: str) -> datetime | None:
    row = await ctx.tx.one(_Due, NEXT_DUE, (ctx.tenant_id, way, ctx.tenant_id))
    return None if row is None else row.due_at


async def waits(ctx: RequestContext, kind: str, subject: UUID) -> bool:
    row = await ctx.tx.one(_Waits, WAITS, (ctx.tenant_id, kind, subject))
    return row is not None and row.waits


async def sweep(ctx: RequestContext, before: datetime) -> int:
    return await ctx.tx.run(SWEEP, (ctx.tenant_id, before))


async def depth(ctx: RequestContext) -> Depth:
    """What waits in the tenant's outbox, by whichever way."""
    found = await ctx.tx.one(Depth, DEPTH, (ctx.tenant_id,))
    return found or Depth(0, None)
