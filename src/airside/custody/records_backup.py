"""Rows out of and into every table of the catalogue, by COPY: tenant by tenant, under row-level security throughout."""

import hashlib
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from graphlib import TopologicalSorter
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg import AsyncConnection, IsolationLevel, sql

from airside.custody.backup_frames import PIECE
from airside.custody.backup_model import KEY_TABLES, Begin, End, Event
from airside.store.catalogue import TABLES
from airside.store.connection import Connection
from airside.store.errors import refusal

_COLUMNS: Final = """
    select c.relname::text, array_agg(a.attname::text order by a.attnum)
    from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'airside' and c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped
    group by c.relname
"""
_FOREIGN_KEYS: Final = """
    select c.relname::text, f.relname::text
    from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_class f on f.oid = k.confrelid
    join pg_namespace n on n.oid = c.relnamespace
    where k.contype = 'f' and n.nspname = 'airside'
"""
_UNGUARDED: Final = """
    select c.relname::text
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'airside' and c.relname = any(%s)
      and not (c.relrowsecurity and c.relforcerowsecurity
               and (select count(*) from pg_policy p where p.polrelid = c.oid) = 1)
"""
_TENANTS: Final = "select tenant_id from airside.tenant_address order by tenant_id"
_SCHEMA: Final = "select max(m.version) from airside.migration m"
_HEAD: Final = "select jws from airside.audit_head where tenant_id = %s order by tree_size desc limit 1"
_SET_TENANT: Final = "select airside.set_tenant(%s)"
_OUT: Final = "copy (select {columns} from {table} where tenant_id = {tenant}) to stdout (format {format})"
_OUT_PLATFORM: Final = "copy (select {columns} from {table}) to stdout (format {format})"
_STAGE: Final = "create temp table {stage} (like {table} including defaults) on commit drop"
_IN: Final = "copy {stage} ({columns}) from stdin (format {format})"
_MOVE: Final = "insert into {table} select * from {stage}"
# A key of somebody who isn't in the backup (it is older than they are) has nobody to belong to.
_MOVE_PERSONS: Final = """
    insert into {table} select s.* from {stage} s
    where exists (select from {parent} u where u.tenant_id = s.tenant_id and u.user_id = s.user_id)
"""
_ALONE: Final = "select pg_try_advisory_lock(hashtextextended('airside.backup', 0))"
_NOT_ALONE: Final = "select pg_advisory_unlock(hashtextextended('airside.backup', 0))"
_EMPTY: Final = "truncate {stage}"
_NUMBERED: Final = "alter table {table} alter column place restart with {number}"
_GONE: Final = "update airside.tenant_address set state = 'gone' where tenant_id = any(%s) and state = 'here'"


@dataclass(frozen=True, slots=True)
class Shape:
    """The tables that are backed up, parents first, and their columns."""

    columns: dict[str, list[str]]
    schema: int

    def tables(self, scope: str) -> list[str]:
        """Those of a scope, the tables of keys left out."""
        return [name for name in self.columns if TABLES[name].scope == scope and name not in KEY_TABLES]


@asynccontextmanager
async def connected(dsn: str) -> AsyncGenerator[Connection]:
    """A connection of its own, whose transaction commits on a clean exit and rolls back on any other.

    Raises:
        Unavailable: the database is away.
        Inconsistent: it refused a statement.
    """
    try:
        async with await Connection.connect(dsn, connect_timeout=10) as connection:
            yield connection
    except psycopg.Error as error:
        raise refusal(error) from error


@asynccontextmanager
async def alone(dsn: str) -> AsyncGenerator[bool]:
    """Whether nobody else is in such a context on that database, for as long as it is open. The lock goes with the
    connection, however that ends.

    Raises:
        Unavailable: the database is away.
    """
    async with connected(dsn) as connection:
        await connection.set_autocommit(True)
        row = await (await connection.execute(_ALONE)).fetchone()
        yield row == (True,)
        if row == (True,):  # at once: the database takes a moment to see that a connection is gone
            await connection.execute(_NOT_ALONE)


async def begin_snapshot(connection: AsyncConnection[Any]) -> None:
    """From now on every statement of the connection's transaction sees one moment, and writes nothing."""
    await connection.set_isolation_level(IsolationLevel.REPEATABLE_READ)
    await connection.set_read_only(True)


async def shape(connection: AsyncConnection[Any]) -> Shape:
    """What the database looks like."""
    columns = dict(await (await connection.execute(_COLUMNS)).fetchall())
    parents: dict[str, set[str]] = {name: set() for name in TABLES if TABLES[name].scope != "local"}
    for child, parent in await (await connection.execute(_FOREIGN_KEYS)).fetchall():
        if child != parent and child in parents:
            parents[child].add(parent)
    order = [name for name in TopologicalSorter(parents).static_order() if name in parents]
    row = await (await connection.execute(_SCHEMA)).fetchone()
    return Shape({name: columns[name] for name in order}, int(row[0]) if row else 0)


