"""Refresh rotations a second over HTTPS: one server process, synchronous commits, many families at once.

In the same run: how many commits a second this database does for the same number of writers, and how many ES256
signatures one core makes, so that the figure can be read on any machine. The client is another process' CPU; the
server's own CPU stands beside the wall time. Run: `.venv/bin/python -m bench.refresh`.
"""

import asyncio
import contextlib
import json
import socket
import ssl
import sys
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

import psutil
import psycopg
import uvloop
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from airside.admin.platform import OPERATOR
from airside.core.clock import SystemClock
from airside.core.entropy import SystemEntropy
from airside.core.ids import SESSION, USER, format_id, uuid7
from airside.oauth import ClientDraft
from airside.store.embedded import EmbeddedPostgres
from airside.store.migrate import migrate
from airside.tenancy import Draft
from airside.tokens import AccessGrant
from airside.transport import ensure_development_certificates, server_context
from airside.vault.kms.local import LocalKek
from airside.wiring.app import application
from airside.wiring.build import Services, build
from airside.wiring.jobs import Jobs
from airside.wiring.server import serve
from airside.wiring.settings import Settings
from bench.scratch import scratch

AT_ONCE: Final = 16
SECONDS: Final = 10.0
WARM_UP: Final = 2.0
CALIBRATION: Final = 3.0
KEYCLOAK: Final = 120
CLOCK: Final = SystemClock()
ENTROPY: Final = SystemEntropy()


@dataclass(frozen=True)
class Prepared:
    """A tenant with one client and a family for each writer."""

    slug: str
    client_id: str
    tokens: list[str]


async def serving(folder: Path, dsn: str, port: int) -> None:
    """The server process: the real application over real TLS, until its standard input ends."""
    kek = LocalKek.load(folder / "kek.json", entropy=ENTROPY)
    settings = Settings(mode="development", public_url=f"https://localhost:{port}", port=port, redirect_port=None)
    services = build(settings, dsn=dsn, kek=kek, clock=CLOCK, entropy=ENTROPY)
    certificates = ensure_development_certificates(folder, clock=CLOCK)
    stop = asyncio.Event()
    await services.start()
    async with Jobs(services):
        reading = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
        reading.add_done_callback(lambda _: stop.set())
        await serve(
            application(services, settings),
            tls=server_context(certificates.certificate, certificates.key),
            host="localhost",
            port=port,
            public_host=f"localhost:{port}",
            on_ready=lambda: print("ready", flush=True),
            stop=stop,
        )
    await services.stop()


async def prepare(services: Services) -> Prepared:
    """A tenant, a user, a public client, and `AT_ONCE` families."""
    async with services.engine.begin(await services.platform.bootstrap(), principal=OPERATOR) as ctx:
        tenant = await services.platform.create_tenant(ctx, Draft("bench", "Bench"))
    draft = ClientDraft(
        name="Bench",
        public=True,
        grants=frozenset({"authorization_code", "refresh_token"}),
        audiences=("https://api.example.test",),
        redirect_uris=("https://app.example.test/",),
        scopes=frozenset({"notes:read"}),
    )
    async with services.engine.begin(tenant.tenant_id, principal=OPERATOR) as ctx:
        client, _ = await services.client_admin.create(ctx, draft)
        user = await services.user_admin.create(ctx, "ada@example.com", "Ada")
        await services.member_admin.grant(ctx, user.id, "member")
        grant = AccessGrant(
            subject=format_id(USER, user.id),
            client_id=client.word,
            audience=client.audiences,
            scope=client.scopes,
            auth_time=ctx.now,
            acr="aal1",
            amr=("pwd",),
            session_id=format_id(SESSION, uuid7(ctx.now, ENTROPY)),
        )
        families = [await services.families.start(ctx, grant) for _ in range(AT_ONCE)]
    return Prepared("bench", client.word, [family.token.reveal() for family in families])


async def rotate_for(seconds: float, port: int, trust: ssl.SSLContext, prepared: Prepared) -> int:
    """How many rotations `AT_ONCE` clients get, each on its own connection and family; their tokens move on."""
    ends = time.perf_counter() + seconds

    async def client(number: int) -> int:
        reader, writer = await asyncio.open_connection("localhost", port, ssl=trust)
        done = 0
        while time.perf_counter() < ends:
            form = {
                "grant_type": "refresh_token",
                "client_id": prepared.client_id,
                "refresh_token": prepared.tokens[number],
            }
            answer = await post(reader, writer, port, f"/t/{prepared.slug}/oauth2/token", urlencode(form).encode())
            prepared.tokens[number] = answer["refresh_token"]
            done += 1
        writer.close()
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            await writer.wait_closed()
        return done

    return sum(await asyncio.gather(*(client(number) for number in range(AT_ONCE))))


