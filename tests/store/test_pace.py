"""A round over many things, and what it leaves to others."""

from datetime import UTC, datetime

from airside.core.clock import FixedClock, SystemClock
from airside.store.pace import SHARE, paced


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
