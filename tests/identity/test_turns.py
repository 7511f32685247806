"""Threads whose work waits in lines, one a tenant."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from queue import SimpleQueue
from threading import Event
from uuid import UUID

import pytest

from airside.core.errors import Unavailable
from airside.identity.turns import Turns

HOLDER, ACME, OTHER, THIRD = (UUID(int=number) for number in range(4))
SECONDS = 30.0


class Line:
    """One thread that is held until it is told to go on, and what was done since, in order."""

    def __init__(self) -> None:
        self.turns = Turns(1, "test")
        self.done: list[str] = []
        self.going, self.gate = Event(), Event()
        self.held = asyncio.create_task(self.turns.do(HOLDER, self._hold))

    def _hold(self) -> bool:
        self.going.set()
        return self.gate.wait(SECONDS)

    async def join(self, tenant_id: UUID, *words: str) -> list[asyncio.Task[None]]:
        """A piece of work for each word."""
        tasks = [asyncio.create_task(self.turns.do(tenant_id, partial(self.done.append, word))) for word in words]
        await asyncio.sleep(0)
        return tasks


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    made = Line()
    assert await asyncio.to_thread(made.going.wait, SECONDS)
    yield made
    made.gate.set()
    made.turns.close()
    await asyncio.gather(made.held, return_exceptions=True)


async def test_tenants_take_turns_and_each_is_served_in_order(line: Line) -> None:
    waiting = await line.join(ACME, "a1", "a2", "a3")
    waiting += await line.join(OTHER, "o1")
    waiting += await line.join(THIRD, "t1", "t2")
    line.gate.set()
    await asyncio.gather(*waiting)
    assert line.done == ["a1", "o1", "t1", "a2", "t2", "a3"]


async def test_what_is_ahead_is_its_own_and_as_many_of_the_others(line: Line) -> None:
    waiting = await line.join(ACME, "a1", "a2", "a3")
    assert [line.turns.ahead(tenant_id) for tenant_id in (ACME, OTHER)] == [3, 0]
    waiting += await line.join(OTHER, "o1")
    assert [line.turns.ahead(tenant_id) for tenant_id in (ACME, OTHER, THIRD)] == [4, 2, 0]
    assert line.turns.waiting == 4
    line.gate.set()
    await asyncio.gather(*waiting)
    assert (line.turns.waiting, line.turns.ahead(ACME)) == (0, 0)


async def test_who_is_cancelled_while_waiting_has_left_the_line(line: Line) -> None:
    first, second, third = await line.join(ACME, "a1", "a2", "a3")
    (alone,) = await line.join(OTHER, "o1")
    second.cancel()
    alone.cancel()
    await asyncio.gather(second, alone, return_exceptions=True)
    assert (line.turns.waiting, line.turns.ahead(ACME), line.turns.ahead(OTHER)) == (2, 2, 0)
    line.gate.set()
    await asyncio.gather(first, third)
    assert line.done == ["a1", "a3"]
    assert second.cancelled()
    assert alone.cancelled()


async def test_who_is_cancelled_before_joining_is_in_no_line(line: Line) -> None:
    task = asyncio.create_task(line.turns.do(ACME, lambda: None))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert line.turns.waiting == 0


async def test_who_is_cancelled_at_its_turn_holds_up_nobody(line: Line) -> None:
    """The thread does what it is at to the end, as it must, and takes the next."""
    waiting = await line.join(ACME, "a1")
    line.held.cancel()
    await asyncio.sleep(0)
    assert line.turns.waiting == 1
    line.gate.set()
    await asyncio.gather(*waiting)
    assert line.done == ["a1"]
    assert line.held.cancelled()


async def test_who_is_cancelled_when_it_was_done_leaves_the_count_right(line: Line) -> None:
    (task,) = await line.join(ACME, "a1")
    line.gate.set()
    while not line.done:  # without letting the loop hear of it
        Event().wait(0.001)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await line.turns.do(OTHER, lambda: None)
    assert line.done == ["a1"]
    assert line.turns.waiting == 0


async def test_what_the_work_raises_is_its_callers_alone(line: Line) -> None:
    def fail() -> None:
        raise LookupError

    failing = asyncio.create_task(line.turns.do(ACME, fail))
    (other,) = await line.join(ACME, "a1")
    line.gate.set()
    with pytest.raises(LookupError):
        await failing
    await other
    assert line.done == ["a1"]


async def test_closing_refuses_what_waits_and_ends_what_is_done(line: Line) -> None:
    waiting = [*await line.join(ACME, "a1", "a2"), *await line.join(OTHER, "o1")]
    line.gate.set()
    line.turns.close()
    assert await line.held
    refused = await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), SECONDS)
    assert set(map(type, refused)) <= {Unavailable, type(None)}
    assert line.turns.waiting == 0
    with pytest.raises(Unavailable):
        await line.turns.do(ACME, lambda: None)


async def test_as_many_work_at_once_as_there_are_threads() -> None:
    turns, gate, begun = Turns(3, "test"), Event(), SimpleQueue[int]()

    def work(number: int) -> int:
        begun.put(number)
        assert gate.wait(SECONDS)
        return number

    tasks = [asyncio.create_task(turns.do(UUID(int=number % 2), partial(work, number))) for number in range(8)]
    for _ in range(3):
        await asyncio.to_thread(begun.get, timeout=SECONDS)
    assert (turns.waiting, begun.empty()) == (5, True)
    gate.set()
    assert await asyncio.gather(*tasks) == list(range(8))
    turns.close()