async def post(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, port: int, path: str, body: bytes
) -> dict[str, str]:
    """One POST on a kept connection: a full client would cost more than the server."""
    writer.write(
        f"POST {path} HTTP/1.1\r\nhost: localhost:{port}\r\ncontent-type: application/x-www-form-urlencoded\r\n"
        f"content-length: {len(body)}\r\n\r\n".encode()
        + body
    )
    head = await reader.readuntil(b"\r\n\r\n")
    length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    text = await reader.readexactly(int(length.split(b":")[1]))
    assert head.startswith(b"HTTP/1.1 200"), text
    return json.loads(text)


async def commits_for(seconds: float, dsn: str) -> float:
    """Commits a second of one small row, by as many writers; synchronous, as the server's own."""
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
        await connection.execute("create table if not exists bench_row (a int, b int)")
        setting = await (await connection.execute("show synchronous_commit")).fetchone()
        assert setting == ("on",), setting
    ends = time.perf_counter() + seconds

    async def write(number: int) -> int:
        done = 0
        async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as connection:
            while time.perf_counter() < ends:
                await connection.execute("insert into bench_row values (%s, %s)", (number, done))
                done += 1
        return done

    return sum(await asyncio.gather(*(write(number) for number in range(AT_ONCE)))) / seconds


def signs_for(seconds: float) -> float:
    """ES256 signatures a second on one core."""
    key, algorithm = ec.generate_private_key(ec.SECP256R1()), ec.ECDSA(hashes.SHA256())
    done, ends = 0, time.perf_counter() + seconds
    while time.perf_counter() < ends:
        key.sign(b"x" * 500, algorithm)
        done += 1
    return done / seconds


@contextlib.asynccontextmanager
async def server_process(folder: Path, dsn: str, port: int) -> AsyncGenerator[psutil.Process]:
    """The server in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bench.refresh",
        str(folder),
        dsn,
        str(port),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert await process.stdout.readline() == b"ready\n"
    yield psutil.Process(process.pid)
    process.stdin.close()
    await process.wait()


async def measure(folder: Path, postgres: EmbeddedPostgres) -> float:
    """Every figure, printed; the rotations a second."""
    dsn = postgres.dsn("airside_app")
    kek = LocalKek.create(folder / "kek.json", development=True, entropy=ENTROPY)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    settings = Settings(mode="development", public_url=f"https://localhost:{port}", port=port, redirect_port=None)
    services = build(settings, dsn=dsn, kek=kek, clock=CLOCK, entropy=ENTROPY)
    await services.start()
    prepared = await prepare(services)
    await services.stop()
    trust = ssl.create_default_context(cafile=str(ensure_development_certificates(folder, clock=CLOCK).ca))
    async with server_process(folder, dsn, port) as server:
        await rotate_for(WARM_UP, port, trust, prepared)
        before = server.cpu_times()
        started = time.perf_counter()
        done = await rotate_for(SECONDS, port, trust, prepared)
        wall = time.perf_counter() - started
        after = server.cpu_times()
    cpu = after.user + after.system - before.user - before.system
    commits, signs = await commits_for(CALIBRATION, postgres.dsn("postgres")), signs_for(1.0)
    rate = done / wall
    print(f"refresh rotations        {rate:8.0f}/s  wall, {AT_ONCE} at once, one server process, synchronous commit on")
    print(f"the server's CPU         {1000 * cpu / done:8.2f} ms each, {cpu / wall:.0%} of a core")
    print(f"commits alone            {commits:8.0f}/s  {AT_ONCE} writers: rotations are {rate / commits:.2f} of them")
    print(f"ES256 signatures alone   {signs:8.0f}/s  one core")
    print(f"a second per core        {done / cpu:8.0f}/s  (Keycloak publishes {KEYCLOAK})")
    return rate


async def main() -> float:
    """An embedded database, a server process, and the figures."""
    with scratch() as name:
        folder = Path(name)
        postgres = EmbeddedPostgres(folder / "database")
        await postgres.start()
        try:
            await migrate(postgres.dsn("airside_owner"), "airside_app")
            return await measure(folder, postgres)
        finally:
            await postgres.stop()


if __name__ == "__main__":
    if len(sys.argv) == 4:
        uvloop.run(serving(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
    else:
        uvloop.run(main())
