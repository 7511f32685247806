"""Password sign-ins a second through the login flow, against Argon2 alone in the same pool; and what permission checks
wait for meanwhile, against an idle server.

All are measured in turns within one run, so that a noisy machine is noisy to all; medians of the turns are compared.
Accounts and origins differ, so that no limit bites. Checks are asked of the whole application in the server's own
process, two hundred a second, each timed from when it was due: what is measured is what signing in takes from them,
without a client's share of the cores. Run: `.venv/bin/python -m bench.signin`.
"""

import asyncio
import statistics
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

import httpx2
import msgspec
import psycopg
import uvloop
from psycopg import sql
from psycopg.conninfo import make_conninfo

from airside.admin import OPERATOR
from airside.core.clock import SystemClock
from airside.core.entropy import SystemEntropy
from airside.core.principal import Origin
from airside.core.secret import Secret
from airside.identity import HashPool, PasswordAnswer
from airside.oauth import ClientDraft
from airside.permissions import TupleKey
from airside.signin import Done, Flows, StartedFlow
from airside.store import Engine
from airside.store.embedded import EmbeddedPostgres
from airside.store.migrate import migrate, role_of
from airside.tenancy import Draft, Tenant
from airside.tokens import AccessGrant
from airside.vault.kms.local import LocalKek
from airside.wiring.app import application
from airside.wiring.build import Services, build
from airside.wiring.settings import Settings
from bench.scratch import scratch

TARGET: Final = 0.9
P50_RATIO: Final = 2.0
P99_RATIO: Final = 4.0
PACE: Final = 1 / 200
"""Seconds between two checks."""
IDLE_SECONDS: Final = 1.5
TURNS: Final = 7
BATCH: Final = 60
AT_ONCE: Final = 6
MODEL: Final = """model
  schema 1.1
type user
type note
  relations
    define viewer: [user]
"""
PASSWORD: Final = "correct horse battery staple"
CLOCK: Final = SystemClock()
ENTROPY: Final = SystemEntropy()


@dataclass(frozen=True)
class Question:
    """A check, ready to be asked."""

    path: str
    body: bytes
    headers: dict[str, str]


@dataclass(frozen=True)
class Bench:
    """A server's sign-in without its HTTP."""

    engine: Engine
    tenant_id: UUID
    flows: Flows
    hashes: HashPool
    stored: str
    client: httpx2.AsyncClient
    question: Question

    async def open_flow(self) -> StartedFlow:
        async with self.engine.begin(self.tenant_id) as ctx:
            return await self.flows.start(ctx, "/t/bench/account")

    async def sign_in(self, number: int, flow: StartedFlow) -> None:
        origin = Origin(f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}")
        answer = PasswordAnswer(f"user{number % BATCH}@example.com", Secret(PASSWORD))
        async with self.engine.begin(self.tenant_id, origin=origin) as ctx:
            step = await self.flows.submit(ctx, flow.flow_id, flow.browser, answer)
        assert isinstance(step, Done), step

    async def check(self) -> None:
        answer = await self.client.post(self.question.path, content=self.question.body, headers=self.question.headers)
        assert answer.json()["allowed"] is True, answer.text

    async def hash_alone(self, _number: int) -> None:
        assert await self.hashes.verify(self.stored, PASSWORD.encode())


@dataclass(frozen=True)
class Turn:
    """Operations a second, and CPU seconds for each."""

    rate: float
    cpu: float


async def _turn(jobs: Sequence[Callable[[], Awaitable[None]]]) -> Turn:
    waiting = list(jobs)

    async def worker() -> None:
        while waiting:
            await waiting.pop()()

    wall, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return Turn(len(jobs) / wall, cpu / len(jobs))


@asynccontextmanager
async def _bench() -> AsyncGenerator[Bench]:
    with scratch() as folder:
        server = EmbeddedPostgres(Path(folder) / "data")
        await server.start()
        try:
            owner = make_conninfo(server.dsn("airside_owner"), dbname="bench")
            app = make_conninfo(server.dsn("airside_app"), dbname="bench")
            async with await psycopg.AsyncConnection.connect(server.dsn("postgres"), autocommit=True) as connection:
                name, role = sql.Identifier("bench"), sql.Identifier(role_of(owner))
                await connection.execute(sql.SQL("create database {} owner {}").format(name, role))
            await migrate(owner, role_of(app))
            kek = LocalKek.create(Path(folder) / "kek.json", development=True, entropy=ENTROPY)
            settings = Settings(mode="development", public_url="https://localhost:8443")
            services = build(settings, dsn=app, kek=kek, clock=CLOCK, entropy=ENTROPY)
            await services.start()
            yield await _bench_of(services, settings)
            await services.stop()
        finally:
            await server.stop()


