"""Permission checks in process, one thread, on a drive-like set: groups three deep, folders five deep, documents.

Half the questions are answered no. The walk alone, no cache of verdicts in front; then the whole engine, cache
included, as a request meets it. `python bench/permissions_engine.py [documents]`.
"""

import asyncio
import random
import resource
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from airside.core.clock import SystemClock
from airside.core.principal import ANONYMOUS, Origin
from airside.permissions import Question, TupleKey
from airside.permissions.cached import Cached
from airside.permissions.ends import each
from airside.permissions.graph import Graph
from airside.permissions.index import Index
from airside.permissions.indexes import Indexes
from airside.permissions.language import parse
from airside.permissions.walk import Walk
from airside.store import RequestContext

MODEL = """
model
  schema 1.1
type user
type group
  relations
    define member: [user, group#member]
type folder
  relations
    define owner: [user]
    define parent: [folder]
    define editor: [user, group#member] or owner or editor from parent
    define viewer: [user, user:*, group#member] or editor or viewer from parent
type doc
  relations
    define blocked: [user]
    define owner: [user]
    define parent: [folder]
    define editor: [user, group#member] or owner or editor from parent
    define viewer: [user, user:*, group#member] or editor or viewer from parent
    define can_read: viewer but not blocked
"""
SEED = 20_261_123
NOW = datetime(2026, 1, 1, tzinfo=UTC)
QUESTIONS = 100_000
TENANT = UUID(int=1)
STORE = "01M83TC4Y6GZQS01Z3PF7Z6VV6"


@dataclass
class Drive:
    """`documents` in folders five deep, a user for every ten, a group for every hundred."""

    documents: int
    draw: random.Random = field(default_factory=lambda: random.Random(SEED))

    def tuples(self) -> Iterator[TupleKey]:
        users, groups, folders = self.documents // 10, self.documents // 100, self.documents // 20
        for user in range(users):
            yield TupleKey(f"user:{user}", "member", f"group:{self.draw.randrange(groups)}")
        for group in range(groups // 2):
            yield TupleKey(f"group:{group}#member", "member", f"group:{groups // 2 + group // 2}")
        for folder in range(folders):
            if folder % 5:
                yield TupleKey(f"folder:{folder - 1}", "parent", f"folder:{folder}")
            group = self.draw.randrange(groups)
            yield TupleKey(f"group:{group}#member", self.draw.choice(("viewer", "editor")), f"folder:{folder}")
        for doc in range(self.documents):
            yield TupleKey(f"folder:{self.draw.randrange(folders)}", "parent", f"doc:{doc}")
            yield TupleKey(f"user:{self.draw.randrange(users)}", "owner", f"doc:{doc}")

    def questions(self, index: Index, count: int) -> list[Question]:
        """As many yes as no, shuffled."""
        ready = index.keep("model", parse(MODEL))
        kept: dict[bool, list[Question]] = {True: [], False: []}
        graph = index.graph
        owner = graph.slots["doc#owner"]
        while min(len(found) for found in kept.values()) < count // 2:
            doc = self.draw.randrange(self.documents)
            user = f"user:{self.draw.randrange(self.documents // 10)}"
            if self.draw.random() < 0.3:
                node = graph.nodes[f"doc:{doc}"]
                user = graph.words[next(iter(each(graph.forward[owner].get(node))))]
            asked = Question(STORE, user, self.draw.choice(("viewer", "can_read", "editor")), f"doc:{doc}", "model")
            kept[index.answer(asked, ready, NOW).allowed].append(asked)
        chosen = kept[True][: count // 2] + kept[False][: count // 2]
        self.draw.shuffle(chosen)
        return chosen


class Quiet:
    """A listener that is always fresh."""

    def subscribe(self, *_: object) -> None:
        return

    def silent_for(self) -> float:
        return 0.0


def report(name: str, count: int, wall: float, cpu: float) -> None:
    print(f"{name:<34} {count / wall:>11,.0f}/s   wall {wall / count * 1e6:6.2f} µs   CPU {cpu / count * 1e6:6.2f} µs")


async def run(documents: int) -> None:
    drive = Drive(documents)
    tuples = list(drive.tuples())
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.perf_counter()
    graph = Graph()
    for key in tuples:
        graph.add(key)
    index = Index(0, "model", graph)
    took = time.perf_counter() - start
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    print(f"{len(tuples):,} tuples, {len(tuples) / took:,.0f} loaded/s, {grown / len(tuples):.0f} B each at most")
    asked = drive.questions(index, QUESTIONS)
    ready = index.keep("model", parse(MODEL))
    for name in ("walk, subjects cold", "walk, subjects known"):
        times: list[float] = []
        wall, cpu = time.perf_counter(), time.process_time()
        for question in asked:
            index.answer(question, ready, NOW)
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        report(name, len(asked), wall, cpu)
    for question in asked[:20_000]:
        began = time.perf_counter()
        index.answer(question, ready, NOW)
        times.append(time.perf_counter() - began)
    print(
        f"{'walk, one by one':<34} p50 {sorted(times)[10_000] * 1e6:.1f} µs   p99 {sorted(times)[19_800] * 1e6:.1f} µs"
    )
    await engine(index, asked)


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
    asyncio.run(run(int(sys.argv[1]) if len(sys.argv) > 1 else 40_000))
