"""Password sign-ins a second through the login flow, against Argon2 alone in the same pool.

Both are measured in turns within one run, so that a noisy machine is noisy to both; medians of the turns are
compared. Accounts and origins differ, so that no limit bites. Run: `.venv/bin/python -m bench.signin`.
"""

import asyncio
import statistics
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final
from uuid import UUID

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
from airside.signin import Done, Flows, StartedFlow
from airside.store import Engine
from airside.store.embedded import EmbeddedPostgres
from airside.store.migrate import migrate, role_of
from airside.tenancy import Draft
from airside.vault.kms.local import LocalKek
from airside.wiring.build import Services, build
from airside.wiring.settings import Settings
from bench.scratch import scratch

TARGET: Final = 0.9
TURNS: Final = 7
BATCH: Final = 60
AT_ONCE: Final = 6
PASSWORD: Final = "correct horse battery staple"
CLOCK: Final = SystemClock()
ENTROPY: Final = SystemEntropy()


@dataclass(frozen=True)
class Bench:
    """A server's sign-in without its HTTP."""

    engine: Engine
    tenant_id: UUID
    flows: Flows
    hashes: HashPool
    stored: str

    async def open_flow(self) -> StartedFlow:
        async with self.engine.begin(self.tenant_id) as ctx:
            return await self.flows.start(ctx, "/t/bench/account")

    async def sign_in(self, number: int, flow: StartedFlow) -> None:
        origin = Origin(f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}")
        answer = PasswordAnswer(f"user{number % BATCH}@example.com", Secret(PASSWORD))
        async with self.engine.begin(self.tenant_id, origin=origin) as ctx:
            step = await self.flows.submit(ctx, flow.flow_id, flow.browser, answer)
        assert isinstance(step, Done), step

    async def hash_alone(self, _number: int) -> None:
        assert await self.hashes.verify(self.tenant_id, self.stored, PASSWORD.encode())


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
        server = EmbeddedPostgres(folder / "data")
        await server.start()
        try:
            owner = make_conninfo(server.dsn("airside_owner"), dbname="bench")
            app = make_conninfo(server.dsn("airside_app"), dbname="bench")
            async with await psycopg.AsyncConnection.connect(server.dsn("postgres"), autocommit=True) as connection:
                name, role = sql.Identifier("bench"), sql.Identifier(role_of(owner))
                await connection.execute(sql.SQL("create database {} owner {}").format(name, role))
            await migrate(owner, role_of(app))
            kek = LocalKek.create(folder / "kek.json", development=True, entropy=ENTROPY)
            settings = Settings(mode="development", public_url="https://localhost:8443")
            services = build(settings, dsn=app, kek=kek, clock=CLOCK, entropy=ENTROPY)
            await services.start()
            yield await _bench_of(services)
            await services.stop()
        finally:
            await server.stop()


async def _bench_of(services: Services) -> Bench:
    platform_id = await services.platform.bootstrap()
    async with services.engine.begin(platform_id, principal=OPERATOR) as ctx:
        tenant = await services.platform.create_tenant(ctx, Draft("bench", "Bench"))
    for number in range(BATCH):
        async with services.engine.begin(tenant.tenant_id, principal=OPERATOR) as ctx:
            await services.user_admin.create(ctx, f"user{number}@example.com", "", Secret(PASSWORD))
    stored = await services.hashes.hash(tenant.tenant_id, PASSWORD.encode())
    return Bench(services.engine, tenant.tenant_id, services.flows, services.hashes, stored)


async def main() -> float:
    """Print both rates and their ratio; the ratio."""
    alone: list[Turn] = []
    whole: list[Turn] = []
    async with _bench() as bench:
        for turn in range(TURNS):
            flows = [await bench.open_flow() for _ in range(BATCH)]
            numbers = range(turn * BATCH, (turn + 1) * BATCH)
            hashes = [lambda number=number: bench.hash_alone(number) for number in numbers]
            logins = [
                lambda number=number, flow=flow: bench.sign_in(number, flow)
                for number, flow in zip(numbers, flows, strict=True)
            ]
            for jobs, turns in ((hashes, alone), (logins, whole))[:: 1 if turn % 2 else -1]:
                turns.append(await _turn(jobs))
    rates = [statistics.median(turn.rate for turn in turns) for turns in (alone, whole)]
    cpus = [1000 * statistics.median(turn.cpu for turn in turns) for turns in (alone, whole)]
    ratio = rates[1] / rates[0]
    print(f"argon2 alone      {rates[0]:7.1f}/s  {cpus[0]:6.2f} ms CPU each")
    print(f"password sign-in  {rates[1]:7.1f}/s  {cpus[1]:6.2f} ms CPU each")
    print(f"ratio             {ratio:7.3f}    target ≥ {TARGET}: {'met' if ratio >= TARGET else 'MISSED'}")
    return ratio


if __name__ == "__main__":
    uvloop.run(main())  # the loop that the server runs on
