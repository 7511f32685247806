"""Tuples written into one store, and how soon another process answers with them. Synchronous commits.

Single writes and batches of 100 by callers at once in one process, each write one transaction with its change log,
its record in the journal and its NOTIFY; the sequencer of the journal runs beside them, as in a server. Writers of one
store take turns, so what bounds them is commits one after another: commits a second of one small row, by one writer
and by many, stand in the same run. Then two processes, each with its own engine,
listener and index: one writes, the other polls `check` until it answers yes.
Run: `.venv/bin/python -m bench.permissions_writes`.
"""

import asyncio
import contextlib
import itertools
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path
from typing import Final
from uuid import UUID

import psutil
import psycopg
import uvloop

from airside.audit import Journal, Sequencer
from airside.core.clock import SystemClock
from airside.core.entropy import SystemEntropy
from airside.core.ids import uuid7
from airside.permissions import Permissions, Question, TupleKey
from airside.store import Engine, Listener
from airside.store.embedded import EmbeddedPostgres
from airside.vault import LocalKek, Vault
from bench.scratch import database

AT_ONCE: Final = (1, 2, 16)
BATCH: Final = 100
SECONDS: Final = 3.0
WARM_UP: Final = 1.0
SEEN: Final = 300
POLL: Final = 0.001
GIVE_UP: Final = 5.0
CLOCK: Final = SystemClock()
ENTROPY: Final = SystemEntropy()
MODEL: Final = """
model
  schema 1.1
type user
type group
  relations
    define member: [user, group#member]
type doc
  relations
    define editor: [user, group#member]
    define viewer: [user, group#member] or editor
"""


class Node:
    """What one process has: an engine, a listener, a journal and the permissions room."""

    def __init__(self, folder: Path, dsn: str) -> None:
        self.engine = Engine(dsn, clock=CLOCK, entropy=ENTROPY)
        self.vault = Vault(kek=LocalKek.load(folder / "kek.json", entropy=ENTROPY), entropy=ENTROPY, clock=CLOCK)
        self.journal = Journal(vault=self.vault, entropy=ENTROPY)
        self.listener = Listener(dsn, clock=CLOCK)
        self.permissions = Permissions(
            engine=self.engine, listener=self.listener, clock=CLOCK, entropy=ENTROPY, journal=self.journal
        )

    async def __aenter__(self) -> "Node":
        await self.engine.open()
        await self.listener.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.listener.stop()
        await self.engine.close()

    @contextlib.asynccontextmanager
    async def sequencing(self, tenant_id: UUID) -> AsyncGenerator[None]:
        """The journal's sequencer in the background."""
        sequencer = Sequencer(journal=self.journal, vault=self.vault, entropy=ENTROPY)

        async def tenants() -> list[UUID]:
            return [tenant_id]

        task = asyncio.create_task(sequencer.run(engine=self.engine, clock=CLOCK, tenants=tenants))
        yield
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


class Store:
    """One store, and new tuples for it without end."""

    def __init__(self, node: Node, tenant_id: UUID, store_id: str) -> None:
        self.node, self.tenant_id, self.store_id = node, tenant_id, store_id
        self._numbers = itertools.count()

    def key(self) -> TupleKey:
        number = next(self._numbers)
        return TupleKey(f"user:{number % 5000}", "viewer", f"doc:{number}")

    async def write(self, keys: list[TupleKey]) -> None:
        async with self.node.engine.begin(self.tenant_id) as ctx:
            await self.node.permissions.tuples.write(ctx, self.store_id, writes=keys)

    async def check(self, key: TupleKey) -> bool:
        async with self.node.engine.begin(self.tenant_id) as ctx:
            asked = Question(self.store_id, key.user, key.relation, key.object)
            return (await self.node.permissions.engine.check(ctx, asked)).allowed


async def make(node: Node) -> Store:
    """A tenant with one store and its model, loaded into memory."""
    tenant_id = uuid7(CLOCK.now(), ENTROPY)
    async with node.engine.begin(tenant_id) as ctx:
        await node.vault.create(ctx)
        made = await node.permissions.stores.create(ctx, "bench")
        await node.permissions.models.write(ctx, made.id, MODEL)
    store = Store(node, tenant_id, made.id)
    await store.check(store.key())
    return store


async def calls_for(seconds: float, at_once: int, work: Callable[[], Awaitable[None]]) -> float:
    """Calls of `work` a second, by `at_once` callers."""
    done, started = 0, time.perf_counter()

    async def caller() -> None:
        nonlocal done
        while time.perf_counter() < started + seconds:
            await work()
            done += 1

    await asyncio.gather(*(caller() for _ in range(at_once)))
    return done / (time.perf_counter() - started)


