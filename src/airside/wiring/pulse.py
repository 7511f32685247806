"""How this process feels: whether its loop turns in time, and how far its clock is from the database's."""

import asyncio
from typing import Final, NoReturn

from airside.core.clock import Clock
from airside.core.errors import Unavailable
from airside.core.measures import Durations
from airside.store import Engine

BEAT: Final = 0.25
"""Seconds between two looks at the loop."""
CLOCK_EVERY: Final = 60
"""Beats between two looks at the database's clock."""


class Pulse:
    """Measures for as long as it runs.

    Attributes:
        lag: how much later than it wanted the loop came back, each time.
        clock_offset: seconds that this machine's clock is ahead of the database's; None while that isn't known.
    """

    def __init__(self, *, engine: Engine, clock: Clock) -> None:
        self.lag = Durations()
        self.clock_offset: float | None = None
        self._engine = engine
        self._clock = clock

    async def run(self) -> NoReturn:
        """Measure for ever."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._beat())
            group.create_task(self._compare())
        raise AssertionError

    async def _beat(self) -> None:
        while True:
            began = self._clock.monotonic()
            await asyncio.sleep(BEAT)
            self.lag.add(max(0.0, self._clock.monotonic() - began - BEAT))

    async def _compare(self) -> None:
        while True:
            try:
                self.clock_offset = await self._engine.clock_offset()
            except Unavailable:
                self.clock_offset = None
            await asyncio.sleep(BEAT * CLOCK_EVERY)
