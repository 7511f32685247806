"""Rows of `limit_state`: one counter each, whose state is one moment (the GCRA's theoretical arrival time).

A counter whose `tat` has passed is the same as none, so `expires_at` is that moment and expired rows may be swept.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from airside.core.gcra import Rate
from airside.store.context import RequestContext, Statement

ENSURE: Final = """
insert into airside.limit_state (tenant_id, name, key_hash, tat, expires_at)
values (%s, %s, %s, %s, %s)
on conflict (tenant_id, name, key_hash) do nothing
"""

SPEND: Final = """
update airside.limit_state
set tat = greatest(tat, %s) + %s, expires_at = greatest(tat, %s) + %s
where tenant_id = %s and name = %s and key_hash = %s and greatest(tat, %s) + %s <= %s
"""

REFUND: Final = """
update airside.limit_state
set tat = tat - %s
where tenant_id = %s and name = %s and key_hash = %s
"""

READ: Final = """
select tat from airside.limit_state
where tenant_id = %s and name = %s and key_hash = %s
"""

SWEEP: Final = """
delete from airside.limit_state
where tenant_id = %s and expires_at < %s
"""

_ROUNDING: Final = timedelta(microseconds=2)
"""PostgreSQL keeps microseconds: `count` intervals may add up to this much more than the period."""


@dataclass(frozen=True, slots=True)
class Counter:
    """One counter: the limit's name and rate, and the hash of its key."""

    name: str
    key_hash: bytes
    rate: Rate


@dataclass(frozen=True, slots=True)
class _Tat:
    tat: datetime


def _interval(rate: Rate) -> timedelta:
    return timedelta(seconds=rate.interval)


def _spend(ctx: RequestContext, counter: Counter, cost: int) -> list[Statement]:
    place = (ctx.tenant_id, counter.name, counter.key_hash)
    step = _interval(counter.rate) * cost
    latest = ctx.now + timedelta(seconds=counter.rate.period) + _ROUNDING
    return [
        (ENSURE, (*place, ctx.now, ctx.now)),
        (SPEND, (ctx.now, step, ctx.now, step, *place, ctx.now, step, latest)),
    ]


async def spend(ctx: RequestContext, counters: Sequence[Counter], cost: int) -> list[bool]:
    """Take `cost` units of each in one flush; which of them had as many."""
    statements = [statement for counter in counters for statement in _spend(ctx, counter, cost)]
    touched = await ctx.tx.run_many(statements)
    return [rows == 1 for rows in touched[1::2]]


async def refund(ctx: RequestContext, counters: Sequence[Counter], cost: int) -> None:
    """Give `cost` units of each back in one flush."""
    await ctx.tx.run_many(
        [(REFUND, (_interval(c.rate) * cost, ctx.tenant_id, c.name, c.key_hash)) for c in counters],
    )


async def tat(ctx: RequestContext, counter: Counter) -> float:
    """The counter's state in seconds since the epoch; `ctx.now` where there is none."""
    row = await ctx.tx.one(_Tat, READ, (ctx.tenant_id, counter.name, counter.key_hash))
    return (ctx.now if row is None else row.tat).timestamp()


async def sweep(ctx: RequestContext) -> int:
    """Delete the tenant's counters that have run out; how many."""
    return await ctx.tx.run(SWEEP, (ctx.tenant_id, ctx.now))
