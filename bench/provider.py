"""The provider's endpoints over HTTPS: client credentials, refresh, introspection, the code flow of somebody who is
signed in already, and the key set, beside an empty Starlette endpoint on the same kind of server.

Two server processes, each `wiring.server` with TLS 1.3, on PostgreSQL with synchronous commits: the real application,
and Starlette with one empty route. `wrk` loads one at a time over kept connections, in turns within one run, so that
what else the machine does falls on all; medians of the turns are compared. Beside what came through stands the server
process' own CPU for each, and how many of them that is for a core: load and database want cores of their own, which a
small machine hasn't. Run: `.venv/bin/python -m bench.provider [turns]`.
"""

import statistics
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg
import psycopg.rows
import uvloop

from airside.store.embedded import EmbeddedPostgres
from airside.vault.kms.local import LocalKek
from bench.calibration import commits_for, es256_for, rs256_for
from bench.permission_check import found
from bench.permission_check import serving as serving_nothing
from bench.provider_tenant import SCRIPTS, SLUG, families, prepare
from bench.scratch import database
from bench.served import ENTROPY, HOST, Child, Told, child, serve_real, started

CONNECTIONS: Final = 16
SECONDS: Final = 3
TURNS: Final = 5
FAMILIES: Final = 4 * CONNECTIONS
"""More than are in use at once: what a turn leaves unanswered is lost to the next."""
RATIO: Final = 0.8
WANTED: Final = {"token": 1_500, "refresh": 1_000, "introspect": 8_000, "code": 300}
"""A second. Keycloak publishes 120 of the first two a second and core."""
NAMES: Final = {
    "empty": "empty Starlette endpoint",
    "jwks": "key set",
    "token": "client credentials",
    "refresh": "refresh",
    "introspect": "introspection",
    "code": "code flow (two requests)",
}
REQUESTS: Final = {"code": 2}
"""Of one whole operation."""
IDLE_PORT: Final = 18_446
REAL_PORT: Final = 18_447


@dataclass(frozen=True)
class Turn:
    """Operations a second, and the server's CPU microseconds for each."""

    rate: float
    cpu: float


async def serving(folder: Path, dsn: str, port: int) -> None:
    """The process of the real server; a line asks it for that many new families."""
    async with started(folder, dsn, port) as (services, settings):
        told = await prepare(services, folder)

        async def work(line: str) -> Told:
            await families(services, folder, int(line))
            return {}

        await serve_real(services, settings, folder, told, work)


def load(at: Child, port: int, name: str, script: Path | None, path: str = "") -> Turn:
    """One turn of `wrk`."""
    before = at.cpu()
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", *(["-s", str(script)] if script else [])]
    said = subprocess.run([*command, f"https://{HOST}:{port}{path}"], capture_output=True, text=True, check=True).stdout
    cpu = at.cpu() - before
    assert "Non-2xx" not in said, said
    assert "stray" not in said, said
    each = REQUESTS.get(name, 1)
    requests, rate = int(found(r"(\d+) requests in", said)[1]), float(found(r"Requests/sec:\s+([\d.]+)", said)[1])
    return Turn(rate / each, cpu * 1e6 / requests * each)


async def turn(folder: Path, idle: Child, real: Child) -> dict[str, Turn]:
    """Everything once."""
    await real.ask(str(FAMILIES))
    told = real.told
    turns = {
        "empty": load(idle, IDLE_PORT, "empty", None, "/empty"),
        "jwks": load(real, REAL_PORT, "jwks", None, f"/t/{SLUG}/oauth2/jwks"),
    }
    for name, script in SCRIPTS.items():
        file = folder / f"{name}.lua"
        file.write_text(script % told)
        turns[name] = load(real, REAL_PORT, name, file)
    return turns


async def analyse(dsn: str) -> None:
    """Tell the planner what the tables hold, as a database that is more than minutes old knows by itself."""
    async with await psycopg.AsyncConnection[psycopg.rows.TupleRow].connect(dsn, autocommit=True) as connection:
        await connection.execute("analyze")


def show(turns: Sequence[dict[str, Turn]]) -> None:
    """The medians, and what they are held against."""
    rates = {name: statistics.median(each[name].rate for each in turns) for name in NAMES}
    cpus = {name: statistics.median(each[name].cpu for each in turns) for name in NAMES}
    print(f"{'':28}{'a second':>10}{'CPU µs each':>14}{'a core could':>14}{'wanted':>9}")
    for name, words in NAMES.items():
        wanted, core = WANTED.get(name), 1e6 / cpus[name]
        line = f"{words:28}{rates[name]:10.0f}{cpus[name]:14.1f}{core:14.0f}"
        print(line + ("" if wanted is None else f"{wanted:9}  {verdict(rates[name], core, wanted)}"))
    by_rate, by_cpu = rates["jwks"] / rates["empty"], cpus["empty"] / cpus["jwks"]
    print(f"key set against empty: {by_rate:.2f} by rate, {by_cpu:.2f} by CPU (wanted ≥ {RATIO})")


def verdict(rate: float, core: float, wanted: float) -> str:
    """In words."""
    if rate >= wanted:
        return "met"
    return "met by a core of its own, not on this machine" if core >= wanted else "MISSED"


async def measure(folder: Path, postgres: EmbeddedPostgres, count: int) -> None:
    """Every turn, then what the machine can."""
    dsn, empty = postgres.dsn("airside_app"), ["bench.provider", str(folder), "", str(IDLE_PORT)]
    async with (
        child(*empty) as idle,
        child("bench.provider", str(folder), dsn, str(REAL_PORT)) as real,
    ):
        await turn(folder, idle, real)  # warms up
        await analyse(postgres.dsn("airside_owner"))
        turns = [await turn(folder, idle, real) for _ in range(count)]
    show(turns)
    commits = await commits_for(SECONDS, postgres.dsn("postgres"))
    print(f"alone: {commits:.0f} commits/s, {es256_for(1):.0f} ES256/s, {rs256_for(1):.0f} RS256/s of a core")


async def main(count: int) -> None:
    """An embedded database, two servers, and the figures."""
    async with database() as (folder, postgres):
        LocalKek.create(folder / "kek", development=True, entropy=ENTROPY)
        await measure(folder, postgres, count)


if __name__ == "__main__":
    if len(sys.argv) == 4:
        folder, dsn, port = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
        uvloop.run(serving(folder, dsn, port) if dsn else serving_nothing(folder, "", port, 0))
    else:
        uvloop.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else TURNS))
