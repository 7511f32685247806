"""Connections between two transactions: the pool's, kept at hand for a moment.

A pool that locks, counts and logs at each loan, and a task for each return, cost a short transaction a quarter of its
CPU. So a few connections that are whole stay at hand; the pool has the rest, whoever waits, and each of them again
after `AT_HAND`, for its own rules about age and number. Who may have one at all is `places.Places` to say.
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
from airside.store.places import NOBODY, Holder, Places

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
        self._places = Places(pool.max_size)
        self._asking = 0  # the pool, for one
        self._closed = False
        self.at_hand = 0
        self.waits = Durations()
        self.in_vain = 0

    def state(self) -> PoolState:
        """What the pool has now."""
        told = self._pool.get_stats()
        free = told.get("pool_available", 0) + len(self._idle)
        return PoolState(self._pool.max_size, told.get("pool_size", 0), free, self._asking + self._places.waiting)

    async def take(self, patience: float, holder: Holder = NOBODY, *, beside: bool = False) -> Connection:
        """A connection nobody else has. `beside`: whoever waits for it has another.

        Raises:
            PoolTimeout: none was free within `patience` seconds, in which this process was awake; or the tenant has
                its share.
            psycopg.OperationalError: the pool is closed, or can't connect.
        """
        if self._idle and self._places.enter(holder, beside=beside):
            self.at_hand += 1
            return self._told(self._idle.pop(), holder)
        began = self._clock.monotonic()
        try:
            connection = await self._lent(patience, holder, beside=beside)
        except Exception:
            self.in_vain += 1
            raise
        finally:
            self.waits.add(self._clock.monotonic() - began)
        return self._told(connection, holder)

    async def give(self, connection: Connection) -> None:
        """It is free again, whatever state it is in. Happens to the end, also where the caller is cancelled."""
        if connection.span is not None:
            connection.span.end()
            connection.span = None
        holder = connection.holder  # the pool may have lent it again by the time that it says it has it
        whole = connection.pgconn.transaction_status == TransactionStatus.IDLE
        spare = not self._asking and len(self._idle) < MOST and not self._closed
        try:
            if whole and spare and self._clock.monotonic() - connection.lent_at < AT_HAND:
                self._idle.append(connection)
            else:
                await asyncio.shield(self._pool.putconn(connection))
        finally:
            self._places.leave(holder)

    async def _lent(self, patience: float, holder: Holder, *, beside: bool) -> Connection:
        began = self._clock.monotonic()
        try:
            return await self._placed(patience, holder, beside=beside)
        except PoolTimeout:
            # A process that stood still has let its patience run out, and looks now at what came back meanwhile.
            if self._clock.monotonic() - began < patience + STOOD_STILL:
                raise
            return await self._placed(patience, holder, beside=beside)

    async def _placed(self, patience: float, holder: Holder, *, beside: bool) -> Connection:
        began = self._clock.monotonic()
        if not self._places.enter(holder, beside=beside):
            await self._places.wait(holder, patience, beside=beside)
        try:
            if self._idle:
                return self._idle.pop()
            return await self._of_pool(patience - (self._clock.monotonic() - began))
        except BaseException:
            self._places.leave(holder)
            raise

    async def _of_pool(self, patience: float) -> Connection:
        cancelled = _cancelled()
        self._asking += 1
        try:
            connection = await self._pool.getconn(timeout=patience)
        finally:
            self._asking -= 1
        if _cancelled() > cancelled:  # the pool's `asyncio.wait_for` swallows that before Python 3.12
            await asyncio.shield(self._pool.putconn(connection))
            raise asyncio.CancelledError
        connection.lent_at = self._clock.monotonic()
        return connection

    def _told(self, connection: Connection, holder: Holder) -> Connection:
        connection.holder = holder
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
