"""Backups that servers make by themselves, as `AIRSIDE_BACKUP_EVERY` says."""

import asyncio
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from pathlib import Path
from typing import Final

from psycopg import AsyncConnection

from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.custody import Backups, Directory, Manifest
from airside.store.migrate import migrate, role_of
from airside.vault.kms.local import LocalKek
from tests.makers import MakeDatabase
from tests.running import Running, running

EVERY: Final = timedelta(days=1)
SECONDS: Final = 30.0
TOLD: Final = "select event, actor, outcome from airside.audit_record where event like 'custody:%'"


async def test_two_servers_make_one_backup_by_themselves_and_the_next_start_makes_none(
    blank_database: MakeDatabase, tmp_path: Path, kek: LocalKek, clock: Clock, entropy: Entropy
) -> None:
    """Nobody asks for it; it is whole, and the operators' log says who made it. A server that starts within the day
    leaves it at that."""
    backups = Backups(Directory(tmp_path / "backups"), kek=kek, clock=clock, entropy=entropy)

    def node(name: str) -> AbstractAsyncContextManager[Running]:
        return running(
            database.app,
            tmp_path / name,
            kek=kek,
            clock=clock,
            entropy=entropy,
            backup_target=tmp_path / "backups",
            backup_every=EVERY,
        )

    async with blank_database() as database:
        await migrate(database.owner, role_of(database.app))
        async with running(database.app, tmp_path / "0", kek=kek, clock=clock, entropy=entropy) as server:
            acme = await server.tenant()
        made = list[Manifest]()
        async with node("1"), node("2"):
            async with asyncio.timeout(SECONDS):
                while not made:
                    await asyncio.sleep(0.1)
                    made = await backups.list()
            await asyncio.sleep(1.0)
        async with node("3"):
            await asyncio.sleep(1.0)
        assert await backups.list() == made
        assert acme.tenant_id in made[0].tenants
        async with await AsyncConnection.connect(database.superuser) as connection:
            told = await (await connection.execute(TOLD)).fetchall()
    assert told == [("custody:backup:made", "job:backup", "success")]
