"""Connections where there aren't enough for everybody: a tenant's share, and lines that take turns."""

import asyncio
import time
from collections.abc import AsyncIterator
from random import Random

import pytest
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from airside.core.clock import SystemClock
from airside.store.connection import Connection
from airside.store.lending import Lender, Pool
from airside.store.places import NOBODY, Holder
from tests.makers import Database

SIZE = 8
SHARE = 6
SHARE_BESIDE = 7
LOUD, QUIET, THIRD = 1, 2, 3


@pytest.fixture
async def pool(database: Database) -> AsyncIterator[Pool]:
    made = AsyncConnectionPool(
        database.app,
        min_size=1,
        max_size=SIZE,
        open=False,
        kwargs={"autocommit": True},
        connection_class=Connection,
    )
    await made.open()
    yield made
    await made.close()


@pytest.fixture
async def lender(pool: Pool) -> AsyncIterator[Lender]:
    """In the end all of its places are free again, whatever happened to them."""
    made = Lender(pool, clock=SystemClock())
    yield made
    assert made.state().waiting == 0
    await given(made, await taken(made, NOBODY, SIZE))


async def taken(lender: Lender, holder: Holder, number: int) -> list[Connection]:
    return [await lender.take(2.0, holder) for _ in range(number)]


async def given(lender: Lender, connections: list[Connection]) -> None:
    while connections:
        await lender.give(connections.pop())


def asked(lender: Lender, holder: Holder, *, beside: bool = False) -> asyncio.Task[Connection]:
    return asyncio.create_task(lender.take(5.0, holder, beside=beside))


async def settled() -> None:
    """Whoever waits has come as far as they can."""
    await asyncio.sleep(0.05)


async def test_tenant_at_its_share_is_refused_and_the_others_are_not(lender: Lender, pool: Pool) -> None:
    held = await taken(lender, LOUD, SHARE)
    waiting = asyncio.create_task(lender.take(0.2, LOUD))
    others = await taken(lender, QUIET, SIZE - SHARE)
    asked_for = pool.get_stats().get("requests_num", 0)
    for _ in range(20):  # what is at hand is lent as ever meanwhile
        await lender.give(others.pop())
        others += await taken(lender, QUIET, 1)
    assert pool.get_stats().get("requests_num", 0) == asked_for
    with pytest.raises(PoolTimeout):
        await waiting
    assert lender.in_vain == 1
    await given(lender, held + others)


async def test_tenant_below_its_share_again_has_the_next(lender: Lender) -> None:
    held = await taken(lender, LOUD, SHARE)
    waiting = asked(lender, LOUD)
    await settled()
    assert lender.state().waiting == 1
    await lender.give(held.pop())
    held.append(await waiting)
    await given(lender, held)


async def test_who_has_one_and_wants_another_does_not_wait_for_who_has_none(lender: Lender) -> None:
    held = await taken(lender, LOUD, SHARE)
    without = asked(lender, LOUD)
    await settled()
    second = await lender.take(1.0, LOUD, beside=True)
    third, fourth = asked(lender, LOUD, beside=True), asked(lender, LOUD, beside=True)
    await settled()
    assert not third.done()
    await lender.give(second)
    second = await third
    await lender.give(held.pop())
    held.append(await fourth)
    assert not without.done()
    await lender.give(second)
    await lender.give(held.pop())
    held.append(await without)
    await given(lender, held)


async def test_what_belongs_to_no_tenant_has_no_share(lender: Lender) -> None:
    await given(lender, await taken(lender, NOBODY, SIZE))


async def test_lines_take_turns(lender: Lender) -> None:
    held = await taken(lender, NOBODY, SIZE)
    order = list[str]()
    loud, quiet, third = (
        [asked(lender, holder) for _ in range(wanted)] for holder, wanted in ((LOUD, 4), (QUIET, 2), (THIRD, 2))
    )
    for name, tasks in (("loud", loud), ("quiet", quiet), ("third", third)):
        for task in tasks:
            task.add_done_callback(lambda _, name=name: order.append(name))
    await settled()
    for _ in range(5):
        await lender.give(held.pop())
        await settled()
    assert order == ["loud", "quiet", "third", "loud", "quiet"]  # and not four times loud
    await given(lender, held)
    await given(lender, list(await asyncio.gather(*loud, *quiet, *third)))


async def test_who_is_cancelled_leaves_the_line_to_the_next(lender: Lender) -> None:
    held = await taken(lender, NOBODY, SIZE)
    first, second = asked(lender, LOUD), asked(lender, LOUD)
    await settled()
    first.cancel()
    await lender.give(held.pop())  # in the same turn of the loop: the first is in the line still
    held.append(await second)
    with pytest.raises(asyncio.CancelledError):
        await first
    await given(lender, held)


async def test_who_is_cancelled_just_as_they_are_called_gives_the_place_on(lender: Lender) -> None:
    held = await taken(lender, NOBODY, SIZE)
    first, second = asked(lender, LOUD), asked(lender, QUIET)
    await settled()
    await lender.give(held.pop())
    first.cancel()
    held.append(await second)
    with pytest.raises(asyncio.CancelledError):
        await first
    await given(lender, held)


async def test_who_is_called_as_patience_ends_is_not_refused(lender: Lender) -> None:
    held = await taken(lender, NOBODY, SIZE)
    waiting = asyncio.create_task(lender.take(0.2, LOUD))
    await settled()
    time.sleep(0.2)  # noqa: ASYNC251 - nobody could tell them before
    await lender.give(held.pop())
    held.append(await waiting)
    await given(lender, held)


async def test_closed_pool_refuses_and_keeps_no_place(pool: Pool) -> None:
    lender = Lender(pool, clock=SystemClock())
    await lender.close()
    for _ in range(2 * SIZE):
        with pytest.raises(Exception, match="closed"):
            await lender.take(0.5, LOUD)


@pytest.mark.parametrize("seed", range(3), ids=str)
async def test_nothing_is_lost_whoever_gives_up_whenever(lender: Lender, seed: int) -> None:
    """The fixture takes all of them in the end."""
    rolls = Random(seed)

    async def work(holder: Holder) -> None:
        connection = await lender.take(rolls.choice((0.01, 0.05, 2.0)), holder, beside=rolls.random() < 0.2)
        try:
            await asyncio.sleep(rolls.random() / 100)
        finally:
            await lender.give(connection)

    tasks = [asyncio.create_task(work(rolls.choice((LOUD, LOUD, LOUD, QUIET, THIRD, NOBODY)))) for _ in range(200)]
    for task in rolls.sample(tasks, 60):
        await asyncio.sleep(0.001)
        task.cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} <= {type(None), PoolTimeout, asyncio.CancelledError}
    assert None in outcomes
