"""Permission questions over HTTPS, and an empty Starlette endpoint on the same kind of server to compare with.

Two server processes, each `wiring.server` with TLS 1.3: the real application on a drive-like set, and Starlette with
one empty route and nothing else. `wrk` loads one at a time, in turns within one run; medians are compared, with the
server's CPU time a request beside them. Half of the questions are answered no, and no two are the same. Then batches
of fifty, and a list of about 3,000 objects. Run: `.venv/bin/python -m bench.permission_check [tuples]`.
"""

import contextlib
import http.client
import json
import re
import ssl
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncGenerator
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import msgspec
import psutil
import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from airside.admin import OPERATOR
from airside.oauth import ClientDraft
from airside.permissions import TupleKey
from airside.tenancy import Draft
from airside.tokens import AccessGrant
from airside.vault.kms.local import LocalKek
from airside.wiring.build import Services
from bench.drive import MODEL, READER, TUPLES_EACH, Drive, answers, indexed
from bench.scratch import database
from bench.served import ENTROPY, HOST, child, serve_real, serve_until_closed, started

CONNECTIONS: Final = 16
SECONDS: Final = 3
TURNS: Final = 5
TUPLES: Final = 50_000
QUESTIONS: Final = 100_000
BATCH: Final = 50
LISTS: Final = 40
RATIO: Final = 0.5
P99_MS: Final = 2.0
BATCHED: Final = 80_000
LIST_MS: Final = 5.0
IDLE_PORT: Final = 18_443
REAL_PORT: Final = 18_444

SCRIPT: Final = """
local asked = {}
local n = 0
wrk.headers["content-type"] = "application/json"
wrk.headers["authorization"] = "Bearer %(token)s"
init = function()
  for body in io.lines("%(bodies)s") do
    asked[#asked + 1] = wrk.format("POST", "/stores/%(store)s/%(verb)s", nil, body)
  end
end
request = function()
  n = n %% #asked + 1
  return asked[n]
end
"""


@dataclass(frozen=True)
class Load:
    """One turn of wrk: requests a second, the server's CPU microseconds a request, latencies in milliseconds."""

    rate: float
    cpu: float
    p50: float
    p99: float


@dataclass(frozen=True)
class Server:
    """A server under load, and what it told of itself."""

    process: psutil.Process
    url: str
    told: dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """A tenant, its store, and a token that may ask."""

    tenant_id: UUID
    store_id: str
    token: str


async def empty(_request: Request) -> Response:
    """Nothing."""
    return Response(b"")


async def serving(folder: Path, dsn: str, port: int, tuples: int) -> None:
    """A server process. No tuples: the empty one."""
    if not tuples:
        app = Starlette(routes=[Route("/empty", empty, methods=["GET", "POST"])])
        await serve_until_closed(app, folder, port, {})
        return
    async with started(folder, dsn, port) as (services, settings):
        asked = await prepare(services, folder, tuples)
        await serve_real(services, settings, folder, {"store": asked.store_id, "token": asked.token})


async def prepare(services: Services, folder: Path, tuples: int) -> Asked:
    """A tenant whose store answers from an index made here, a token to ask with, and the questions as files of
    bodies."""
    async with services.engine.begin(await services.platform.bootstrap(), principal=OPERATOR) as ctx:
        tenant = await services.platform.create_tenant(ctx, Draft("bench", "Bench"))
    store_id = tenant.default_store_id
    async with services.engine.begin(tenant.tenant_id, principal=OPERATOR) as ctx:
        issuer = await services.issuer(ctx)
        draft = ClientDraft(
            name="Bench",
            public=False,
            grants=frozenset({"client_credentials"}),
            audiences=(issuer,),
            scopes=frozenset({"permissions:check", "permissions:read"}),
        )
        client, _ = await services.client_admin.create(ctx, draft)
        model = await services.permissions.models.write(ctx, store_id, MODEL)
        grant = AccessGrant(client.word, client.word, client.audiences, client.scopes)
        token = await services.token_issuer.access_token(ctx, grant, issuer=issuer)
    async with services.engine.begin(tenant.tenant_id) as ctx:
        store = await services.permissions.stores.get(ctx, store_id)
    drive = Drive(round(tuples / TUPLES_EACH))
    index = indexed(drive, store.revision, model.id)
    services.permissions.indexes.place(tenant.tenant_id, store_id, index)
    keys = drive.questions(answers(index), QUESTIONS)
    write_bodies(folder, keys)
    return Asked(tenant.tenant_id, store_id, token.token.reveal())


def write_bodies(folder: Path, keys: list[TupleKey]) -> None:
    """One body a line: `check` with a question each, `batch-check` with `BATCH`."""
    with (folder / "check").open("wb") as singles:
        for key in keys:
            singles.write(msgspec.json.encode({"tuple_key": key}) + b"\n")
    with (folder / "batch-check").open("wb") as batches:
        for start in range(0, len(keys) - BATCH + 1, BATCH):
            items = [{"tuple_key": key, "correlation_id": str(n)} for n, key in enumerate(keys[start : start + BATCH])]
            batches.write(msgspec.json.encode({"checks": items}) + b"\n")