async def tenants(connection: AsyncConnection[Any]) -> list[UUID]:
    """Every tenant that has an address."""
    return [row[0] for row in await (await connection.execute(_TENANTS)).fetchall()]


async def enter(connection: AsyncConnection[Any], tenant_id: UUID) -> None:
    """The transaction becomes that tenant's."""
    await connection.execute(_SET_TENANT, (tenant_id,))


async def last_head(connection: AsyncConnection[Any], tenant_id: UUID) -> str | None:
    """The tenant's last signed audit head."""
    row = await (await connection.execute(_HEAD, (tenant_id,))).fetchone()
    return None if row is None else str(row[0])


async def unguarded(connection: AsyncConnection[Any]) -> list[str]:
    """Tenants' tables whose row-level security isn't forced by exactly one policy."""
    names = [name for name, table in TABLES.items() if table.scope == "tenant"]
    return [row[0] for row in await (await connection.execute(_UNGUARDED, (names,))).fetchall()]


async def lead_nowhere(connection: AsyncConnection[Any], tenant_ids: Sequence[UUID]) -> None:
    """Those tenants answer to no address any more: what has no keys is no tenant to serve."""
    await connection.execute(_GONE, (list(tenant_ids),))


async def number_on(connection: AsyncConnection[Any], at: datetime) -> None:
    """What is written from now on comes after everything that was brought back: a counter of before can't have reached
    the microseconds of the backup's moment."""
    number = sql.Literal(int(at.timestamp() * 1_000_000))
    for name in ("outbox", "signal_event"):
        table = sql.Identifier("airside", name)
        await connection.execute(sql.SQL(_NUMBERED).format(table=table, number=number))


class CopiedOut:
    """A section's rows; `rows` says how many, once they are through."""

    def __init__(self, connection: AsyncConnection[Any], section: Begin) -> None:
        self._connection = connection
        self._section = section
        self.rows = 0

    async def pieces(self) -> AsyncIterator[bytes]:
        """In pieces that end where a row ends; none where there is no row."""
        section = self._section
        form = _OUT_PLATFORM if section.tenant is None else _OUT
        held = bytearray()
        async with self._connection.cursor() as cursor:
            async with cursor.copy(_said(form, section, tenant=sql.Literal(section.tenant))) as copy:
                async for row in copy:
                    held += row
                    if len(held) >= PIECE:
                        yield bytes(held)
                        held.clear()
            self.rows = cursor.rowcount
            if held and self.rows:
                yield bytes(held)


async def section(connection: AsyncConnection[Any], begin: Begin, rows: Counter[str]) -> AsyncIterator[Event]:
    """One table's rows, counted in `rows`; nothing where there are none."""
    copied = CopiedOut(connection, begin)
    digest, begun = hashlib.sha256(), False
    async for piece in copied.pieces():
        if not begun:
            begun = True
            yield begin
        digest.update(piece)
        yield piece
    if begun:
        rows[begin.table] += copied.rows
        yield End(copied.rows, digest.hexdigest())


class Stage:
    """Takes sections into tables of the transaction's own, and from there into their places, as their tenant: no row of
    another tenant passes row-level security."""

    def __init__(self, connection: AsyncConnection[Any]) -> None:
        self._connection = connection
        self._made: set[str] = set()

    async def take(self, section: Begin, pieces: AsyncIterator[bytes]) -> int:
        """A section's rows; how many stand in their table now.

        Raises:
            psycopg.Error: not rows of that table, or rows that are there already.
        """
        if section.table not in self._made:
            await self._connection.execute(_said(_STAGE, section))
            self._made.add(section.table)
        else:
            await self._connection.execute(_said(_EMPTY, section))
        async with self._connection.cursor() as cursor:
            async with cursor.copy(_said(_IN, section)) as copy:
                async for piece in pieces:
                    await copy.write(piece)
            moved = await cursor.execute(_said(_MOVE_PERSONS if section.table == "person_key" else _MOVE, section))
            return moved.rowcount


def _said(form: str, section: Begin, **parts: sql.Composable) -> sql.Composed:
    return sql.SQL(form).format(  # pyright: ignore[reportArgumentType]  # one of the constants above
        columns=sql.SQL(", ").join(map(sql.Identifier, section.columns)),
        table=sql.Identifier("airside", section.table),
        parent=sql.Identifier("airside", "user_account"),
        stage=sql.Identifier("pg_temp", f"stage_{section.table}"),
        format=sql.SQL("text" if section.table in KEY_TABLES else "binary"),
        **parts,
    )
