"""A permission check over HTTPS against an empty Starlette endpoint on the same kind of server.

Two server processes, each `wiring.server` with TLS 1.3: the real application, and Starlette with one empty route and
nothing else. `wrk` loads one at a time, in turns within one run; medians are compared, with the server's CPU time a
request beside them. Run: `.venv/bin/python -m bench.permission_check`.
"""

import asyncio
import contextlib
import json
import re
import statistics
import subprocess
import sys
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil
import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from airside.admin import OPERATOR
from airside.core.clock import SystemClock
from airside.core.entropy import SystemEntropy
from airside.oauth import ClientDraft
from airside.permissions import TupleKey
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

CONNECTIONS: Final = 16
SECONDS: Final = 4
TURNS: Final = 5
DOCUMENTS: Final = 1000
TARGET: Final = 0.4
CLOCK: Final = SystemClock()
ENTROPY: Final = SystemEntropy()

MODEL: Final = """model
  schema 1.1
type user
type group
  relations
    define member: [user, group#member]
type folder
  relations
    define viewer: [user, group#member]
type document
  relations
    define parent: [folder]
    define owner: [user]
    define viewer: [user] or owner or viewer from parent
"""

SCRIPT: Final = """
local bodies = {}
for i = 0, %d do
  bodies[#bodies + 1] = string.format(
    '{"tuple_key":{"user":"user:%%d","relation":"viewer","object":"document:%%d"}}', i %% 97, i)
end
local n = 0
wrk.method = "POST"
wrk.headers["content-type"] = "application/json"
wrk.headers["authorization"] = "Bearer %s"
request = function()
  n = n %% #bodies + 1
  return wrk.format(nil, "/stores/%s/check", nil, bodies[n])
end
"""


@dataclass(frozen=True)
class Load:
    """One turn of wrk: requests a second, and the server's CPU microseconds a request."""

    rate: float
    cpu: float


async def empty(_request: Request) -> Response:
    """Nothing."""
    return Response(b"")


async def serving(folder: Path, dsn: str, port: int, kind: str) -> None:
    """A server process, until its standard input ends. It prints one line when it is ready."""
    stop = asyncio.Event()
    reading = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    reading.add_done_callback(lambda _: stop.set())
    certificates = ensure_development_certificates(folder, clock=CLOCK)
    tls = server_context(certificates.certificate, certificates.key)
    if kind == "empty":
        app = Starlette(routes=[Route("/empty", empty, methods=["GET", "POST"])])
        await serve(
            app, tls=tls, host="127.0.0.1", port=port, public_host="localhost", stop=stop, on_ready=lambda: tell({})
        )
        return
    kek = LocalKek.load(folder / "kek", entropy=ENTROPY)
    settings = Settings(mode="development", public_url=f"https://127.0.0.1:{port}", port=port, redirect_port=None)
    services = build(settings, dsn=dsn, kek=kek, clock=CLOCK, entropy=ENTROPY)
    await services.start()
    told = await prepare(services)
    async with Jobs(services):
        await serve(
            application(services, settings),
            tls=tls,
            host="127.0.0.1",
            port=port,
            public_host="localhost",
            stop=stop,
            on_ready=lambda: tell(told),
        )
    await services.stop()


def tell(words: dict[str, str]) -> None:
    """One line for the parent."""
    print(json.dumps(words), flush=True)


async def prepare(services: Services) -> dict[str, str]:
    """A tenant with a store of documents in folders, half of the questions answered yes, and a token to ask with."""
    async with services.engine.begin(await services.platform.bootstrap(), principal=OPERATOR) as ctx:
        tenant = await services.platform.create_tenant(ctx, Draft("bench", "Bench"))
    async with services.engine.begin(tenant.tenant_id, principal=OPERATOR) as ctx:
        issuer = await services.issuer(ctx)
        draft = ClientDraft(
            name="Bench",
            public=False,
            grants=frozenset({"client_credentials"}),
            audiences=(issuer,),
            scopes=frozenset({"permissions:check"}),
        )
        client, _ = await services.client_admin.create(ctx, draft)
        await services.permissions.models.write(ctx, tenant.default_store_id, MODEL)
        keys = [TupleKey(f"user:{number}", "member", "group:all") for number in range(0, 97, 2)]
        keys += [TupleKey("group:all#member", "viewer", f"folder:{number}") for number in range(10)]
        keys += [TupleKey(f"folder:{number % 10}", "parent", f"document:{number}") for number in range(DOCUMENTS)]
        for start in range(0, len(keys), 100):
            await services.permissions.tuples.write(ctx, tenant.default_store_id, writes=keys[start : start + 100])
        grant = AccessGrant(client.word, client.word, client.audiences, client.scopes)
        token = await services.token_issuer.access_token(ctx, grant, issuer=issuer)
    return {"store": tenant.default_store_id, "token": token.token.reveal()}


@contextlib.asynccontextmanager
async def server(folder: Path, dsn: str, port: int, kind: str) -> AsyncGenerator[tuple[psutil.Process, dict[str, str]]]:
    """A server in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.permission_check", str(folder), dsn, str(port), kind,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=1 << 20,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    told = json.loads(await process.stdout.readline())
    try:
        yield psutil.Process(process.pid), told
    finally:
        process.stdin.close()
        await process.wait()


def load(process: psutil.Process, url: str, script: Path | None) -> Load:
    """One turn."""
    before = process.cpu_times()
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", *(["-s", str(script)] if script else []), url]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    after = process.cpu_times()
    assert "Non-2xx" not in said, said
    found = re.search(r"(\d+) requests in", said)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", said)
    assert found is not None
    assert rate is not None
    cpu = (after.user - before.user + after.system - before.system) / int(found[1])
    return Load(float(rate[1]), cpu * 1e6)


async def main() -> None:
    """Measure and print."""
    with scratch() as name:
        folder = Path(name)
        LocalKek.create(folder / "kek", development=True, entropy=ENTROPY)
        postgres = EmbeddedPostgres(folder / "data")
        await postgres.start()
        try:
            dsn = postgres.dsn("airside_app")
            await migrate(postgres.dsn("airside_owner"), "airside_app")
            async with (
                server(folder, dsn, 18443, "empty") as (idle, _),
                server(folder, dsn, 18444, "real") as (real, told),
            ):
                script = folder / "check.lua"
                script.write_text(SCRIPT % (DOCUMENTS - 1, told["token"], told["store"]))
                empties: list[Load] = []
                checks: list[Load] = []
                for turn in range(TURNS + 1):
                    one = load(idle, "https://127.0.0.1:18443/empty", None)
                    two = load(real, "https://127.0.0.1:18444", script)
                    if turn:  # the first one warms up
                        empties.append(one)
                        checks.append(two)
        finally:
            await postgres.stop()
    report(empties, checks)


def report(empties: list[Load], checks: list[Load]) -> None:
    """Medians and their ratios."""
    empty_rate, check_rate = (statistics.median(turn.rate for turn in turns) for turns in (empties, checks))
    empty_cpu, check_cpu = (statistics.median(turn.cpu for turn in turns) for turns in (empties, checks))
    print(f"{'':28}{'requests/s':>12}{'CPU µs each':>14}")
    print(f"{'empty Starlette endpoint':28}{empty_rate:12.0f}{empty_cpu:14.1f}")
    print(f"{'permission check':28}{check_rate:12.0f}{check_cpu:14.1f}")
    print(f"ratio by rate {check_rate / empty_rate:.2f}, by CPU {empty_cpu / check_cpu:.2f} (wanted ≥ {TARGET})")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        uvloop.run(serving(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4]))
    else:
        uvloop.run(main())
