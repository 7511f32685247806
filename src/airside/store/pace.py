"""Rounds over every tenant that leave the machine to the requests, however many tenants there are."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from typing import Final, NoReturn, TypeVar
from uuid import UUID

import structlog

from airside.core.clock import Clock

SHARE: Final = 0.1
"""The part of the time that one round works at most; for the rest of it, it sleeps."""
LONGEST_REST: Final = 1.0
"""Seconds of sleep at most after one item, however long that took."""
ROUND_EVERY: Final = 30.0
"""Seconds between two rounds that find what another process left behind when it died."""
APART: Final = 0.1
"""Seconds between the beginnings of two rounds that take turns."""

T = TypeVar("T")

_log = structlog.get_logger("airside.store.pace")


async def paced(items: Iterable[T], clock: Clock) -> AsyncGenerator[T]:
    """The items one by one, each after a rest in proportion to what the caller did with the one before: a round over
    ten times as many takes ten times as long, and costs no more of any second."""
    for item in items:
        began = clock.monotonic()
        yield item
        await asyncio.sleep(min((clock.monotonic() - began) * (1 / SHARE - 1), LONGEST_REST))


async def rounds(
    tenants: Callable[[], Awaitable[Iterable[UUID]]], clock: Clock, look: Callable[[UUID], Awaitable[None]]
) -> NoReturn:
    """Look at every tenant, again and again, for ever; a round that fails is made up for by the next one."""
    while True:
        try:
            async for tenant_id in paced(await tenants(), clock):
                await look(tenant_id)
        except Exception:  # noqa: BLE001 - whatever it was, the next round looks at everybody again
            _log.exception("round_failed", look=getattr(look, "__qualname__", ""))
        await asyncio.sleep(ROUND_EVERY)


def in_turn(tenants: Callable[[], Awaitable[T]]) -> Callable[[], Awaitable[T]]:
    """`tenants`, for rounds of one process that would begin at the same moment, and again each `ROUND_EVERY`: they come
    `APART`, and don't take every connection that is open while a request waits for the next to be opened."""
    turn = asyncio.Lock()

    async def asked() -> T:
        async with turn:
            await asyncio.sleep(APART)
            return await tenants()

    return asked
