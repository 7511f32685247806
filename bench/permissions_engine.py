"""Permission checks in process, one thread, on the drive-like set (`drive.py`); half of the answers are no.

The walk alone, no cache of verdicts in front, with subjects and crowds cold, then known; then the whole engine, cache
included, as a request meets it; then lists. `python -m bench.permissions_engine [tuples]`.
"""

import asyncio
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import psutil

from airside.core.clock import SystemClock
from airside.core.principal import ANONYMOUS, Origin
from airside.permissions import Question
from airside.permissions.cached import Cached
from airside.permissions.index import Index
from airside.permissions.indexes import Indexes
from airside.permissions.language import parse
from airside.permissions.walk import Walk
from airside.store import RequestContext
from bench.drive import MODEL, MODEL_ID, NOW, READER, TUPLES_EACH, Drive, answers, indexed

QUESTIONS: Final = 100_000
TENANT: Final = UUID(int=1)
STORE: Final = "01M83TC4Y6GZQS01Z3PF7Z6VV6"


class Quiet:
    """A listener that is always fresh."""

    def subscribe(self, *_: object) -> None:
        return

    def silent_for(self) -> float:
        return 0.0


def report(name: str, count: int, wall: float, cpu: float) -> None:
    """One line."""
    print(f"{name:<34} {count / wall:>11,.0f}/s   wall {wall / count * 1e6:6.2f} µs   CPU {cpu / count * 1e6:6.2f} µs")


def measure(name: str, count: int, work: Callable[[], object]) -> None:
    """Do it once and print it."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    report(name, count, time.perf_counter() - wall, time.process_time() - cpu)


async def run(tuples: int) -> None:
    """Measure and print."""
    drive = Drive(int(tuples / TUPLES_EACH))
    before = psutil.Process().memory_info().rss
    index = indexed(drive)
    grown = psutil.Process().memory_info().rss - before
    count = index.graph.tuples
    print(f"{count:,} tuples; at most {grown / count:.0f} B each, what they were made of included")
    keys = drive.questions(answers(index), QUESTIONS)
    asked = [Question(STORE, key.user, key.relation, key.object, MODEL_ID) for key in keys]
    ready = index.keep(MODEL_ID, parse(MODEL))
    for name in ("walk, subjects and crowds cold", "walk, known", "walk, known"):
        measure(name, len(asked), lambda: [index.answer(question, ready, NOW) for question in asked])
    times: list[float] = []
    for question in asked:
        began = time.perf_counter()
        index.answer(question, ready, NOW)
        times.append(time.perf_counter() - began)
    times.sort()
    p50, p99 = times[len(times) // 2] * 1e6, times[len(times) * 99 // 100] * 1e6
    print(f"{'walk, one by one':<34} p50 {p50:.1f} µs   p99 {p99:.1f} µs")
    await engine(index, asked)
    for relation in ("viewer", "can_read"):
        found = ready.objects(READER, relation, "doc", {}, NOW)
        measure(
            f"list-objects {relation}, {len(found):,} answers (each list)",
            20,
            lambda relation=relation: [ready.objects(READER, relation, "doc", {}, NOW) for _ in range(20)],
        )


async def engine(index: Index, asked: list[Question]) -> None:
    """The stacked engine; no database is there to be asked."""
    nothing: Any = None
    quiet: Any = Quiet()
    indexes = Indexes(engine=nothing, listener=quiet, clock=SystemClock())
    indexes.place(TENANT, STORE, index)
    cached = Cached(Walk(indexes), indexes)
    ctx = RequestContext(TENANT, nothing, ANONYMOUS, datetime.now(UTC), "", Origin("-"))
    for name in ("engine, verdicts cold", "engine, verdicts cached"):
        wall, cpu = time.perf_counter(), time.process_time()
        for question in asked:
            await cached.check(ctx, question)
        report(name, len(asked), time.perf_counter() - wall, time.process_time() - cpu)


if __name__ == "__main__":
    asyncio.run(run(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000))
