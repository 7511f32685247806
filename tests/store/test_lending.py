"""Connections at hand: lent again at once, never to two, and the pool's whenever it needs them."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from airside.core.clock import FixedClock, SystemClock
from airside.store.connection import Connection
from airside.store.lending import AT_HAND, MOST, STOOD_STILL, Lender, Pool
from tests.makers import Database

SIZE = 10


@pytest.fixture
def moment() -> FixedClock:
    return FixedClock(datetime(2027, 3, 1, tzinfo=UTC))


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
def lender(pool: Pool, moment: FixedClock) -> Lender:
    return Lender(pool, clock=moment)


def requests(pool: Pool) -> int:
    """How often the pool was asked."""
    return pool.get_stats().get("requests_num", 0)


async def test_connection_given_back_is_lent_again_without_the_pool(lender: Lender, pool: Pool) -> None:
    first = await lender.take(1.0)
    await lender.give(first)
    for _ in range(20):
        again = await lender.take(1.0)
        assert again is first
        await lender.give(again)
    assert requests(pool) == 1


async def test_nobody_has_what_another_has(lender: Lender) -> None:
    taken = [await lender.take(1.0) for _ in range(SIZE)]
    assert len(set(map(id, taken))) == SIZE
    with pytest.raises(PoolTimeout):
        await lender.take(0.05)
    for connection in taken:
        await lender.give(connection)


async def test_whoever_waits_comes_first(lender: Lender) -> None:
    taken = [await lender.take(1.0) for _ in range(SIZE)]
    waiting = asyncio.create_task(lender.take(5.0))
    await asyncio.sleep(0.01)
    await lender.give(taken[0])
    assert await waiting is taken[0]
    for connection in taken:
        await lender.give(connection)


async def test_only_a_few_stay_at_hand(lender: Lender, pool: Pool) -> None:
    taken = [await lender.take(1.0) for _ in range(SIZE)]
    for connection in taken:
        await lender.give(connection)
    assert pool.get_stats()["pool_available"] == SIZE - MOST


async def test_pool_has_each_back_in_time(lender: Lender, pool: Pool, moment: FixedClock) -> None:
    await lender.give(await lender.take(1.0))
    moment.advance(AT_HAND)
    await lender.give(await lender.take(1.0))
    assert requests(pool) == 1
    await lender.give(await lender.take(1.0))
    assert requests(pool) == 2


async def test_connection_in_a_transaction_or_broken_is_not_kept(lender: Lender, pool: Pool) -> None:
    open_one = await lender.take(1.0)
    await open_one.execute("begin")
    await lender.give(open_one)
    broken = await lender.take(1.0)
    assert broken.pgconn.transaction_status == 0
    broken.pgconn.finish()
    await lender.give(broken)
    for _ in range(2):
        assert (await (await (await lender.take(1.0)).execute("select 1")).fetchone()) == (1,)
    assert requests(pool) >= 3


async def test_closing_gives_everything_back(lender: Lender, pool: Pool) -> None:
    inside, outside = await lender.take(1.0), await lender.take(1.0)
    await lender.give(inside)
    await lender.close()
    await lender.give(outside)
    assert inside.closed
    assert outside.closed


async def test_who_is_cancelled_just_as_a_connection_comes_hears_of_it(lender: Lender, pool: Pool) -> None:
    """A worker that went on would never end; and the connection is free again."""
    taken, elsewhere = [await lender.take(1.0) for _ in range(SIZE - 1)], await pool.getconn()
    waiting = asyncio.create_task(lender.take(5.0))
    await asyncio.sleep(0.01)
    assert pool.get_stats().get("requests_waiting") == 1
    await pool.putconn(elsewhere)
    for _ in range(20):
        if waiting.done():
            break
        await asyncio.sleep(0)
        waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    taken.append(await lender.take(1.0))
    for connection in taken:
        await lender.give(connection)


async def test_process_that_stood_still_has_not_waited(pool: Pool) -> None:
    """Whoever waits when the process is stopped for a while (or has no processor) isn't refused for that."""
    lender = Lender(pool, clock=SystemClock())
    taken = [await lender.take(1.0) for _ in range(SIZE)]
    patience = 0.3

    async def back() -> None:
        await asyncio.sleep(0.05)
        await lender.give(taken[0])

    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(lender.take(patience))
        group.create_task(back())
        await asyncio.sleep(0.01)
        time.sleep(patience + 2 * STOOD_STILL)  # noqa: ASYNC251 - that nothing happens meanwhile is the point
    assert waiting.result() is taken[0]
    with pytest.raises(PoolTimeout):
        await lender.take(patience)
