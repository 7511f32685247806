"""What the audit log costs: records a second by commit, against one bare row in the same transaction, and sequencing.

Synchronous commit as the database has it (on, unless its configuration says otherwise); writers share one tenant,
for nothing in the journal makes them queue.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from uuid import UUID

from airside.audit import Event, Journal, Sequencer, verify_tenant
from airside.core.clock import SystemClock
from airside.core.entropy import SystemEntropy
from airside.core.ids import uuid7
from airside.store import Engine
from airside.vault import LocalKek, Vault
from bench.scratch import database

WRITERS = 16
SECONDS = 2.0
BARE = "insert into airside.audit_pending (tenant_id, record_id, leaf_hash) values (%s, %s, %s)"

Work = Callable[[], Awaitable[None]]


class Bench:
    """One tenant on one engine."""

    def __init__(self, engine: Engine, vault: Vault, tenant_id: UUID) -> None:
        self._clock, self._entropy = SystemClock(), SystemEntropy()
        self._engine, self._tenant_id = engine, tenant_id
        self._journal = Journal(vault=vault, entropy=self._entropy)
        self._sequencer = Sequencer(journal=self._journal, vault=vault, entropy=self._entropy)

    async def bare(self) -> None:
        """One row of another kind in a transaction of its own: what a commit costs without us."""
        async with self._engine.begin(self._tenant_id) as ctx:
            record_id = uuid7(ctx.now, self._entropy)
            await ctx.tx.run_many([(BARE, (self._tenant_id, record_id, b""))])

    def journal(self, count: int) -> Work:
        """`count` records in one transaction."""

        async def write() -> None:
            async with self._engine.begin(self._tenant_id) as ctx:
                for number in range(count):
                    await self._journal.record(ctx, Event.USER_UPDATED, subject="usr_1", details={"n": number})

        return write

    async def clear(self) -> None:
        """Forget the bare rows, which stand for no record."""
        async with self._engine.begin(self._tenant_id) as ctx:
            await ctx.tx.run("delete from airside.audit_pending where tenant_id = %s", (self._tenant_id,))

    async def sequence(self) -> tuple[int, float]:
        """How many records were sequenced, in how many seconds."""
        total, started = 0, time.perf_counter()
        while True:
            async with self._engine.begin(self._tenant_id) as ctx:
                moved = await self._sequencer.sequence(ctx)
            if not moved:
                return total, time.perf_counter() - started
            total += moved

    async def verify(self) -> tuple[int, float]:
        """How many records were verified, in how many seconds."""
        started = time.perf_counter()
        async with self._engine.begin(self._tenant_id) as ctx:
            report = await verify_tenant(ctx)
        assert report.sound
        return report.proven + report.younger, time.perf_counter() - started


async def rate(work: Work) -> float:
    """Calls of `work` a second, by `WRITERS` at once."""
    done, ends = 0, time.perf_counter() + SECONDS

    async def writer() -> None:
        nonlocal done
        while time.perf_counter() < ends:
            await work()
            done += 1

    await asyncio.gather(*(writer() for _ in range(WRITERS)))
    return done / SECONDS


async def measure(bench: Bench) -> None:
    """Every figure, printed."""
    bare = await rate(bench.bare)
    await bench.clear()
    print(f"bare row, one a commit       {bare:9.0f} rows/s")
    for count in (1, 10, 100):
        found = await rate(bench.journal(count))
        print(
            f"journal, {count:3} a commit        {found * count:9.0f} records/s, {found / bare:.2f} of the bare commits"
        )
    moved, took = await bench.sequence()
    print(f"sequencer                    {moved / took:9.0f} records/s ({moved} in {took:.1f} s)")
    read, took = await bench.verify()
    print(f"verifier                     {read / took:9.0f} records/s")


async def main() -> None:
    """An embedded database, one tenant, all figures."""
    clock, entropy = SystemClock(), SystemEntropy()
    async with database() as (folder, postgres):
        kek = LocalKek.create(folder / "kek", development=True, entropy=entropy)
        vault = Vault(kek=kek, entropy=entropy, clock=clock)
        async with Engine(postgres.dsn("airside_app"), clock=clock, entropy=entropy) as engine:
            tenant_id = uuid7(clock.now(), entropy)
            async with engine.begin(tenant_id) as ctx:
                await vault.create(ctx)
            await measure(Bench(engine, vault, tenant_id))


if __name__ == "__main__":
    asyncio.run(main())
