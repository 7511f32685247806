"""A lazily opened transaction on a pooled connection, with the tenant set in it."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Final, LiteralString, TypeVar, cast
from uuid import UUID

import psycopg
from psycopg import AsyncConnection, AsyncCursor
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow, class_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from airside.core.errors import Inconsistent, Unavailable
from airside.store.context import Params, Statement
from airside.store.errors import refusal

Row = TypeVar("Row")
Result = TypeVar("Result")
Connection = AsyncConnection[TupleRow]
Pool = AsyncConnectionPool[Connection]

BEGIN: Final = "begin"
BEGIN_SNAPSHOT: Final = "begin isolation level repeatable read read only"
SET_TENANT: Final = "select airside.set_tenant(%s)"
NOTIFY: Final = "select pg_notify(%s, %s)"


class LazyTransaction:
    """Implements `context.Transaction`. BEGIN, the tenant and the first statement leave in one flush."""

    def __init__(self, pool: Pool, tenant_id: UUID | None, patience: float, *, snapshot: bool = False) -> None:
        self._begin = BEGIN_SNAPSHOT if snapshot else BEGIN
        self._pool = pool
        self._tenant_id = tenant_id
        self._patience = patience
        self._connection: Connection | None = None
        self._actions: list[Callable[[], None]] | None = None

    async def one(self, row: type[Row], sql: str, params: Params = ()) -> Row | None:
        rows = await self.all(row, sql, params)
        if len(rows) > 1:
            raise Inconsistent("one row expected", rows=len(rows))
        return rows[0] if rows else None

    async def all(self, row: type[Row], sql: str, params: Params = ()) -> list[Row]:
        async def send(connection: Connection) -> AsyncCursor[Row]:
            return await connection.cursor(binary=True, row_factory=class_row(row)).execute(_sql(sql), params)

        # Results are read after the flush: within a pipeline a cursor doesn't know them yet.
        return await _read(await self._within(send))

    async def stream(self, row: type[Row], sql: str, params: Params = ()) -> AsyncGenerator[Row]:
        async def begun(connection: Connection) -> Connection:
            return connection

        connection = await self._within(begun)
        try:
            async for each in connection.cursor(binary=True, row_factory=class_row(row)).stream(_sql(sql), params):
                yield each
        except psycopg.Error as error:
            raise refusal(error) from error

    async def run(self, sql: str, params: Params = ()) -> int:
        async def send(connection: Connection) -> AsyncCursor[TupleRow]:
            return await connection.execute(_sql(sql), params)

        return (await self._within(send)).rowcount

    async def run_many(self, statements: Sequence[Statement]) -> list[int]:
        async def send(connection: Connection) -> list[AsyncCursor[TupleRow]]:
            async with connection.pipeline():
                return [await connection.execute(_sql(sql), params) for sql, params in statements]

        return [cursor.rowcount for cursor in await self._within(send)]

    async def notify(self, channel: str, payload: str) -> None:
        await self.run(NOTIFY, (channel, payload))

    async def checkpoint(self) -> None:
        await self.commit()

    def after_commit(self, action: Callable[[], None]) -> None:
        if self._actions is None:
            self._actions = []
        self._actions.append(action)

    async def commit(self) -> None:
        """Commit and give the connection back; then what waits for the commit happens.

        Raises:
            Unavailable: the database went away; whether it committed is unknown to us, and nothing is claimed.
            Inconsistent: a statement had failed and its refusal was swallowed, so there is nothing to commit.
        """
        connection = self._connection
        if connection is not None:
            try:
                if connection.info.transaction_status is not TransactionStatus.INTRANS:
                    raise Inconsistent("commit of a failed transaction")
                await connection.execute("commit")
            except psycopg.Error as error:
                raise refusal(error) from error
            finally:
                await self._release()
        if self._actions:
            actions, self._actions = self._actions, None
            for action in actions:
                action()

    async def rollback(self) -> None:
        """Forget everything since the last checkpoint and give the connection back."""
        self._actions = None
        await self._release()

    async def _within(self, send: Callable[[Connection], Awaitable[Result]]) -> Result:
        connection = self._connection
        try:
            if connection is not None:
                return await send(connection)
            connection = self._connection = await self._acquire()
            async with connection.pipeline():
                await connection.execute(_sql(self._begin))
                if self._tenant_id is not None:
                    await connection.execute(SET_TENANT, (self._tenant_id,))
                return await send(connection)
        except psycopg.Error as error:
            raise refusal(error) from error

    async def _acquire(self) -> Connection:
        try:
            return await self._pool.getconn(timeout=self._patience)
        except (PoolTimeout, psycopg.OperationalError) as error:
            raise Unavailable("database") from error

    async def _release(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        status = connection.info.transaction_status
        if status is not TransactionStatus.IDLE:
            # The pool rolls back what is merely open; what is still in flight can't be reasoned about.
            if status is TransactionStatus.ACTIVE:
                await connection.close()
            elif status in (TransactionStatus.INTRANS, TransactionStatus.INERROR):
                try:
                    # The driver's own: it also forgets statements that an aborted pipeline never prepared.
                    await connection.rollback()
                except psycopg.Error:
                    await connection.close()
        await asyncio.shield(self._pool.putconn(connection))


async def _read(cursor: AsyncCursor[Row]) -> list[Row]:
    try:
        return await cursor.fetchall()
    except psycopg.Error as error:
        raise refusal(error) from error


def _sql(text: str) -> LiteralString:
    # Statements are constants of records.py files (a house test reads them); the driver's type can't know.
    return cast("LiteralString", text)
