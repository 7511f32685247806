"""Back to a moment by PostgreSQL's own means, as docs/operations/backups.md says it: a base backup, the archived log of
changes, and our server on what comes of them."""

import asyncio
import os
import subprocess
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

import pytest
from psycopg import AsyncConnection

from airside.audit import verify_tenant
from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.errors import NotFound
from airside.core.secret import Secret
from airside.custody import records_backup as records
from airside.store.embedded import APPLICATION, OWNER, SUPERUSER, EmbeddedPostgres, scratch_folder
from airside.store.embedded.place import installed
from airside.store.migrate import migrate, role_of
from airside.vault.kms.local import LocalKek
from tests.running import PASSWORD, Place, running
from tests.trips.visitor import NATIVE, tokens_for

SECONDS = 30.0
ARCHIVED = "select coalesce(last_archived_wal >= %s, false) from pg_stat_archiver"


@dataclass(frozen=True)
class Machine:
    """A PostgreSQL that archives its log of changes, and the folder of another that may take its place."""

    folder: Path
    postgres: EmbeddedPostgres

    @property
    def archive(self) -> Path:
        return self.folder / "archive"

    def base_backup(self) -> None:
        """Without the log: what was written meanwhile has to come from the archive."""
        there = self.folder / "again" / "postgres"
        words = (
            "--dbname",
            self.postgres.dsn(SUPERUSER, "postgres"),
            "--pgdata",
            there,
            "--checkpoint",
            "fast",
            "--no-sync",
        )
        done = subprocess.run(
            [installed().folder / "pg_basebackup", *words, "--wal-method", "none"], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr

    async def moment(self) -> datetime:
        """By the database's own clock."""
        async with await AsyncConnection.connect(self.postgres.dsn(SUPERUSER)) as connection:
            row = await (await connection.execute("select clock_timestamp()")).fetchone()
        assert row is not None
        return row[0]

    async def head(self, tenant_id: UUID) -> str:
        """The last that was signed of the tenant's audit log."""
        async with await AsyncConnection.connect(self.postgres.dsn(SUPERUSER)) as connection:
            jws = await records.last_head(connection, tenant_id)
        assert jws is not None
        return jws

    async def archived(self) -> None:
        """Until everything that is written so far is in the archive."""
        dsn = self.postgres.dsn(SUPERUSER)
        async with asyncio.timeout(SECONDS), await AsyncConnection.connect(dsn, autocommit=True) as connection:
            row = await (await connection.execute("select pg_walfile_name(pg_switch_wal())")).fetchone()
            done = False
            while not done:
                await asyncio.sleep(0.05)
                done = await (await connection.execute(ARCHIVED, row)).fetchone() == (True,)

    def recovering(self, until: datetime) -> EmbeddedPostgres:
        """The other, which goes on as it was at that moment."""
        cluster, found = self.folder / "again" / "postgres", (self.folder / "postgres" / "postgres").stat()
        (cluster / "recovery.signal").touch()
        for path in (cluster, *cluster.rglob("*")):
            os.chown(path, found.st_uid, found.st_gid)
        settings = {
            "restore_command": f"cp {self.archive}/%f %p",
            "recovery_target_time": until.isoformat(),
            "recovery_target_action": "promote",
            "hot_standby": "off",
            "fsync": "off",
        }
        return EmbeddedPostgres(cluster.parent, settings=settings)


@pytest.fixture
async def machine() -> AsyncIterator[Machine]:
    with scratch_folder("airside-moment-") as folder:
        (folder / "archive").mkdir()
        (folder / "archive").chmod(0o777)
        (folder / "again").mkdir(mode=0o711)
        command = f"cp %p {folder}/archive/%f"
        postgres = EmbeddedPostgres(
            folder / "postgres", settings={"archive_mode": "on", "archive_command": command, "fsync": "off"}
        )
        await postgres.start()
        try:
            yield Machine(folder, postgres)
        finally:
            await postgres.stop()


async def test_database_goes_back_to_a_moment_and_the_server_goes_on_from_there(
    machine: Machine, tmp_path: Path, kek: LocalKek, clock: Clock, entropy: Entropy
) -> None:
    """What was answered before it is there, what was written after it isn't; people sign in, and the audit log is the
    one whose head was signed before."""
    dsn = machine.postgres.dsn(APPLICATION)
    await migrate(machine.postgres.dsn(OWNER), role_of(dsn))
    async with running(dsn, tmp_path / "1", kek=kek, clock=clock, entropy=entropy) as server:
        place = await server.tenant()
        client, _ = await place.client(NATIVE)
        await asyncio.to_thread(machine.base_backup)
        kept = await place.user("administrator")
        async with place.operator() as ctx:
            await server.services.sequencer.sequence(ctx)
        head = await machine.head(place.tenant_id)
        until = await machine.moment()
        lost = await place.user("member")
    await machine.archived()
    await machine.postgres.stop()
    again = machine.recovering(until)
    await again.start()
    try:
        async with running(again.dsn(APPLICATION), tmp_path / "2", kek=kek, clock=clock, entropy=entropy) as server:
            here, users = Place(server, place.slug, place.tenant_id), server.services.users
            async with here.operator() as ctx:
                assert (await users.get(ctx, kept.id)).email == kept.email
                with pytest.raises(NotFound):
                    await users.get(ctx, lost.id)
                await server.services.passwords.prove(ctx, kept.email, Secret(PASSWORD))
            assert (await tokens_for(here, client, kept))["access_token"]
            async with here.operator() as ctx:
                await server.services.sequencer.sequence(ctx)
            async with server.services.engine.begin(place.tenant_id, snapshot=True) as ctx:
                report = await verify_tenant(ctx, trusted_head=head)
                assert report.sound, report.problems
    finally:
        await again.stop()
