"""G31: a migration killed at every statement completes or rolls back, always."""

import asyncio
import os
import re
import signal
import sys

import pytest
from psycopg import AsyncConnection

from airside.store.catalogue import TABLES
from airside.store.migrate import load, migrate, role_of
from tests.makers import MakeDatabase

CHILD = """
import asyncio, os, signal, sys
from airside.store.migrate import migrate
dsn, role, deadly = sys.argv[1], sys.argv[2], int(sys.argv[3])
seen = 0
def kill(name, number, total):
    global seen
    seen += 1
    if seen == deadly:
        os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(migrate(dsn, role, kill))
"""


async def _killed_at(owner: str, role: str, statement: int) -> int:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", CHILD, owner, role, str(statement))
    return await process.wait()


async def _state(owner: str) -> tuple[set[int], set[str]]:
    async with await AsyncConnection.connect(owner, autocommit=True) as connection:
        versions = await (await connection.execute("select version from airside.migration")).fetchall()
        tables = await (
            await connection.execute("select tablename from pg_tables where schemaname = 'airside'")
        ).fetchall()
    return {version for (version,) in versions}, {name for (name,) in tables}


@pytest.mark.gauntlet
async def test_killed_at_any_statement_it_is_whole_or_absent_and_the_next_run_finishes(blank_database: MakeDatabase):
    files = load()
    total = sum(len(migration.statements) for migration in files)
    full = os.environ.get("AIRSIDE_GAUNTLET_FULL") == "1"
    deadly = range(1, total + 1) if full else sorted({1, 2, 3, *range(4, total, max(1, total // 6)), total})
    made = {
        migration.version: set(re.findall(r"create table airside\.(\w+)", "\n".join(migration.statements)))
        for migration in files
    }
    for statement in deadly:
        async with blank_database() as database:
            role = role_of(database.app)
            assert await _killed_at(database.owner, role, statement) == -signal.SIGKILL
            applied, tables = await _state(database.owner)
            expected = {"migration"}.union(*(made[version] for version in applied if version))
            assert tables == expected, f"killed at statement {statement}: half a migration stands"
            await migrate(database.owner, role)
            assert (await _state(database.owner))[1] == set(TABLES)
    print(f"\nG31: killed at {len(deadly)} of {total} statements, 0 halves, {len(deadly)} resumed")
