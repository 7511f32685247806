"""One LISTEN connection per process: news from other processes, and how fresh it is."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import psycopg
import structlog
from psycopg import AsyncConnection, sql

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
            for channel in {subscription.channel for subscription in self._subscriptions}:
                await connection.execute(sql.SQL("listen {}").format(sql.Identifier(channel)))
            self._alive_at = self._clock.monotonic()
            for subscription in self._subscriptions:
                subscription.on_gap()
            self._listening.set()
            while True:
                async for notice in connection.notifies(timeout=HEARTBEAT):
                    self._alive_at = self._clock.monotonic()
                    self._deliver(notice.channel, notice.payload)
                async with asyncio.timeout(HEARTBEAT * 4):
                    await connection.execute("select 1")
                self._alive_at = self._clock.monotonic()

    def _deliver(self, channel: str, payload: str) -> None:
        for subscription in self._subscriptions:
            if subscription.channel == channel:
                subscription.on_message(payload)
