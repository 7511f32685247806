"""`airside tenant import` is killed while it writes: `kill -9` of the real process, held up by a lock at a table."""

import asyncio
import signal
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, LiteralString
from uuid import UUID

import pytest
from psycopg import AsyncConnection, sql

from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.store.migrate import migrate, role_of
from airside.vault.kms.local import LocalKek
from tests.cli.command import AIRSIDE, airside, environment
from tests.custody.databases import rows_of
from tests.makers import Database, MakeDatabase
from tests.running import Running, running

WAITS: Final = """
    select count(*) from pg_locks where not granted and relation = %s::regclass
    and database = (select oid from pg_database where datname = current_database())
"""
SECONDS = 60.0


@dataclass(frozen=True)
class Arriving:
    """A tenant's file and its key, and the installation that they are for, whose server runs."""

    tenant_id: UUID
    file: Path
    key: Path
    database: Database
    server: Running
    settings: dict[str, str]

    @property
    def words(self) -> tuple[str, ...]:
        return ("tenant", "import", str(self.file), "--key", str(self.key))

    async def answers(self) -> int:
        """At the tenant's address."""
        async with self.server.client() as http:
            return (await http.get("/t/acme/.well-known/openid-configuration")).status_code


@pytest.fixture
async def arriving(
    blank_database: MakeDatabase, tmp_path: Path, clock: Clock, entropy: Entropy
) -> AsyncIterator[Arriving]:
    async with blank_database() as database, blank_database() as other:
        for one in (database, other):
            await migrate(one.owner, role_of(one.app))
        here = {"data": str(tmp_path / "here"), "database_url": database.app}
        there = {"data": str(tmp_path / "there"), "database_url": other.app, "database_owner_url": other.owner}
        for words in (
            ("tenant", "create", "acme", "Acme"),
            ("user", "create", "acme", "ada@example.com"),
            ("tenant", "export", "acme", "--to", str(tmp_path / "acme.tenant")),
        ):
            assert airside(*words, **here).returncode == 0
        assert airside("tenant", "list", **there).returncode == 0
        kek = LocalKek.load(tmp_path / "there" / "kek", entropy=entropy)
        async with running(other.app, tmp_path / "server", kek=kek, clock=clock, entropy=entropy) as server:
            yield Arriving(
                await _acme(database), tmp_path / "acme.tenant", tmp_path / "acme.tenant.key", other, server, there
            )


async def test_import_that_is_killed_leaves_nothing_and_the_next_goes_through(arriving: Arriving) -> None:
    """In the midst of its rows, and when all of them are there and the log has yet to say so: until the import has
    committed nobody is served, and the log says that the tenant came if and only if it came."""
    for table in ("user_account", "audit_pending"):
        async with await AsyncConnection.connect(arriving.database.superuser) as holding:
            await holding.execute(sql.SQL("lock table airside.{} in share mode").format(sql.Identifier(table)))
            process = _started(arriving)
            await _held_up(arriving.database, table, process)
            assert await arriving.answers() == 404
            process.kill()
            assert process.wait(SECONDS) == -signal.SIGKILL
        await _nobody_else(arriving.database)
        assert await arriving.answers() == 404
        assert not any((await rows_of(arriving.database, arriving.tenant_id)).values())
    done = airside(*arriving.words, **arriving.settings)
    assert done.returncode == 0, done.stderr
    assert await arriving.answers() == 200
    told = [
        row
        for row in (await rows_of(arriving.database, arriving.tenant_id))["audit_record"]
        if "tenant:tenant:imported" in row
    ]
    assert len(told) == 1
    assert airside("audit", "verify", "acme", **arriving.settings).returncode == 0


async def _acme(database: Database) -> UUID:
    async with await AsyncConnection.connect(database.superuser) as connection:
        row = await (
            await connection.execute("select tenant_id from airside.tenant_address where slug = 'acme'")
        ).fetchone()
    assert row is not None
    return row[0]


def _started(arriving: Arriving) -> subprocess.Popen[bytes]:
    quiet, settings = subprocess.DEVNULL, environment(**arriving.settings)
    return subprocess.Popen([*AIRSIDE, *arriving.words], env=settings, stdout=quiet, stderr=quiet)


async def _held_up(database: Database, table: str, process: subprocess.Popen[bytes]) -> None:
    """Until the import waits for `table`."""
    async for waiting in _looks(database, WAITS, f"airside.{table}"):
        assert process.poll() is None
        if waiting:
            return


async def _nobody_else(database: Database) -> None:
    """Until what the killed process held in the database is let go."""
    text = "select count(*) from pg_stat_activity where datname = current_database() and usename = %s"
    async for there in _looks(database, text, role_of(database.owner)):
        if not there:
            return


async def _looks(database: Database, text: LiteralString, word: str) -> AsyncIterator[int]:
    async with asyncio.timeout(SECONDS), await AsyncConnection.connect(database.superuser, autocommit=True) as looking:
        while (row := await (await looking.execute(text, (word,))).fetchone()) is not None:
            yield row[0]
            await asyncio.sleep(0.05)
