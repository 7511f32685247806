"""G07, the disk is full: first the database's, under its tables and then under its log, then the server's own log.

Tokens are what is written here: each is journalled in the transaction that issues it, so none may be issued while that
can't be written, and each that was acknowledged is in the audit log afterwards. Nothing is restarted by hand.
"""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import psycopg
import pytest

from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.oauth import ClientDraft
from airside.store.embedded import SUPERUSER, EmbeddedPostgres, scratch_folder
from airside.store.migrate import migrate, role_of
from airside.vault.kms.local import LocalKek
from tests.makers import MakeDatabase
from tests.process import serving
from tests.running import Place, running
from tests.small_disk import SmallDisk, small_disk
from tests.trips.visitor import token_request

pytestmark = [pytest.mark.gauntlet, pytest.mark.alone]

FULL = os.environ.get("AIRSIDE_GAUNTLET_FULL") == "1"
ROUNDS = 10 if FULL else 1
"""How often each disk is filled and cleared."""
REFUSED = 200 if FULL else 40
"""Refusals waited for while it is full."""
CLIENTS = 4
DISK_MEBIBYTES = 192
FULL_SECONDS = 120.0
BACK_SECONDS = 30.0
SETTINGS = {"max_connections": "60", "min_wal_size": "32MB", "max_wal_size": "48MB"}
DRAFT = ClientDraft("Service", False, frozenset({"client_credentials"}), audiences=("https://api.example.test",))
ISSUED = "select request_id from airside.audit_record where tenant_id = %s and event = 'token:client:issued'"
WAITING = "select count(*) from airside.audit_pending where tenant_id = %s"


@dataclass
class Load:
    """Clients that want tokens all the time, and what they were told."""

    place: Place
    auth: tuple[str, str]
    acknowledged: list[str] = field(default_factory=list[str])
    statuses: Counter[int] = field(default_factory=Counter[int])
    wrong: list[str] = field(default_factory=list[str])

    async def once(self) -> int:
        """One request, and its status."""
        answer = await token_request(self.place, {"grant_type": "client_credentials"}, auth=self.auth)
        self.statuses[answer.status_code] += 1
        if answer.status_code == 200:
            self.acknowledged.append(answer.headers["x-request-id"])
        elif answer.status_code != 503 or "retry-after" not in answer.headers:
            self.wrong.append(f"{answer.status_code} {answer.text}")
        return answer.status_code

    async def until(self, status: int, count: int, seconds: float) -> None:
        """Go on until `count` more answers have had that status, for so long at most."""
        wanted = self.statuses[status] + count
        async with asyncio.timeout(seconds):
            while self.statuses[status] < wanted:
                await asyncio.gather(*(self.once() for _ in range(CLIENTS)))
                assert self.wrong == []

    @asynccontextmanager
    async def meanwhile(self) -> AsyncGenerator[None]:
        """Going on for as long as the context is open; everybody waits for their last answer."""
        enough = asyncio.Event()

        async def go_on() -> None:
            while not enough.is_set():
                await self.once()

        tasks = [asyncio.create_task(go_on()) for _ in range(CLIENTS)]
        try:
            yield
        finally:
            enough.set()
            await asyncio.gather(*tasks)


async def asked(place: Place, path: str) -> int:
    """The status of something that is only read."""
    async with place.server.client() as http:
        return (await http.get(path)).status_code


async def tables_full(load: Load, disk: SmallDisk) -> None:
    """PostgreSQL is there and can't grow a table: writes are refused, and what is known is still answered."""
    async with load.meanwhile():
        disk.fill()
        await load.until(503, REFUSED, FULL_SECONDS)
    disk.fill()  # what was given back meanwhile
    before = len(load.acknowledged)
    assert await asked(load.place, f"{load.place.issuer}/oauth2/jwks") == 200
    assert await asked(load.place, "/readyz") == 200, "the database itself has gone"
    disk.clear()
    await load.until(200, CLIENTS * 2, BACK_SECONDS)
    assert len(load.acknowledged) > before


async def log_full(load: Load, disk: SmallDisk, postgres: EmbeddedPostgres) -> None:
    """PostgreSQL can't write its own log ahead, and goes down; its log can't be written either."""
    async with load.meanwhile():
        disk.fill()
        await exhaust_log(postgres, disk)
        await load.until(503, REFUSED, FULL_SECONDS)
    assert await asked(load.place, "/healthz") == 200
    disk.clear()
    await load.until(200, CLIENTS * 2, BACK_SECONDS)


