"""An edge at the top of a hierarchy of groups: 100,000 members below, on five levels, gain or lose a document by it.

Each time is that of one edge added (or removed) in memory and of the one check that follows it, which collects anew
what the edge made wrong. First with 50,000 subjects' memberships known, all of which it makes wrong; then with few.
`python -m bench.permissions_top_edge`; fails if one in a hundred takes longer than `BOUND`.
"""

import random
import sys
import time
from datetime import UTC, datetime

from airside.permissions.graph import Graph
from airside.permissions.index import Index, Ready
from airside.permissions.language import parse
from airside.permissions.limits import LEAST_KEPT
from airside.permissions.model import TupleKey

MODEL = """
model
  schema 1.1
type user
type group
  relations
    define member: [user, group#member]
type folder
  relations
    define viewer: [user, group#member]
type doc
  relations
    define parent: [folder]
    define viewer: [user, group#member] or viewer from parent
"""
LEVELS = 5
FAN = 10
MEMBERS = 100_000
TOP = TupleKey("group:0-0#member", "member", "group:outer")
SEED = 20_261_128
NOW = datetime(2026, 1, 1, tzinfo=UTC)
BOUND = 0.010
KNOWN_TURNS = 5
TURNS = 200


def hierarchy() -> Ready:
    """`group:0-0` at the top; each group has ten below it, and each of the lowest ten members."""
    graph = Graph()
    for level in range(1, LEVELS):
        for number in range(FAN**level):
            graph.add(TupleKey(f"group:{level}-{number}#member", "member", f"group:{level - 1}-{number // FAN}"))
    lowest = FAN ** (LEVELS - 1)
    for number in range(MEMBERS):
        graph.add(TupleKey(f"user:{number}", "member", f"group:{LEVELS - 1}-{number % lowest}"))
    graph.add(TupleKey("group:outer#member", "viewer", "folder:1"))
    graph.add(TupleKey("folder:1", "parent", "doc:1"))
    return Index(0, "model", graph).keep("model", parse(MODEL))


def may(ready: Ready, user: int) -> bool:
    return ready.check(f"user:{user}", "viewer", "doc:1", {}, NOW)


def turn(ready: Ready, draw: random.Random, *, adds: bool) -> float:
    """Seconds for the edge and the next check, which sees it."""
    user = draw.randrange(MEMBERS)
    begun = time.perf_counter()
    if adds:
        ready.graph.add(TOP)
    else:
        ready.graph.remove(TOP)
    allowed = may(ready, user)
    took = time.perf_counter() - begun
    assert allowed is adds
    return took


def report(name: str, times: list[float]) -> float:
    """The time that one in a hundred takes, and longer."""
    ordered = sorted(times)
    middle, high = ordered[len(ordered) // 2], ordered[len(ordered) * 99 // 100]
    print(f"{name:<44} p50 {middle * 1e6:8,.0f} µs   p99 {high * 1e6:8,.0f} µs   n {len(times)}")
    return high


def main() -> int:
    draw = random.Random(SEED)
    ready = hierarchy()
    print(f"{ready.graph.tuples:,} tuples, {MEMBERS:,} members below the edge, {LEVELS} levels")
    worst = 0.0
    for name, turns, known in (("subjects known", KNOWN_TURNS, LEAST_KEPT), ("few known", TURNS, 0)):
        times: dict[bool, list[float]] = {True: [], False: []}
        for _ in range(turns):
            for adds in (True, False):
                for user in range(known):
                    may(ready, user)
                times[adds].append(turn(ready, draw, adds=adds))
        for adds, found in times.items():
            worst = max(worst, report(f"edge {'added' if adds else 'removed'} and one check, {name}", found))
    print(f"bound {BOUND * 1e3:.0f} ms: {'kept' if worst < BOUND else 'broken'}")
    return int(worst >= BOUND)


if __name__ == "__main__":
    sys.exit(main())
