"""News from other processes: all of it, in order, and no silence unnoticed when the connection goes."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from airside.core.clock import Clock
from airside.store import Engine, Listener
from airside.store.listener import HEARTBEAT
from tests.makers import Database

CHANNEL = "airside_test_news"
CUT = "select pg_terminate_backend(pid) from pg_stat_activity where application_name = %s"


@dataclass
class Heard:
    """What a subscriber has been told."""

    messages: list[str] = field(default_factory=list[str])
    gaps: int = 0

    def message(self, payload: str) -> None:
        self.messages.append(payload)

    def gap(self) -> None:
        self.gaps += 1


@asynccontextmanager
async def listening(database: Database, clock: Clock, name: str, heard: Heard) -> AsyncGenerator[Listener]:
    listener = Listener(make_conninfo(database.app, application_name=name), clock=clock)
    listener.subscribe(CHANNEL, heard.message, heard.gap)
    await listener.start()
    try:
        yield listener
    finally:
        await listener.stop()


async def say(engine: Engine, *messages: str) -> None:
    async with engine.begin_platform("test") as platform:
        for message in messages:
            await platform.tx.notify(CHANNEL, message)


async def until(heard: Heard, *, messages: int = 0, gaps: int = 0) -> None:
    async with asyncio.timeout(10):
        while len(heard.messages) < messages or heard.gaps < gaps:  # noqa: ASYNC110  # a test's own subscriber
            await asyncio.sleep(0.01)


async def test_everything_said_is_heard_in_order(database: Database, engine: Engine, clock: Clock) -> None:
    heard = Heard()
    said = [f"{number} {'x' * 500}" for number in range(2000)]
    async with listening(database, clock, "test-order", heard):
        for start in range(0, len(said), 50):
            await say(engine, *said[start : start + 50])
        await until(heard, messages=len(said))
    assert heard.messages == said
    assert heard.gaps == 1


async def test_news_around_a_heartbeat_is_heard_without_another_to_follow(
    database: Database, engine: Engine, clock: Clock
) -> None:
    """Whatever the listener is doing when it comes."""
    heard = Heard()
    async with listening(database, clock, "test-heartbeat", heard):
        ends, said = clock.monotonic() + 2.5 * HEARTBEAT, 0
        while clock.monotonic() < ends:
            await say(engine, str(said))
            said += 1
            await until(heard, messages=said)
    assert heard.messages == [str(number) for number in range(said)]


async def test_lost_connection_is_replaced_and_told_as_a_gap(database: Database, engine: Engine, clock: Clock) -> None:
    heard = Heard()
    async with listening(database, clock, "test-cut", heard) as listener:
        for round_ in range(1, 3):
            async with await psycopg.AsyncConnection.connect(database.superuser, autocommit=True) as superuser:
                assert (await superuser.execute(CUT, ("test-cut",))).rowcount == 1
            await until(heard, gaps=round_ + 1)
            await say(engine, f"after {round_}")
            await until(heard, messages=round_)
        assert listener.silent_for() < HEARTBEAT * 2
    assert heard.messages == ["after 1", "after 2"]


async def test_connection_that_lives_is_not_silent_though_nobody_speaks(database: Database, clock: Clock) -> None:
    async with listening(database, clock, "test-alive", Heard()) as listener:
        await asyncio.sleep(HEARTBEAT * 2.2)
        assert listener.silent_for() < HEARTBEAT * 1.5


async def test_silence_is_endless_before_the_first_connection(clock: Clock) -> None:
    assert Listener("host=nowhere", clock=clock).silent_for() == pytest.approx(float("inf"))