async def commits_for(seconds: float, at_once: int, dsn: str) -> float:
    """Commits a second of one small row, each caller on its own connection."""
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
        await connection.execute("create table if not exists bench_row (a int, b int)")
        setting = await (await connection.execute("show synchronous_commit")).fetchone()
        assert setting == ("on",), setting
    async with contextlib.AsyncExitStack() as stack:
        idle = [
            await stack.enter_async_context(await psycopg.AsyncConnection.connect(dsn, autocommit=True))
            for _ in range(at_once)
        ]

        async def write() -> None:
            connection = idle.pop()
            await connection.execute("insert into bench_row values (%s, %s)", (1, 2))
            idle.append(connection)

        return await calls_for(seconds, at_once, write)


def spent(process: psutil.Process) -> float:
    """Seconds of CPU of a process and those it started."""
    times = [each.cpu_times() for each in (process, *process.children(recursive=True))]
    return sum(each.user + each.system for each in times)


async def rate(name: str, at_once: int, size: int, store: Store) -> None:
    """One line: tuples a second, and the CPU of this process and of the database's for each write."""
    database = _postmaster()

    async def work() -> None:
        await store.write([store.key() for _ in range(size)])

    await calls_for(WARM_UP, at_once, work)
    own, all_ = time.process_time(), spent(database)
    found = await calls_for(SECONDS, at_once, work)
    own, all_ = time.process_time() - own, spent(database) - all_
    done = found * SECONDS
    print(
        f"{name}, {at_once:2} at once   {found:8,.0f} writes/s {found * size:9,.0f} tuples/s   "
        f"CPU each {own / done * 1e6:6,.0f} µs here, {all_ / done * 1e6:6,.0f} µs in the database: "
        f"{done * size / (own + all_):,.0f} tuples a second of CPU"
    )


def _postmaster() -> psutil.Process:
    """The embedded database: a child of this process."""
    return next(each for each in psutil.Process().children() if "postgres" in each.name())


async def reading(folder: Path, dsn: str, tenant_id: UUID, store_id: str) -> None:
    """The other process: for each number told, asks until the answer is yes, and says when that was."""
    async with Node(folder, dsn) as node:
        store = Store(node, tenant_id, store_id)
        loop = asyncio.get_running_loop()
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            key = TupleKey(f"user:{line.strip()}", "viewer", f"doc:seen{line.strip()}")
            assert not await store.check(key)
            print("asking", flush=True)
            while not await store.check(key):  # noqa: ASYNC110  # it is the polling that is measured
                await asyncio.sleep(POLL)
            print(time.monotonic(), flush=True)


async def seen(folder: Path, dsn: str, store: Store) -> list[float]:
    """Seconds from a commit's return here to the first yes there, sorted. Negative: it was there first."""
    reader = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "bench.permissions_writes", str(folder), dsn, str(store.tenant_id), store.store_id),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert reader.stdin is not None
    assert reader.stdout is not None
    took: list[float] = []
    for number in range(SEEN):
        reader.stdin.write(f"{number}\n".encode())
        assert await reader.stdout.readline() == b"asking\n"
        await store.write([TupleKey(f"user:{number}", "viewer", f"doc:seen{number}")])
        committed = time.monotonic()
        took.append(float(await asyncio.wait_for(reader.stdout.readline(), GIVE_UP)) - committed)
    reader.stdin.close()
    await reader.wait()
    return sorted(took)


async def measure(folder: Path, postgres: EmbeddedPostgres) -> None:
    """Every figure, printed."""
    dsn = postgres.dsn("airside_app")
    async with Node(folder, dsn) as node:
        store = await make(node)
        for at_once in (1, max(AT_ONCE)):
            found = await commits_for(SECONDS / 2, at_once, postgres.dsn("postgres"))
            print(f"commits alone,  {at_once:2} at once   {found:8,.0f}/s")
        async with node.sequencing(store.tenant_id):
            for at_once in AT_ONCE:
                await rate("single tuples ", at_once, 1, store)
            for at_once in AT_ONCE:
                await rate("batches of 100", at_once, BATCH, store)
        took = await seen(folder, dsn, store)
        at = [took[len(took) * part // 100] * 1e3 for part in (50, 99)]
        print(f"written here, seen there        p50 {at[0]:.1f} ms   p99 {at[1]:.1f} ms   most {took[-1] * 1e3:.1f} ms")


async def main() -> None:
    """An embedded database, one store, all figures."""
    async with database() as (folder, postgres):
        LocalKek.create(folder / "kek.json", development=True, entropy=ENTROPY)
        await measure(folder, postgres)


if __name__ == "__main__":
    if len(sys.argv) == 5:
        uvloop.run(reading(Path(sys.argv[1]), sys.argv[2], UUID(sys.argv[3]), sys.argv[4]))
    else:
        uvloop.run(main())
