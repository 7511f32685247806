"""What one call costs, by the clock and by the processor."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Cost:
    """Microseconds of one call."""

    wall: float
    cpu: float


def cost(call: Callable[[], object], count: int) -> Cost:
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(count):
        call()
    return Cost((time.perf_counter() - wall) / count * 1e6, (time.process_time() - cpu) / count * 1e6)


async def awaited(call: Callable[[], Awaitable[object]], count: int) -> Cost:
    wall, cpu = time.perf_counter(), time.process_time()
    for _ in range(count):
        await call()
    return Cost((time.perf_counter() - wall) / count * 1e6, (time.process_time() - cpu) / count * 1e6)
