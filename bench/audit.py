"""What the audit log costs: records a second by commit, against one bare row in the same transaction, and sequencing;
a proof and searches over a million records; and how long an offline verifier takes for an exported file.

Synchronous commit as the database has it (on, unless its configuration says otherwise); writers share one tenant,
for nothing in the journal makes them queue. Beside the clock stands this process's own time of the processor.
"""

import asyncio
import os
import resource
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from statistics import median
from uuid import UUID

from psycopg import AsyncConnection

from airside.audit import (
    AuditLog,
    Event,
    Found,
    Head,
    Journal,
    Sequencer,
    inclusion,
    records,
    search_for,
    verify_file,
    verify_tenant,
    write_entry,
)
from airside.audit.canonical import hashed
from airside.audit.heads import sign
from airside.audit.model import Closing, Leaf, Opening, Pending, Record, Tree
from airside.audit.tree import Frontier
from airside.core.clock import SystemClock
from airside.core.entropy import SystemEntropy
from airside.core.ids import USER, format_id, uuid7
from airside.core.strict_json import dumps
from airside.protocols.jose import SigningKey, public_jwk, thumbprint
from airside.protocols.jose.keys import generate
from airside.store import Engine, RequestContext
from airside.store.embedded import SUPERUSER
from airside.vault import LocalKek, Vault
from bench.calibration import loop_seconds
from bench.scratch import database

WRITERS = 16
SECONDS = 2.0
LARGE = 1_000_000
"""Leaves of the log that proofs are made over."""
AT_ONCE = 50_000
PROOFS = 200
SUBJECT = format_id(USER, UUID(int=1))
EXPORTED = 1_000_000
"""Records of the file that is verified offline."""
SEARCHES = 50
"""Pages of each kind of search."""
MANY = """
    insert into airside.audit_record
    select %(tenant)s, (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '7000' || '8000'
                        || lpad(to_hex(n), 12, '0'))::uuid,
           at, case n %% 20 when 0 then 'user:user:created' when 1 then 'session:session:started' else %(event)s end,
           'user:' || n %% 1000, 'usr_' || n %% 10000, case n %% 100 when 0 then 'refused' else 'success' end,
           '', '', '', '{}', '', null, decode(repeat('00', 32), 'hex')
    from generate_series(0, %(count)s - 1) n,
         lateral (select %(now)s::timestamptz - (%(count)s - n) * interval '1 s') t (at)
"""
"""Records over eleven days, by 1,000 actors about 10,000 subjects: a search reads nothing else."""
BARE = "insert into airside.audit_pending (tenant_id, record_id, leaf_hash) values (%s, %s, %s)"

Work = Callable[[], Awaitable[None]]


class Bench:
    """One tenant on one engine."""

    def __init__(self, engine: Engine, vault: Vault, tenant_id: UUID) -> None:
        self._clock, self._entropy = SystemClock(), SystemEntropy()
        self._engine, self._tenant_id = engine, tenant_id
        self.log = AuditLog(vault=vault)
        self._journal = Journal(vault=vault, entropy=self._entropy)
        self._sequencer = Sequencer(journal=self._journal, vault=vault, entropy=self._entropy)

    def begin(self) -> AbstractAsyncContextManager[RequestContext]:
        """The tenant's next transaction."""
        return self._engine.begin(self._tenant_id)

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
                    await self._journal.record(ctx, Event.USER_UPDATED, subject=SUBJECT, details={"n": number})

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


