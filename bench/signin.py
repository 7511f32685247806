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
from pathlib import Path
from typing import Final
from uuid import UUID

import psycopg
import uvloop
from psycopg import sql
from psycopg.conninfo import make_conninfo

from airside.audit import Journal
from airside.core.clock import SystemClock
from airside.core.entropy import SystemEntropy
from airside.core.ids import uuid7
from airside.core.principal import Origin
from airside.core.secret import Secret
from airside.identity import HashPool, PasswordAnswer, PasswordAuthenticator, Passwords, Sessions, Users
from airside.limits import PostgresLimiter
from airside.revocation import Revocations
from airside.signin import Done, Flows, Policy, StartedFlow
from airside.store import Engine, Listener
from airside.store.embedded import EmbeddedPostgres
from airside.store.migrate import migrate, role_of
from airside.tokens import RefreshFamilies
from airside.vault import Vault
from airside.vault.kms.local import LocalKek
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
            async with Engine(app, clock=CLOCK, entropy=ENTROPY) as engine:
                yield await _build(engine, app, Vault(kek=kek, entropy=ENTROPY, clock=CLOCK))
        finally:
            await server.stop()


async def _build(engine: Engine, app: str, vault: Vault) -> Bench:
    tenant_id = uuid7(CLOCK.now(), ENTROPY)
    hashes = HashPool(clock=CLOCK, entropy=ENTROPY)
    journal = Journal(vault=vault, entropy=ENTROPY)
    users = Users(vault=vault, entropy=ENTROPY, journal=journal)
    limiter = PostgresLimiter(vault=vault)
    passwords = Passwords(vault=vault, limiter=limiter, hashes=hashes, journal=journal)
    revocations = Revocations(listener=Listener(app, clock=CLOCK), entropy=ENTROPY)
    families = RefreshFamilies(entropy=ENTROPY, revocations=revocations, journal=journal)
    sessions = Sessions(vault=vault, entropy=ENTROPY, journal=journal, revocations=revocations, families=families)
    doors = [PasswordAuthenticator(passwords)]
    flows = Flows(
        vault=vault, entropy=ENTROPY, journal=journal, sessions=sessions, authenticators=doors, policy=Policy()
    )
    async with engine.begin(tenant_id) as ctx:
        await vault.create(ctx)
    for number in range(BATCH):
        async with engine.begin(tenant_id) as ctx:
            user = await users.create(ctx, f"user{number}@example.com", "")
            await passwords.set(ctx, user.id, Secret(PASSWORD))
    return Bench(engine, tenant_id, flows, hashes, await hashes.hash(PASSWORD.encode()))


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
        bench.hashes.close()
    rates = [statistics.median(turn.rate for turn in turns) for turns in (alone, whole)]
    cpus = [1000 * statistics.median(turn.cpu for turn in turns) for turns in (alone, whole)]
    ratio = rates[1] / rates[0]
    print(f"argon2 alone      {rates[0]:7.1f}/s  {cpus[0]:6.2f} ms CPU each")
    print(f"password sign-in  {rates[1]:7.1f}/s  {cpus[1]:6.2f} ms CPU each")
    print(f"ratio             {ratio:7.3f}    target ≥ {TARGET}: {'met' if ratio >= TARGET else 'MISSED'}")
    return ratio


if __name__ == "__main__":
    uvloop.run(main())  # the loop that the server runs on
