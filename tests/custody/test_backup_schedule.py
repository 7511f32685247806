"""Backups on a timer, on a real database."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from psycopg import AsyncConnection

from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.errors import Misconfigured
from airside.custody import Backups, BackupSchedule, Directory
from airside.vault.kms.local import LocalKek
from airside.wiring.build import Services, build
from airside.wiring.settings import Refused, Settings, load
from tests.makers import Database, MakeDatabase

HOUR = timedelta(hours=1)


@dataclass
class Nodes:
    """Five nodes on one database, and the backups at their target."""

    database: Database
    nodes: list[Services]
    authority: UUID
    folder: Path
    backups: Backups

    def schedule(self, number: int, every: timedelta, keep: int) -> BackupSchedule:
        node = self.nodes[number]
        return BackupSchedule(
            self.backups,
            engine=node.engine,
            dsn=self.database.app,
            journal=node.journal,
            every=every,
            keep=keep,
            clock=node.clock,
        )

    async def told(self) -> list[tuple[str, str]]:
        async with await AsyncConnection.connect(self.database.superuser) as connection:
            statement = (
                "select event, outcome from airside.audit_record where event like 'custody:%' order by record_id"
            )
            return await (await connection.execute(statement)).fetchall()


@pytest.fixture
async def nodes(
    migrated: MakeDatabase, tmp_path: Path, kek: LocalKek, clock: Clock, entropy: Entropy
) -> AsyncIterator[Nodes]:
    folder = tmp_path / "backups"
    settings = Settings(mode="development", public_url="https://localhost:1", port=1, redirect_port=None)
    async with migrated() as database:
        made = [build(settings, dsn=database.app, kek=kek, clock=clock, entropy=entropy) for _ in range(5)]
        for node in made:
            await node.start()
        backups = Backups(Directory(folder), kek=kek, clock=clock, entropy=entropy)
        yield Nodes(database, made, await made[0].platform.bootstrap(), folder, backups)
        for node in made:
            await node.stop()


async def test_five_nodes_at_once_make_one_backup_and_the_next_when_it_is_time(nodes: Nodes) -> None:
    due = [nodes.schedule(number, HOUR, 3) for number in range(5)]
    made = await asyncio.gather(*(each.turn(nodes.authority) for each in due))
    assert len([manifest for manifest in made if manifest is not None]) == 1
    assert await due[0].turn(nodes.authority) is None
    assert len(await nodes.backups.list()) == 1
    assert await nodes.told() == [("custody:backup:made", "success")]
    assert await nodes.schedule(0, timedelta(0), 3).turn(nodes.authority) is not None


async def test_only_the_newest_stay_and_none_goes_before_a_new_one_stands(nodes: Nodes) -> None:
    schedule = nodes.schedule(0, timedelta(0), 2)
    names = [manifest.name for _ in range(3) if (manifest := await schedule.turn(nodes.authority)) is not None]
    assert sorted(found.name for found in await nodes.backups.list()) == sorted(names)[1:]
    (nodes.folder / "keys").unlink()
    (nodes.folder / "keys").mkdir()
    with pytest.raises(Misconfigured):
        await nodes.schedule(0, timedelta(0), 1).turn(nodes.authority)
    assert len(await nodes.backups.list()) == 2
    assert (await nodes.told())[-1] == ("custody:backup:failed", "failure")
    (nodes.folder / "keys").rmdir()
    assert await nodes.schedule(1, timedelta(0), 1).turn(nodes.authority) is not None
    assert len(await nodes.backups.list()) == 1


@pytest.mark.parametrize(("text", "every"), [("10m", timedelta(minutes=10)), ("1d", timedelta(days=1)), ("off", None)])
def test_how_often_is_a_time_or_off(text: str, every: timedelta | None) -> None:
    given = {"AIRSIDE_PUBLIC_URL": "https://localhost:8443", "AIRSIDE_BACKUP_TARGET": "backups"}
    assert load({**given, "AIRSIDE_BACKUP_EVERY": text}, mode="development").backup_every == every


@pytest.mark.parametrize("text", ["9m", "367d", "1", "1w", "-1d", "", "1h30m", "1d\n"])
def test_any_other_time_is_refused(text: str) -> None:
    given = {"AIRSIDE_PUBLIC_URL": "https://localhost:8443", "AIRSIDE_BACKUP_TARGET": "backups"}
    with pytest.raises(Refused):
        load({**given, "AIRSIDE_BACKUP_EVERY": text}, mode="development")


def test_timer_without_a_target_is_refused() -> None:
    with pytest.raises(Refused, match="AIRSIDE_BACKUP_TARGET"):
        load({"AIRSIDE_PUBLIC_URL": "https://localhost:8443", "AIRSIDE_BACKUP_EVERY": "1d"}, mode="development")
