"""A lazily opened transaction on a pooled connection, with the tenant set in it."""

from collections.abc import Callable, Sequence
from typing import Final, Protocol, TypeVar
from uuid import UUID

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.pq.abc import PGresult
from psycopg_pool import PoolTimeout

from airside.core.errors import Inconsistent, Unavailable
from airside.store.connection import Connection, first_refused
from airside.store.context import Joined, Params, Query, Statement
from airside.store.errors import refusal
from airside.store.places import Holder, holder_of

Row = TypeVar("Row")
Other = TypeVar("Other")

BEGIN: Final[Statement] = ("begin", ())
BEGIN_SNAPSHOT: Final[Statement] = ("begin isolation level repeatable read read only", ())
COMMIT: Final[Statement] = ("commit", ())
SET_TENANT: Final = "select airside.set_tenant(%s)"
NOTIFY: Final = "select pg_notify(%s, %s)"


class Lender(Protocol):
    """Lends connections: `lending.Lender` those of a pool."""

    async def take(self, patience: float, holder: Holder, *, beside: bool) -> Connection:
        """A connection nobody else has, within `patience` seconds."""
        ...

    async def give(self, connection: Connection) -> None:
        """It is free again."""
        ...


class LazyTransaction:
    """Implements `context.Transaction`. BEGIN, the tenant and the first statement leave in one flush; so do the last
    statements and COMMIT, where nobody waits for their answers."""

    def __init__(
        self,
        lender: Lender,
        tenant_id: UUID | None,
        patience: float,
        *,
        snapshot: bool = False,
        beside: bool = False,
    ) -> None:
        self._begin = BEGIN_SNAPSHOT if snapshot else BEGIN
        self._lender = lender
        self._tenant_id = tenant_id
        self._patience = patience
        self._beside = beside
        self._connection: Connection | None = None
        self._put_off: list[Statement] = []
        self._rows: dict[Joined, list[Params]] = {}
        self._actions: list[Callable[[], None]] | None = None

    async def one(self, row: type[Row], sql: str, params: Params = ()) -> Row | None:
        rows = await self.all(row, sql, params)
        if len(rows) > 1:
            raise Inconsistent("one row expected", rows=len(rows))
        return rows[0] if rows else None

    async def all(self, row: type[Row], sql: str, params: Params = ()) -> list[Row]:
        connection, (answer,) = await self._exchange([(sql, params)])
        return _rows(connection, answer, row)

    async def two(self, first: Query[Row], second: Query[Other]) -> tuple[list[Row], list[Other]]:
        connection, (one, other) = await self._exchange([first[1:], second[1:]])
        return _rows(connection, one, first[0]), _rows(connection, other, second[0])

    async def run(self, sql: str, params: Params = ()) -> int:
        _, (answer,) = await self._exchange([(sql, params)])
        return _touched(answer)

    async def run_many(self, statements: Sequence[Statement]) -> list[int]:
        _, answers = await self._exchange(statements)
        return [_touched(answer) for answer in answers]

    def put_off(self, statements: Sequence[Statement]) -> None:
        self._put_off += statements

    def put_off_row(self, joined: Joined, row: Params) -> None:
        self._rows.setdefault(joined, []).append(row)

    async def notify(self, channel: str, payload: str) -> None:
        self.put_off([(NOTIFY, (channel, payload))])

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
            Inconsistent: a statement had failed and its refusal was swallowed, so there is nothing to commit; or
                one that had been put off was refused.
        """
        actions, self._actions = self._actions, None
        self._join_rows()
        if self._connection is None and not self._put_off:
            for action in actions or ():
                action()
            return
        try:
            if self._is_open() or self._put_off:
                _, (answer,) = await self._exchange([COMMIT])
                if answer.command_status != b"COMMIT":
                    raise Inconsistent("commit of a failed transaction")
        finally:
            self._put_off = []
            await self._release()
        for action in actions or ():
            action()

    async def rollback(self) -> None:
        """Forget everything since the last checkpoint and give the connection back."""
        self._actions = None
        self._put_off, self._rows = [], {}
        await self._release()

    def _is_open(self) -> bool:
        """Whether there is something to commit.

        Raises:
            Inconsistent: there was, but a statement failed.
        """
        if self._connection is None:
            return False
        status = self._connection.pgconn.transaction_status
        if status not in (TransactionStatus.INTRANS, TransactionStatus.IDLE):
            raise Inconsistent("commit of a failed transaction")
        return status == TransactionStatus.INTRANS

    async def _exchange(self, statements: Sequence[Statement]) -> tuple[Connection, list[PGresult]]:
        connection = self._connection
        if connection is None:
            connection = self._connection = await self._acquire()
        self._join_rows()
        before = self._put_off
        if connection.pgconn.transaction_status == TransactionStatus.IDLE:
            before = [*self._opening(), *before]
        if not before and not statements:
            return connection, []
        try:
            answers = await connection.exchange([*before, *statements])
        except psycopg.Error as error:
            raise refusal(error) from error
        self._put_off = []
        refused = first_refused(answers)
        if refused is None:
            return connection, answers[len(before) :]
        place, error = refused
        if place < len(before) and not isinstance(refusal(error), Unavailable):
            # Not what the caller is asking now: it must not take this for its own conflict.
            raise Inconsistent("a statement put off was refused", sqlstate=error.sqlstate) from error
        raise refusal(error) from error

    def _join_rows(self) -> None:
        for joined, rows in self._rows.items():
            self._put_off += joined(rows)
        self._rows.clear()

    def _opening(self) -> list[Statement]:
        if self._tenant_id is None:
            return [self._begin]
        return [self._begin, (SET_TENANT, (self._tenant_id,))]

    async def _acquire(self) -> Connection:
        try:
            return await self._lender.take(self._patience, holder_of(self._tenant_id), beside=self._beside)
        except (PoolTimeout, psycopg.OperationalError) as error:
            raise Unavailable("database") from error

    async def _release(self) -> None:
        connection, self._connection = self._connection, None
        if connection is None:
            return
        status = connection.pgconn.transaction_status
        try:
            # The pool rolls back what is merely open; what is still in flight can't be reasoned about.
            if status == TransactionStatus.ACTIVE:
                await connection.close()
            elif status in (TransactionStatus.INTRANS, TransactionStatus.INERROR):
                await connection.rollback()
        except psycopg.Error:
            await connection.close()
        finally:  # also where the caller is cancelled meanwhile: the pool looks at what it gets back
            await self._lender.give(connection)


def _rows(connection: Connection, answer: PGresult, row: type[Row]) -> list[Row]:
    try:
        return connection.rows(answer, row)
    except psycopg.Error as error:
        raise refusal(error) from error


def _touched(answer: PGresult) -> int:
    return -1 if answer.command_tuples is None else answer.command_tuples
