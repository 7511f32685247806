"""Rows of sealed columns, whatever their table: found by the key that sealed them, and written if nobody else has."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from airside.store.context import RequestContext
from airside.vault.columns import Sealed

_SELECT: Final = """
    select {keys}, s.{column} as sealed
    from airside.{table} s
    where s.tenant_id = %s and substring(s.{column} from 1 for 17) = any(%s){after}
    order by {order} limit %s
    for no key update skip locked
"""
# As the partial index of the column has it: in the end there is nothing to look through.
_UNOWNED: Final = """
    select {keys}, s.{owner} as owner, s.{column} as sealed
    from airside.{table} s
    where s.tenant_id = %s and s.{owner} is not null and substring(s.{column} from 1 for 1) = '\\x01'{after}
    order by {order} limit %s
    for no key update skip locked
"""
_UPDATE: Final = """
    update airside.{table} set {column} = %s where tenant_id = %s and {same} and {column} = %s
"""
_LEFT: Final = """
    select true as found from airside.{table} s
    where s.tenant_id = %s and substring(s.{column} from 1 for 17) = any(%s) limit 1
"""
_COUNT: Final = """
    select count(*) as number from airside.{table} s
    where s.tenant_id = %s and substring(s.{column} from 1 for 17) = any(%s)
"""


@dataclass(frozen=True, slots=True)
class Row:
    """A sealed value, and what its row is found by."""

    sealed: bytes
    first: Any
    second: Any = None

    @property
    def key(self) -> tuple[Any, ...]:
        return (self.first,) if self.second is None else (self.first, self.second)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unowned(Row):
    """A value that the tenant's key seals still, and whose it is."""

    owner: UUID


@dataclass(frozen=True, slots=True)
class _Found:
    found: bool


@dataclass(frozen=True, slots=True)
class _Number:
    number: int


@dataclass(frozen=True, slots=True)
class Change:
    """A value sealed anew in the place of another."""

    key: Sequence[Any]
    before: bytes
    after: bytes


async def page(
    ctx: RequestContext, column: Sealed, headers: Sequence[bytes], after: Sequence[Any], limit: int
) -> list[Row]:
    """Up to `limit` rows sealed with one of the keys, in the order of their key after one. They stay locked until the
    transaction ends; what others hold locked is passed over, so that nobody waits for us while we wait for them."""
    sql = _SELECT.format(table=column.table, column=column.column, **_order(column, after))
    return await ctx.tx.all(Row, sql, (ctx.tenant_id, list(headers), *after, limit))


async def unowned(ctx: RequestContext, column: Sealed, after: Sequence[Any], limit: int) -> list[Unowned]:
    """As `page`: rows of one person that a key of the tenant seals."""
    parts = _order(column, after)
    sql = _UNOWNED.format(table=column.table, column=column.column, owner=column.owner, **parts)
    return await ctx.tx.all(Unowned, sql, (ctx.tenant_id, *after, limit))


async def replace(ctx: RequestContext, column: Sealed, changes: Sequence[Change]) -> int:
    """How many of them were still what they were before."""
    same = " and ".join(f"{name} = %s" for name in column.key)
    sql = _UPDATE.format(table=column.table, column=column.column, same=same)
    rows = [(sql, (change.after, ctx.tenant_id, *change.key, change.before)) for change in changes]
    return sum(await ctx.tx.run_many(rows)) if rows else 0


async def left(ctx: RequestContext, column: Sealed, header: bytes) -> bool:
    """Whether the key still seals something of the column."""
    sql = _LEFT.format(table=column.table, column=column.column)
    return bool(await ctx.tx.all(_Found, sql, (ctx.tenant_id, [header])))


async def count(ctx: RequestContext, column: Sealed, headers: Sequence[bytes]) -> int:
    """How many rows of the column the keys seal."""
    sql = _COUNT.format(table=column.table, column=column.column)
    row = await ctx.tx.one(_Number, sql, (ctx.tenant_id, list(headers)))
    return 0 if row is None else row.number


def place_row(column: Sealed, row: Row) -> UUID:
    """The row that the value's place names."""
    return column.row(*row.key)


def _order(column: Sealed, after: Sequence[Any]) -> dict[str, str]:
    """The columns that a row is found by, what comes after one, and the order that says so."""
    names = [f"s.{name}" for name in column.key]
    later = f" and ({', '.join(names)}) > ({', '.join(['%s'] * len(names))})" if after else ""
    words = [f"{name} as {word}" for name, word in zip(names, ("first", "second"), strict=False)]
    return {"keys": ", ".join(words), "after": later, "order": ", ".join(names)}