async def exhaust_log(postgres: EmbeddedPostgres, disk: SmallDisk) -> None:
    """Use up the segments that are there already, until it needs one more and goes down."""
    for _ in range(200):
        try:
            async with await psycopg.AsyncConnection.connect(postgres.dsn(SUPERUSER), autocommit=True) as connection:
                await connection.execute("select pg_logical_emit_message(false, 'g07', repeat('x', 1000))")
                await connection.execute("select pg_switch_wal()")
        except psycopg.OperationalError:
            return
        disk.fill()
    raise AssertionError("the disk was never full enough")


async def lost(load: Load, postgres: EmbeddedPostgres) -> set[str]:
    """What was acknowledged and isn't in the audit log."""
    async with await psycopg.AsyncConnection.connect(postgres.dsn(SUPERUSER), autocommit=True) as connection:
        rows = await (await connection.execute(ISSUED, (load.place.tenant_id,))).fetchall()
        waiting = None
        for _ in range(int(BACK_SECONDS * 10)):
            waiting = await (await connection.execute(WAITING, (load.place.tenant_id,))).fetchall()
            if waiting == [(0,)]:
                break
            await asyncio.sleep(0.1)
        else:
            raise AssertionError(f"audit records without a place: {waiting}")
    return set(load.acknowledged) - {row[0] for row in rows}


async def test_a_full_database_disk_refuses_and_loses_nothing(
    tmp_path: Path, kek: LocalKek, clock: Clock, entropy: Entropy, capsys: pytest.CaptureFixture[str]
) -> None:
    with scratch_folder("airside-g07-") as folder, small_disk(folder, DISK_MEBIBYTES) as disk:
        postgres = EmbeddedPostgres(disk.path / "postgres", settings=SETTINGS)
        await postgres.start()
        try:
            dsn = postgres.dsn("airside_app")
            await migrate(postgres.dsn("airside_owner"), role_of(dsn))
            async with running(dsn, tmp_path, kek=kek, clock=clock, entropy=entropy) as server:
                place = await server.tenant()
                client, secret = await place.client(DRAFT)
                assert secret is not None
                load = Load(place, (client.word, secret.reveal()))
                await load.until(200, CLIENTS * 2, BACK_SECONDS)
                assert await asked(place, f"{place.issuer}/oauth2/jwks") == 200
                for _ in range(ROUNDS):
                    await tables_full(load, disk)
                    await log_full(load, disk, postgres)
                gone = await lost(load, postgres)
        finally:
            disk.clear()
            await postgres.stop()
    with capsys.disabled():
        print(
            f"\nG07: {ROUNDS} times full, under the tables and under the write-ahead log:"
            f" {len(load.acknowledged)} tokens acknowledged, {load.statuses[503]} refused,"
            f" {len(load.wrong)} answered otherwise, {len(gone)} lost"
            " (no seed: nothing is drawn)"
        )
    assert gone == set()
    assert load.wrong == []
    assert load.statuses[503] >= 2 * ROUNDS * REFUSED


async def test_a_full_log_disk_loses_no_request(
    blank_database: MakeDatabase, tmp_path: Path, clock: Clock, entropy: Entropy, capsys: pytest.CaptureFixture[str]
) -> None:
    """`/dev/full`: every write fails as on a full disk. At `debug`, and with a line for each answer."""
    answers: list[httpx2.Response] = []
    full = Path("/dev/full")
    async with blank_database() as database:  # the server's key encryption key is its own
        await migrate(database.owner, role_of(database.app))
        async with serving(database.app, tmp_path, answers.append, clock=clock, entropy=entropy, output=full) as server:
            place = await server.tenant()
            client, secret = await place.client(DRAFT)
            assert secret is not None
            load = Load(place, (client.word, secret.reveal()))
            await load.until(200, 50 * ROUNDS, FULL_SECONDS)
            statuses = [await asked(place, "/readyz"), await asked(place, f"{place.issuer}/no-such-page")]
    with capsys.disabled():
        print(f"\nG07: {len(load.acknowledged)} tokens with a log that can't be written, {len(load.wrong)} lost")
    assert (load.wrong, set(load.statuses)) == ([], {200})
    assert statuses == [200, 404]