async def grown(ctx: RequestContext) -> list[UUID]:
    """A tree of `LARGE` leaves whose records nobody wrote: proofs read leaves and nodes alone. Some of the ids."""
    tree, before = Frontier(), await records.lock_tree(ctx)
    for start in range(0, LARGE, AT_ONCE):
        taken = [Pending(UUID(int=n), sha256(n.to_bytes(8)).digest()) for n in range(start, start + AT_ONCE)]
        tree, nodes = tree.append([each.leaf_hash for each in taken])
        head = Head(LARGE, tree.root(), ctx.now, "") if tree.size == LARGE else None
        await records.append(ctx, before=before, taken=taken, after=tree, nodes=nodes, head=head)
        before = Tree(tree.size, b"".join(tree.hashes), 0, None)
    return [UUID(int=n) for n in range(0, LARGE, LARGE // PROOFS)]


async def proofs(bench: Bench) -> None:
    """The median of proofs over a large log, printed."""
    async with bench.begin() as ctx:
        wanted = await grown(ctx)
    took: list[float] = []
    async with bench.begin() as ctx:
        for record_id in wanted:
            started = time.perf_counter()
            await inclusion(ctx, record_id)
            took.append((time.perf_counter() - started) * 1000)
    print(f"inclusion proof, {LARGE} leaves {median(took):6.2f} ms (longest {max(took):.2f})")


async def searches(bench: Bench, owner: str, tenant_id: UUID, now: datetime) -> None:
    """How long a page of 50 takes that is searched for among many records, printed."""
    async with await AsyncConnection.connect(owner, autocommit=True) as connection:
        await connection.execute(MANY, {"tenant": tenant_id, "event": "user:user:updated", "count": LARGE, "now": now})
        await connection.execute("analyze airside.audit_record")
    middle = now - timedelta(seconds=LARGE // 2)
    kinds = {
        "actor": search_for(actor="user:7"),
        "subject": search_for(subject="usr_77"),
        "action": search_for(event="user:user:created"),
        "time": search_for(since=middle, until=middle + timedelta(hours=1)),
        "outcome": search_for(outcome="refused"),
        "actor and action": search_for(actor="user:20", event="user:user:created"),
        "actor that isn't there": search_for(actor="user:nobody"),
    }
    for name, wanted in kinds.items():
        took, found = list[float](), list[Found]()
        for _ in range(SEARCHES):
            async with bench.begin() as ctx:
                started = time.perf_counter()
                found = await bench.log.search(ctx, wanted, None, 50, opening=False)
                took.append((time.perf_counter() - started) * 1000)
        print(f"search of {LARGE} by {name:24} {median(took):6.2f} ms (longest {max(took):.2f}), {len(found)} found")


def offline(folder: Path) -> None:
    """A log in a file, verified with nothing but the file; printed."""
    private, tenant, now = generate("ES256"), UUID(int=1), datetime(2026, 3, 1, 12, tzinfo=UTC)
    key = SigningKey(thumbprint(private.public_key()), "ES256", private)
    texts = (
        "user:user:updated",
        "user:usr_01jd0000000000000000000000",
        "usr_01jd0000000000000000000000",
        "success",
        "",
    )
    file, hashes = folder / "log.ndjson", list[bytes]()
    with file.open("wb") as written:
        jwk = dumps(public_jwk(key.verification())).decode()
        written.write(write_entry(Opening(tenant, EXPORTED, (jwk,))))
        for n in range(EXPORTED):
            at = now + timedelta(microseconds=n)
            rest = (f"req_{n}", "~" + "a" * 80, f'{{"n":{n}}}', "", b"x" * 90, b"")
            record = hashed(Record(tenant, UUID(int=n), at, *texts, *rest))
            hashes.append(record.leaf_hash)
            written.write(write_entry(Leaf(n, record.record_id, record.leaf_hash, record)))
        head = sign(key, tenant, tree_size=EXPORTED, root=Frontier().grown(hashes).root(), at=now)
        written.write(write_entry(head))
        written.write(write_entry(Closing(EXPORTED + 2)))
    for processes in sorted({1, os.cpu_count() or 1}):
        wall, cpu = time.perf_counter(), processor()
        report = verify_file(file, head.jws, processes=processes)
        wall, cpu = time.perf_counter() - wall, processor() - cpu
        assert report.sound
        assert report.proven == EXPORTED
        print(
            f"offline verifier, {EXPORTED} records, {processes} processes {wall:6.1f} s, {cpu:.1f} s of the processor"
        )


def processor() -> float:
    """Seconds of the processor that this process and those it waited for have had."""
    used = [resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


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
        cpu = time.process_time()
        found = await rate(bench.journal(count))
        own = (time.process_time() - cpu) / (found * count * SECONDS) * 1e6
        print(
            f"journal, {count:3} a commit        {found * count:9.0f} records/s, {found / bare:.2f} of the bare commits"
            f", {own:.0f} µs of the processor a record"
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
            another = uuid7(clock.now(), entropy)
            await proofs(Bench(engine, vault, another))
            third = uuid7(clock.now(), entropy)
            await searches(Bench(engine, vault, third), postgres.dsn(SUPERUSER), third, clock.now())
        print(f"10^7 additions in Python {loop_seconds():5.2f} s of CPU")
        offline(folder)


if __name__ == "__main__":
    asyncio.run(main())
