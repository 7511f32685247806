"""One LISTEN connection per process: news from other processes, and how fresh it is."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import psycopg
import structlog
from psycopg import AsyncConnection, sql
from psycopg.pq.abc import PGconn

from airside.core.clock import Clock

HEARTBEAT: Final = 1.0
"""Seconds between proofs that the connection lives."""

_log = structlog.get_logger("airside.store.listener")


@dataclass(frozen=True, slots=True)
class _Subscription:
    channel: str
    on_message: Callable[[str], None]
    on_gap: Callable[[], None]


class Listener:
    """Hears NOTIFY on the subscribed channels, reconnects by itself, and says how long it has heard nothing.

    A subscriber that acts on news must also act on `on_gap`: something may have been missed.
    """

    def __init__(self, dsn: str, *, clock: Clock) -> None:
        self._dsn = dsn
        self._clock = clock
        self._subscriptions: list[_Subscription] = []
        self._alive_at: float | None = None
        self._task: asyncio.Task[None] | None = None
        self._listening = asyncio.Event()

    def subscribe(self, channel: str, on_message: Callable[[str], None], on_gap: Callable[[], None]) -> None:
        """Call before `start`. Callbacks run on the event loop and must not block."""
        self._subscriptions.append(_Subscription(channel, on_message, on_gap))

    def silent_for(self) -> float:
        """Seconds since the connection was last known to be alive; infinite before the first time."""
        return float("inf") if self._alive_at is None else self._clock.monotonic() - self._alive_at

    async def start(self) -> None:
        """Listen in the background; returns once the first connection listens."""
        self._task = asyncio.create_task(self._run(), name="airside-listener")
        await self._listening.wait()

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def _run(self) -> None:
        pause = 0.05
        while True:
            try:
                await self._listen()
                pause = 0.05
            except (psycopg.Error, OSError) as error:
                _log.warning("listener_lost", error=type(error).__name__)
            await asyncio.sleep(pause)
            pause = min(pause * 2, 2.0)

    async def _listen(self) -> None:
        async with await AsyncConnection.connect(self._dsn, autocommit=True, connect_timeout=5) as connection:
            connection.add_notify_handler(lambda notice: self._deliver(notice.channel, notice.payload))
            for channel in {subscription.channel for subscription in self._subscriptions}:
                await connection.execute(sql.SQL("listen {}").format(sql.Identifier(channel)))
            self._alive_at = self._clock.monotonic()
            for subscription in self._subscriptions:
                subscription.on_gap()
            self._listening.set()
            while True:
                await self._hear_for(connection.pgconn, HEARTBEAT)
                async with asyncio.timeout(HEARTBEAT * 4):
                    await connection.execute("select 1")
                self._alive_at = self._clock.monotonic()

    async def _hear_for(self, pgconn: PGconn, seconds: float) -> None:
        """Deliver what comes, straight from the event loop: the driver's iterator costs more than most subscribers.

        Raises:
            psycopg.OperationalError: the connection is lost.
        """
        loop, socket = asyncio.get_running_loop(), pgconn.socket
        ended: asyncio.Future[None] = loop.create_future()

        def read() -> None:
            try:
                self._read(pgconn)
            except Exception as error:  # noqa: BLE001 - handed on to whoever waits
                loop.remove_reader(socket)
                if not ended.done():
                    ended.set_exception(error)

        loop.add_reader(socket, read)
        try:
            # What came together with the last answer makes no socket readable any more.
            read()
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await ended
        finally:
            loop.remove_reader(socket)

    def _read(self, pgconn: PGconn) -> None:
        pgconn.consume_input()
        while notice := pgconn.notifies():
            self._alive_at = self._clock.monotonic()
            self._deliver(notice.relname.decode(), notice.extra.decode())

    def _deliver(self, channel: str, payload: str) -> None:
        for subscription in self._subscriptions:
            if subscription.channel == channel:
                subscription.on_message(payload)
