"""Rounds over every tenant that leave the machine to the requests, however many tenants there are."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from typing import Final, TypeVar

from airside.core.clock import Clock

SHARE: Final = 0.1
"""The part of the time that one round works at most; for the rest of it, it sleeps."""
LONGEST_REST: Final = 1.0
"""Seconds of sleep at most after one item, however long that took."""

T = TypeVar("T")


async def paced(items: Iterable[T], clock: Clock) -> AsyncGenerator[T]:
    """The items one by one, each after a rest in proportion to what the caller did with the one before: a round over
    ten times as many takes ten times as long, and costs no more of any second."""
    for item in items:
        began = clock.monotonic()
        yield item
        await asyncio.sleep(min((clock.monotonic() - began) * (1 / SHARE - 1), LONGEST_REST))
