"""TLS to the database, as production demands it: `sslmode=verify-full` connects to the server that the certificate
names, by the authority that is pinned, and to nothing else. Runs on a PostgreSQL with TLS (`make test-debian`)."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest
from psycopg import AsyncConnection, OperationalError
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.errors import Unavailable
from airside.store import Engine, reach
from tests.cli.command import airside
from tests.makers import Database

TLS_REQUEST = (80877103).to_bytes(4)
"""SSLRequest, after its length (PostgreSQL's protocol 3.0, "SSL Session Encryption")."""


@pytest.fixture
def dsn(database: Database) -> str:
    if conninfo_to_dict(database.app).get("sslmode") != "verify-full":
        pytest.skip("needs a PostgreSQL with TLS: make test-debian")
    return database.app


@pytest.fixture
def other_authority(tmp_path: Path) -> Path:
    made = tmp_path / "other.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    key = tmp_path / "key.pem"
    subprocess.run([*command, "-subj", "/CN=localhost", "-out", made, "-keyout", key], check=True, capture_output=True)
    return made


@pytest.fixture
async def stripped(dsn: str) -> AsyncIterator[int]:
    """The port of somebody in the middle, who says for the server that it speaks no TLS."""
    parts = conninfo_to_dict(dsn)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, OSError):
            first = await reader.readexactly(8)
            if first[4:] == TLS_REQUEST:
                writer.write(b"N")
                first = b""
            there, onwards = await asyncio.open_connection(str(parts["host"]), int(str(parts["port"])))
            onwards.write(first)
            await asyncio.gather(_pass(reader, onwards), _pass(there, writer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield int(server.sockets[0].getsockname()[1])


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
    writer.close()


async def test_connection_to_the_server_that_the_certificate_names_is_encrypted(dsn: str) -> None:
    async with await AsyncConnection.connect(dsn) as connection:
        cursor = await connection.execute("select ssl, version from pg_stat_ssl where pid = pg_backend_pid()")
        assert await cursor.fetchone() == (True, "TLSv1.3")


async def test_server_by_another_name_or_of_another_authority_is_refused(
    dsn: str, other_authority: Path, tmp_path: Path
) -> None:
    for wrong, words in (
        (make_conninfo(dsn, host="127.0.0.1"), "does not match host name"),
        (make_conninfo(dsn, sslrootcert=str(other_authority)), "certificate verify failed"),
        (make_conninfo(dsn, sslrootcert="system"), "certificate verify failed"),
        (make_conninfo(dsn, sslrootcert=str(tmp_path / "none")), "does not exist"),
    ):
        with pytest.raises(OperationalError, match=words):
            await AsyncConnection.connect(wrong)


async def test_server_without_tls_or_somebody_who_strips_it_is_refused_and_hears_no_password(
    dsn: str, stripped: int
) -> None:
    in_between = make_conninfo(dsn, port=stripped)
    with pytest.raises(OperationalError, match="does not support SSL"):
        await AsyncConnection.connect(in_between)
    with pytest.raises(Unavailable):
        await reach(in_between)
    # The way is open: it is the setting that keeps us from going it.
    async with await AsyncConnection.connect(make_conninfo(in_between, sslmode="prefer")) as connection:
        cursor = await connection.execute("select ssl from pg_stat_ssl where pid = pg_backend_pid()")
        assert await cursor.fetchone() == (False,)


async def test_engine_serves_over_tls_and_not_without(dsn: str, stripped: int, clock: Clock, entropy: Entropy) -> None:
    async with Engine(dsn, clock=clock, entropy=entropy, size=2):
        pass
    with pytest.raises(Unavailable):
        async with Engine(make_conninfo(dsn, port=stripped), clock=clock, entropy=entropy, size=2):
            pass


def test_production_names_the_authority_that_isn_t_there(tmp_path: Path) -> None:
    for root in (f"&sslrootcert={tmp_path}/none.pem", ""):
        done = airside(
            "migrate",
            cwd=tmp_path,
            mode="development",
            public_url="https://localhost",
            database_url=f"postgresql://app:v3ry-l0ng@db.example.com/airside?sslmode=verify-full{root}",
            database_owner_url="host=/run/postgresql user=owner dbname=airside",
        )
        assert done.returncode == 2
        assert "AIRSIDE_DATABASE_URL: is to be checked by" in done.stderr
        assert "l0ng" not in done.stderr
