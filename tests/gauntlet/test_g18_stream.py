"""G18: what is revoked on one node is told to every follower of the stream, on every node, within a second of the
commit, and none of it is missed."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress

import pytest

from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.vault.kms.local import LocalKek
from tests.makers import Database
from tests.running import Place, Running, running
from tests.trips.manager import program_token
from tests.trips.test_revocation_stream import Event, revoke, stream

FULL = os.environ.get("AIRSIDE_GAUNTLET_FULL") == "1"
REVOCATIONS = 1000 if FULL else 60
CLIENTS = 50 if FULL else 10
BOUND = 1.0
"""Seconds after the commit within which everybody has heard."""


class Heard:
    """What one follower has heard, and when."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._news = asyncio.Condition()
        self.at: dict[str, float] = {}

    async def follow(self, place: Place, bearer: str, ready: asyncio.Event) -> None:
        """Listen until cancelled."""
        async with stream(place, bearer) as events:
            ready.set()
            async for event in events:
                await self._hear(event)

    async def _hear(self, event: Event) -> None:
        async with self._news:
            self.at[str(event.entry["id"])] = self._clock.monotonic()
            self._news.notify_all()

    async def of(self, id: str) -> float:
        """When it heard of `id`; infinity where that takes too long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(2 * BOUND), self._news:
                await self._news.wait_for(lambda: id in self.at)
                return self.at[id]
        return float("inf")


async def _started(heard: Heard, place: Place, bearer: str) -> "asyncio.Task[None]":
    """A follower that listens already."""
    ready = asyncio.Event()
    task = asyncio.create_task(heard.follow(place, bearer, ready))
    waiting = asyncio.create_task(ready.wait())
    await asyncio.wait([task, waiting], timeout=30, return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        task.result()
    assert waiting.done()
    return task


@pytest.fixture
async def nodes(
    database: Database, tmp_path_factory: pytest.TempPathFactory, kek: LocalKek, clock: Clock, entropy: Entropy
) -> AsyncIterator[list[Running]]:
    """Two servers on one database."""
    async with AsyncExitStack() as stack:
        folder = tmp_path_factory.mktemp("certificates")
        yield [
            await stack.enter_async_context(running(database.app, folder, kek=kek, clock=clock, entropy=entropy))
            for _ in range(2)
        ]


@pytest.mark.gauntlet
async def test_every_follower_hears_of_every_revocation_within_a_second(
    nodes: list[Running], clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its mutant doesn't wake those who follow."""
    first = await nodes[0].tenant()
    places = [Place(node, first.slug, first.tenant_id) for node in nodes]
    bearers = [await program_token(place, "revocations:read") for place in places]
    followers = [Heard(clock) for _ in range(CLIENTS)]
    tasks = list[asyncio.Task[None]]()
    latest, late, told = 0.0, 0, list[str]()
    try:
        for number, heard in enumerate(followers):
            tasks.append(await _started(heard, places[number % 2], bearers[number % 2]))
        for number in range(REVOCATIONS):
            id = await revoke(places[number % 2])
            committed = clock.monotonic()
            told.append(id)
            after = max(await asyncio.gather(*(heard.of(id) for heard in followers))) - committed
            latest, late = max(latest, after), late + (after > BOUND)
            assert not any(task.done() for task in tasks)
            if late:  # no need to wait for the others
                break
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    missed = sum(len(set(told) - heard.at.keys()) for heard in followers)
    with capsys.disabled():
        print(
            f"\nG18 stream: {len(told)} revocations, {CLIENTS} followers on 2 nodes; last heard"
            f" {latest * 1000:.0f} ms after the commit, {late} over {BOUND:.0f} s, {missed} missed"
        )
    assert late == 0
    assert missed == 0
