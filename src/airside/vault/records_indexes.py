"""Rows of indexed columns, whatever their table: read in the order of their key, and written if nobody else has."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from airside.store.context import RequestContext
from airside.vault.columns import SEALED, Sealed
from airside.vault.indexes import INDEXES, LASTING, Column
from airside.vault.model import Place

_SELECT: Final = """
    select {keys}, s.{column} as found_by, {source} as sealed
    from airside.{table} s{join}
    where s.tenant_id = %s and length(s.{column}) > 0{after}
    order by {order} limit %s{lock}
"""
_JOIN: Final = " join airside.{table} c on c.tenant_id = s.tenant_id and {same}"
_UPDATE: Final = """
    update airside.{table} set {column} = %s where tenant_id = %s and {same} and {column} = %s
"""
_COUNT: Final = "select count(*) as number from airside.{table} s where s.tenant_id = %s and length(s.{column}) > 0"
_LASTING: Final = """
    select true as found from airside.{table} s
    where s.tenant_id = %s and s.created_at between %s and %s limit 1
"""
_SEALED: Final = {(each.table, each.column): each for each in SEALED}


@dataclass(frozen=True, slots=True)
class Row:
    """An index, what it is computed from, and the key of its row."""

    found_by: bytes
    sealed: bytes | None
    first: Any
    second: Any = None
    third: Any = None

    def key(self, place: Column) -> tuple[Any, ...]:
        return (self.first, self.second, self.third)[: len(INDEXES[place].key)]


@dataclass(frozen=True, slots=True)
class _Found:
    found: bool


@dataclass(frozen=True, slots=True)
class _Number:
    number: int


async def page(
    ctx: RequestContext, place: Column, after: Sequence[Any], limit: int, *, take: bool = False
) -> list[Row]:
    """Up to `limit` rows that have an index, in the order of their key after one. With `take`, those that nobody else
    holds, until the transaction ends; whoever refers to them waits for so long."""
    (table, column), index = place, INDEXES[place]
    names = [f"s.{name}" for name in index.key]
    words = [f"{name} as {word}" for name, word in zip(names, ("first", "second", "third"), strict=False)]
    near = index.source[0] == table
    same = " and ".join(f"c.{name} = s.{name}" for name in _SEALED[index.source].key)
    sql = _SELECT.format(
        keys=", ".join(words),
        column=column,
        table=table,
        source=f"{'s' if near else 'c'}.{index.source[1]}",
        join="" if near else _JOIN.format(table=index.source[0], same=same),
        after=f" and ({', '.join(names)}) > ({', '.join(['%s'] * len(names))})" if after else "",
        order=", ".join(names),
        lock=" for update of s skip locked" if take else "",
    )
    return await ctx.tx.all(Row, sql, (ctx.tenant_id, *after, limit))


async def replace(ctx: RequestContext, place: Column, changes: Sequence[tuple[Row, bytes]]) -> int:
    """How many of them were still what they were."""
    table, column = place
    same = " and ".join(f"{name} = %s" for name in INDEXES[place].key)
    sql = _UPDATE.format(table=table, column=column, same=same)
    rows = [(sql, (index, ctx.tenant_id, *row.key(place), row.found_by)) for row, index in changes]
    return sum(await ctx.tx.run_many(rows)) if rows else 0


async def count(ctx: RequestContext, place: Column) -> int:
    """How many rows have an index."""
    row = await ctx.tx.one(_Number, _COUNT.format(table=place[0], column=place[1]), (ctx.tenant_id,))
    return 0 if row is None else row.number


async def any_lasting(ctx: RequestContext, since: datetime, until: datetime) -> bool:
    """Whether there is anything from between those moments whose index nobody can compute anew."""
    for table, _column in LASTING:
        if await ctx.tx.all(_Found, _LASTING.format(table=table), (ctx.tenant_id, since, until)):
            return True
    return False


def sealed_place(place: Column, row: Row) -> Place:
    """Where what it is computed from stands."""
    source: Sealed = _SEALED[INDEXES[place].source]
    named = dict(zip(INDEXES[place].key, row.key(place), strict=True))
    row_id: UUID = source.row(*(named[name] for name in source.key))
    return Place(source.table, source.column, row_id)
