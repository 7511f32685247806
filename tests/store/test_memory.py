"""What is held in memory is as true as its news: nothing outlives a change, a transaction undone, or its time."""

import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from airside.core.clock import Clock, FixedClock
from airside.store import Engine, Listener, Memory
from airside.store.memory import MAX_REMEMBERED
from tests.makers import MakeTenant

CHANNEL = "airside_test_memory"
SECONDS = 30.0


class Undone(Exception):
    """Takes a transaction back."""


@pytest.fixture
def memory(make_listener: Callable[[], Listener], clock: Clock) -> Memory[str]:
    """One process' memory, which hears of nothing but what it does itself."""
    return Memory(make_listener(), clock, channel=CHANNEL, seconds=SECONDS)


@pytest.fixture
async def there(make_listener: Callable[[], Listener], clock: Clock) -> AsyncIterator[Memory[str]]:
    """Another's, which hears."""
    listener = make_listener()
    memory: Memory[str] = Memory(listener, clock, channel=CHANNEL, seconds=SECONDS)
    await listener.start()
    yield memory
    await listener.stop()


async def test_what_was_read_is_known_from_the_commit_until_its_time_is_over(
    make_listener: Callable[[], Listener], engine: Engine, make_tenant: MakeTenant, clock: Clock
) -> None:
    standing = FixedClock(clock.now())
    memory: Memory[str] = Memory(make_listener(), standing, channel=CHANNEL, seconds=SECONDS)
    tenant, other = await make_tenant(), await make_tenant()
    async with engine.begin(tenant) as ctx:
        memory.keep(ctx, memory.reading(), "thing", "name")
        assert memory.known(ctx, "name") is None
    async with engine.begin(tenant) as ctx, engine.begin(other) as foreign:
        assert memory.known(ctx, "name") == "thing"
        assert memory.known(ctx) is None
        assert memory.known(foreign, "name") is None
        standing.advance(SECONDS)
        assert memory.known(ctx, "name") is None


async def test_what_was_read_in_a_transaction_that_is_undone_is_not_kept(
    memory: Memory[str], engine: Engine, make_tenant: MakeTenant
) -> None:
    tenant = await make_tenant()
    with pytest.raises(Undone):
        async with engine.begin(tenant) as ctx:
            await ctx.tx.run("select 1")
            memory.keep(ctx, memory.reading(), "thing")
            raise Undone
    async with engine.begin(tenant) as ctx:
        assert memory.known(ctx) is None


async def test_change_that_comes_while_it_is_read_is_not_covered_by_what_was_before(
    memory: Memory[str], engine: Engine, make_tenant: MakeTenant
) -> None:
    tenant = await make_tenant()
    async with engine.begin(tenant) as reader:
        reading = memory.reading()
        async with engine.begin(tenant) as writer:
            await memory.changed(writer)
        memory.keep(reader, reading, "before")
    async with engine.begin(tenant) as ctx:
        assert memory.known(ctx) is None


@pytest.mark.parametrize("everyone", [False, True], ids=["of one", "of every tenant"])
async def test_change_is_known_here_with_its_commit_and_there_with_the_news(
    memory: Memory[str], there: Memory[str], engine: Engine, make_tenant: MakeTenant, *, everyone: bool
) -> None:
    tenant, other = await make_tenant(), await make_tenant()
    for each in (tenant, other):
        async with engine.begin(each) as ctx:
            for process in (memory, there):
                process.keep(ctx, process.reading(), "thing", "name")
    async with engine.begin(tenant) as ctx:
        await (memory.all_changed(ctx) if everyone else memory.changed(ctx, "name"))
        assert memory.known(ctx, "name") == "thing"
    async with engine.begin(tenant) as ctx, engine.begin(other) as foreign:
        assert memory.known(ctx, "name") is None
        async with asyncio.timeout(10):
            while there.known(ctx, "name") is not None:  # noqa: ASYNC110 - another process' memory
                await asyncio.sleep(0.005)
        for process in (memory, there):
            assert (process.known(foreign, "name") is None) == everyone


async def test_no_more_is_held_than_may_be(memory: Memory[str], engine: Engine, make_tenant: MakeTenant) -> None:
    tenant = await make_tenant()
    async with engine.begin(tenant) as ctx:
        for number in range(MAX_REMEMBERED + 1):
            memory.keep_committed(tenant, memory.reading(), "thing", str(number))
        assert memory.known(ctx, "0") is None
        assert memory.known(ctx, "1") == memory.known(ctx, str(MAX_REMEMBERED)) == "thing"


@pytest.mark.parametrize("everyone", [False, True], ids=["of one", "of every tenant"])
async def test_what_is_outdated_is_kept_only_where_that_is_said_and_known_nowhere(
    memory: Memory[str],
    make_listener: Callable[[], Listener],
    engine: Engine,
    make_tenant: MakeTenant,
    clock: Clock,
    *,
    everyone: bool,
) -> None:
    tenant = await make_tenant()
    keeping: Memory[str] = Memory(make_listener(), clock, channel=CHANNEL, seconds=SECONDS, outdated=True)
    assert keeping.last(tenant) == (None, False)
    for each in (memory, keeping):
        async with engine.begin(tenant) as ctx:
            each.keep(ctx, each.reading(), "thing")
        assert each.last(tenant) == ("thing", True)
        async with engine.begin(tenant) as ctx:
            await (each.all_changed(ctx) if everyone else each.changed(ctx))
        async with engine.begin(tenant) as ctx:
            assert each.known(ctx) is None
    assert memory.last(tenant) == (None, False)
    assert keeping.last(tenant) == ("thing", False)