@contextlib.asynccontextmanager
async def server(folder: Path, dsn: str, port: int, tuples: int) -> AsyncGenerator[Server]:
    """A server in a process of its own."""
    async with child("bench.permission_check", str(folder), dsn, str(port), str(tuples)) as one:
        yield Server(one.process, f"https://{HOST}:{port}", one.told)


def load(at: Server, path: str, script: Path | None = None) -> Load:
    """One turn."""
    before = at.process.cpu_times()
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", "--latency", *(["-s", str(script)] if script else [])]
    said = subprocess.run([*command, at.url + path], capture_output=True, text=True, check=True).stdout
    after = at.process.cpu_times()
    assert "Non-2xx" not in said, said
    cpu = (after.user - before.user + after.system - before.system) / int(found(r"(\d+) requests in", said)[1])
    p50, p99 = (found(rf"{part}%\s+([\d.]+)(us|ms|s)\b", said) for part in (50, 99))
    units = {"us": 1e-3, "ms": 1.0, "s": 1e3}
    rate = float(found(r"Requests/sec:\s+([\d.]+)", said)[1])
    return Load(rate, cpu * 1e6, float(p50[1]) * units[p50[2]], float(p99[1]) * units[p99[2]])


def found(pattern: str, said: str) -> re.Match[str]:
    """Where wrk says it."""
    match = re.search(pattern, said)
    assert match is not None, said
    return match


def script(folder: Path, at: Server, verb: str) -> Path:
    """What wrk is to ask."""
    file = folder / f"{verb}.lua"
    file.write_text(SCRIPT % {**at.told, "verb": verb, "bodies": folder / verb})
    return file


def lists(folder: Path, at: Server) -> tuple[int, float]:
    """How many objects the reader may view, and the median milliseconds of asking which."""
    tls = ssl.create_default_context(cafile=str(folder / "ca.pem"))
    connection = http.client.HTTPSConnection(HOST, REAL_PORT, context=tls)
    headers = {"content-type": "application/json", "authorization": f"Bearer {at.told['token']}"}
    body = json.dumps({"type": "doc", "relation": "viewer", "user": READER})
    times: list[float] = []
    objects: list[str] = []
    for _ in range(LISTS):
        began = time.perf_counter()
        connection.request("POST", f"/stores/{at.told['store']}/list-objects", body, headers)
        answer = connection.getresponse()
        said = answer.read()
        times.append(time.perf_counter() - began)
        assert answer.status == 200, said
        objects = json.loads(said)["objects"]
    connection.close()
    return len(objects), statistics.median(times) * 1e3


async def main(tuples: int) -> None:
    """Measure and print."""
    async with database() as (folder, postgres):
        LocalKek.create(folder / "kek", development=True, entropy=ENTROPY)
        dsn = postgres.dsn("airside_app")
        async with (
            server(folder, dsn, IDLE_PORT, 0) as idle,
            server(folder, dsn, REAL_PORT, tuples) as real,
        ):
            measure(folder, idle, real)


def measure(folder: Path, idle: Server, real: Server) -> None:
    """In turns, so that what else the machine does falls on both."""
    single, batch = (script(folder, real, verb) for verb in ("check", "batch-check"))
    turns: list[tuple[Load, Load, Load]] = []
    for _ in range(TURNS + 1):
        turns.append((load(idle, "/empty"), load(real, "", single), load(real, "", batch)))
    empty, check, batched = (middle(list(each)) for each in zip(*turns[1:], strict=True))  # the first one warms up
    print(f"{'':28}{'requests/s':>12}{'CPU µs each':>14}{'p50 ms':>10}{'p99 ms':>10}")
    for name, one in (("empty Starlette endpoint", empty), ("check", check), (f"batch-check of {BATCH}", batched)):
        print(f"{name:28}{one.rate:12.0f}{one.cpu:14.1f}{one.p50:10.2f}{one.p99:10.2f}")
    print(f"check: ratio by rate {check.rate / empty.rate:.2f} (wanted ≥ {RATIO}), by CPU {empty.cpu / check.cpu:.2f}")
    print(f"check: p99 {check.p99:.2f} ms at {CONNECTIONS} connections (wanted ≤ {P99_MS})")
    print(f"batch-check: {batched.rate * BATCH:,.0f} checks/s (wanted ≥ {BATCHED:,})")
    count, took = lists(folder, real)
    print(f"list-objects: {count:,} answers in {took:.1f} ms (wanted ≤ {LIST_MS})")


def middle(turns: list[Load]) -> Load:
    """The medians."""
    return Load(*(statistics.median(each) for each in zip(*(astuple(turn) for turn in turns), strict=True)))


if __name__ == "__main__":
    if len(sys.argv) > 2:
        uvloop.run(serving(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
    else:
        uvloop.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else TUPLES))
