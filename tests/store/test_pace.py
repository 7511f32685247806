"""A round over many things, and what it leaves to others."""

import asyncio
from datetime import UTC, datetime
from itertools import pairwise

from airside.core.clock import FixedClock, SystemClock
from airside.store.pace import APART, SHARE, in_turn, paced


async def test_every_item_comes_once_in_order() -> None:
    clock = FixedClock(datetime(2026, 1, 1, tzinfo=UTC))
    assert [each async for each in paced(range(100), clock)] == list(range(100))


async def test_round_works_a_share_of_its_time() -> None:
    clock = SystemClock()
    began, worked = clock.monotonic(), 0.0
    async for _ in paced(range(5), clock):
        since = clock.monotonic()
        while clock.monotonic() < since + 0.004:
            pass
        worked += clock.monotonic() - since
    assert worked <= (clock.monotonic() - began) * SHARE


async def test_rounds_that_begin_together_come_one_after_the_other() -> None:
    """None asks before the one before has its answer, or within the same moment; and one that fails holds up nobody."""
    clock = SystemClock()
    asked: list[float] = []

    async def tenants() -> int:
        asked.append(clock.monotonic())
        if len(asked) == 2:
            raise ConnectionError
        return len(asked)

    turns = in_turn(tenants)
    answers = await asyncio.gather(*(turns() for _ in range(4)), return_exceptions=True)
    assert [answer for answer in answers if not isinstance(answer, ConnectionError)] == [1, 3, 4]
    assert min(after - before for before, after in pairwise(asked)) >= APART * 0.9