async def _bench_of(services: Services, settings: Settings) -> Bench:
    platform_id = await services.platform.bootstrap()
    async with services.engine.begin(platform_id, principal=OPERATOR) as ctx:
        tenant = await services.platform.create_tenant(ctx, Draft("bench", "Bench"))
    for number in range(BATCH):
        async with services.engine.begin(tenant.tenant_id, principal=OPERATOR) as ctx:
            await services.user_admin.create(ctx, f"user{number}@example.com", "", Secret(PASSWORD))
    stored = await services.hashes.hash(PASSWORD.encode())
    client = httpx2.AsyncClient(
        transport=httpx2.ASGITransport(application(services, settings)), base_url=settings.public_url
    )
    question = await _question(services, tenant)
    return Bench(services.engine, tenant.tenant_id, services.flows, services.hashes, stored, client, question)


async def _question(services: Services, tenant: Tenant) -> Question:
    key = {"user": "user:ada", "relation": "viewer", "object": "note:1"}
    async with services.engine.begin(tenant.tenant_id, principal=OPERATOR) as ctx:
        await services.permissions.models.write(ctx, tenant.default_store_id, MODEL)
        await services.permissions.tuples.write(ctx, tenant.default_store_id, writes=[TupleKey(**key)])
        issuer = await services.issuer(ctx)
        draft = ClientDraft(
            name="Bench",
            public=False,
            grants=frozenset({"client_credentials"}),
            audiences=(issuer,),
            scopes=frozenset({"permissions:check"}),
        )
        program, _ = await services.client_admin.create(ctx, draft)
        grant = AccessGrant(program.word, program.word, program.audiences, program.scopes)
        token = (await services.token_issuer.access_token(ctx, grant, issuer=issuer)).token.reveal()
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    return Question(f"/stores/{tenant.default_store_id}/check", msgspec.json.encode({"tuple_key": key}), headers)


async def _waits(bench: Bench, over: asyncio.Event) -> list[float]:
    """Seconds that each check took from the moment at which it was due."""
    waits: list[float] = []
    due = time.perf_counter()
    while not over.is_set():
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        await bench.check()
        waits.append(time.perf_counter() - due)
        due += PACE
    return waits


async def _beside(bench: Bench, work: Awaitable[object]) -> list[float]:
    """The checks' waits while `work` is done."""
    over = asyncio.Event()
    asking = asyncio.create_task(_waits(bench, over))
    await work
    over.set()
    return await asking


async def main() -> float:
    """Print the rates and their ratio, then the checks' waits; the ratio."""
    alone: list[Turn] = []
    whole: list[Turn] = []
    idle: list[list[float]] = []
    busy: list[list[float]] = []
    async with _bench() as bench:
        await _beside(bench, asyncio.sleep(IDLE_SECONDS))
        for turn in range(TURNS):
            hashes = [lambda number=number: bench.hash_alone(number) for number in range(BATCH)]
            plain, watched = await _logins(bench, 2 * turn), await _logins(bench, 2 * turn + 1)
            for jobs, turns in ((hashes, alone), (plain, whole))[:: 1 if turn % 2 else -1]:
                turns.append(await _turn(jobs))
            idle.append(await _beside(bench, asyncio.sleep(IDLE_SECONDS)))
            busy.append(await _beside(bench, _turn(watched)))
        await bench.client.aclose()
    ratio = _tell_rates(alone, whole)
    _tell_waits(idle, busy)
    return ratio


async def _logins(bench: Bench, batch: int) -> list[Callable[[], Awaitable[None]]]:
    numbers = range(batch * BATCH, (batch + 1) * BATCH)
    flows = [await bench.open_flow() for _ in numbers]
    return [
        lambda number=number, flow=flow: bench.sign_in(number, flow)
        for number, flow in zip(numbers, flows, strict=True)
    ]


def _tell_rates(alone: Sequence[Turn], whole: Sequence[Turn]) -> float:
    rates = [statistics.median(turn.rate for turn in turns) for turns in (alone, whole)]
    cpus = [1000 * statistics.median(turn.cpu for turn in turns) for turns in (alone, whole)]
    ratio = rates[1] / rates[0]
    print(f"argon2 alone      {rates[0]:7.1f}/s  {cpus[0]:6.2f} ms CPU each")
    print(f"password sign-in  {rates[1]:7.1f}/s  {cpus[1]:6.2f} ms CPU each")
    print(f"ratio             {ratio:7.3f}    target ≥ {TARGET}: {'met' if ratio >= TARGET else 'MISSED'}")
    return ratio


def _tell_waits(idle: Sequence[list[float]], busy: Sequence[list[float]]) -> None:
    for name, cut, target in (("p50", 50, P50_RATIO), ("p99", 99, P99_RATIO)):
        quiet, loaded = (
            1000 * statistics.median(statistics.quantiles(waits, n=100)[cut - 1] for waits in turns)
            for turns in (idle, busy)
        )
        said = "met" if loaded <= target * quiet else "MISSED"
        print(f"check {name}  idle {quiet:6.2f} ms, beside sign-ins {loaded:6.2f} ms, {loaded / quiet:5.2f}×", end="")
        print(f"    target ≤ {target:.0f}×: {said}")


if __name__ == "__main__":
    uvloop.run(main())  # the loop that the server runs on
