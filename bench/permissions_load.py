"""A permission store read from PostgreSQL into memory: tuples a second, and bytes a tuple when it is there.

The drive-like set (`drive.py`), through the verbs that a server loads by. `python -m bench.permissions_load [tuples]`.
"""

import asyncio
import gc
import sys
import time
from typing import Any, Final

import psutil
import psycopg

from airside.core.clock import SystemClock
from airside.core.entropy import SystemEntropy
from airside.permissions.graph import Graph
from airside.permissions.indexes import Indexes
from airside.permissions.records import parts
from airside.store import Engine
from bench.drive import NOW, TUPLES_EACH, Drive
from bench.permissions_engine import STORE, TENANT, Quiet
from bench.scratch import database

TURNS: Final = 3
TARGET: Final = 400_000


async def fill(dsn: str, tuples: int) -> int:
    """Write the set past the verbs, as the owner, and have the planner know it."""
    count = 0
    async with await psycopg.AsyncConnection.connect(dsn) as connection:
        await connection.execute("select airside.set_tenant(%s)", (TENANT,))
        await connection.execute("create temp table given (like airside.permission_tuple including defaults)")
        async with connection.cursor().copy(
            "copy given (tenant_id, store_id, object_type, object_id, relation, subject_type, subject_id,"
            " subject_relation, created_at) from stdin"
        ) as copy:
            for key in Drive(int(tuples / TUPLES_EACH)).tuples():
                await copy.write_row((TENANT, STORE, *parts(key), NOW))
                count += 1
        await connection.execute("insert into airside.permission_tuple select * from given")
        await connection.execute(
            "insert into airside.permission_store (tenant_id, store_id, name, system, revision, model_id, created_at,"
            " updated_at) values (%s, %s, 'bench', false, 0, '', %s, %s)",
            (TENANT, STORE, NOW, NOW),
        )
        await connection.execute("analyze airside.permission_tuple")
    return count


async def load(engine: Engine) -> Graph:
    """The store's graph, as a server loads it when it is first asked."""
    quiet: Any = Quiet()
    indexes = Indexes(engine=engine, listener=quiet, clock=SystemClock(), memory=1 << 40)
    async with engine.begin(TENANT) as ctx:
        return (await indexes.fresh(ctx, STORE, None)).graph


async def main(tuples: int) -> None:
    """Measure and print."""
    async with database() as (_, postgres):
        count = await fill(postgres.dsn("airside_owner"), tuples)
        async with Engine(postgres.dsn("airside_app"), clock=SystemClock(), entropy=SystemEntropy()) as engine:
            kept: list[Graph] = []
            for _ in range(TURNS):
                kept.clear()
                gc.collect()
                before = psutil.Process().memory_info().rss
                wall, cpu = time.perf_counter(), time.process_time()
                kept.append(await load(engine))
                wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
                gc.collect()
                grown = psutil.Process().memory_info().rss - before
                print(
                    f"{count:,} tuples   {count / wall:>9,.0f}/s (wanted ≥ {TARGET:,})   wall {wall:5.2f} s"
                    f"   CPU here {cpu:5.2f} s   {grown / count:4.0f} B a tuple (wanted ≤ 200)"
                )


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000))
