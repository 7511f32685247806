"""Connections between two transactions: the pool's, kept at hand for a moment.

A pool that locks, counts and logs at each loan, and a task for each return, cost a short transaction a quarter of its
CPU. So a few connections that are whole stay at hand; the pool has the rest, whoever waits, and each of them again
after `AT_HAND`, for its own rules about age and number.
"""

import asyncio
from dataclasses import dataclass
from typing import Final, TypeAlias

from psycopg.pq import TransactionStatus
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from airside.core.clock import Clock
from airside.core.measures import Durations
from airside.core.spans import Spans
from airside.store.connection import Connection

Pool: TypeAlias = AsyncConnectionPool[Connection]

MOST: Final = 8
"""Connections at hand."""
AT_HAND: Final = 30.0
"""Seconds after which one that was lent by the pool goes back to it."""
STOOD_STILL: Final = 0.2
"""Seconds by which a wait is told late of its end, where this process did nothing meanwhile."""


@dataclass(frozen=True, slots=True)
class PoolState:
    """The pool at this moment, in connections; `waiting` in requests that want one."""

    most: int
    open: int
    free: int
    waiting: int


class Lender:
    """Lends the connections of `pool`, the one used last first: it has the most statements prepared.

    Attributes:
        at_hand: how many loans needed no pool.
        waits: how long the others took, also those in vain.
        in_vain: how many weren't met.
    """

    def __init__(self, pool: Pool, *, clock: Clock, spans: Spans | None = None) -> None:
        """`spans` hears of each loan: a transaction, from its first statement to its end."""
        self._spans = spans
        self._pool = pool
        self._clock = clock
        self._idle: list[Connection] = []
        self._waiting = 0
        self._closed = False
        self.at_hand = 0
        self.waits = Durations()
        self.in_vain = 0

    def state(self) -> PoolState:
        """What the pool has now."""
        told = self._pool.get_stats()
        free = told.get("pool_available", 0) + len(self._idle)
        return PoolState(self._pool.max_size, told.get("pool_size", 0), free, self._waiting)

    async def take(self, patience: float) -> Connection:
        """A connection nobody else has.

        Raises:
            PoolTimeout: none was free within `patience` seconds, in which this process was awake.
            psycopg.OperationalError: the pool is closed, or can't connect.
        """
        if self._idle:
            self.at_hand += 1
            return self._told(self._idle.pop())
        cancelled, began = _cancelled(), self._clock.monotonic()
        self._waiting += 1
        try:
            connection = await self._lent(patience)
        except Exception:
            self.in_vain += 1
            raise
        finally:
            self._waiting -= 1
            self.waits.add(self._clock.monotonic() - began)
        connection.lent_at = self._clock.monotonic()
        if _cancelled() > cancelled:  # the pool's `asyncio.wait_for` swallows that before Python 3.12
            await self.give(connection)
            raise asyncio.CancelledError
        return self._told(connection)

    async def give(self, connection: Connection) -> None:
        """It is free again, whatever state it is in. Happens to the end, also where the caller is cancelled."""
        if connection.span is not None:
            connection.span.end()
            connection.span = None
        whole = connection.pgconn.transaction_status == TransactionStatus.IDLE
        spare = not self._waiting and len(self._idle) < MOST and not self._closed
        if whole and spare and self._clock.monotonic() - connection.lent_at < AT_HAND:
            self._idle.append(connection)
            return
        await asyncio.shield(self._pool.putconn(connection))

    async def _lent(self, patience: float) -> Connection:
        began = self._clock.monotonic()
        try:
            return await self._pool.getconn(timeout=patience)
        except PoolTimeout:
            # A process that stood still has let its patience run out, and looks now at what came back meanwhile.
            if self._clock.monotonic() - began < patience + STOOD_STILL:
                raise
            return await self._pool.getconn(timeout=patience)

    def _told(self, connection: Connection) -> Connection:
        if self._spans is not None:
            connection.span = self._spans.begin("transaction", **{"db.system.name": "postgresql"})
        return connection

    async def close(self) -> None:
        """Give everything back, and close the pool."""
        self._closed = True
        while self._idle:
            await self._pool.putconn(self._idle.pop())
        await self._pool.close()


def _cancelled() -> int:
    task = asyncio.current_task()
    return task.cancelling() if task is not None else 0
