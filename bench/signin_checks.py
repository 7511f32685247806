"""Permission checks while people sign in, and sign-ins a second over HTTPS against Argon2 alone in the same pool.

Three processes beside the database: the real server; browsers that sign in (the begin, the page, the form: three
requests), each on a kept connection from a loopback address of its own; and this one, which asks for permissions at a
steady rate, whether or not the last answer is there, and counts from the moment a question was due. Every browser has
people of its own whose known device it is, as browsers mostly are, and so many that no limit bites; who
is told to wait, because too much waits to be hashed, waits and is counted. The browsers stand
outside the server, since inside it they would share its event loop, which is what is measured; their CPU is printed.
Argon2 alone is hashed by the server process itself, in its own pool, with nothing else asked of it.

Quiet, Argon2 alone and sign-ins come in turns within one run, so that a noisy machine is noisy to all; medians of the
turns are compared, and the machine's load stands beside them. Run: `.venv/bin/python -m bench.signin_checks`.
"""

import asyncio
import contextlib
import itertools
import os
import re
import ssl
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

import uvloop

from airside.admin import OPERATOR
from airside.core.secret import Secret
from airside.identity import HashPool
from airside.vault.kms.local import LocalKek
from airside.wiring.build import Services
from bench.permission_check import prepare
from bench.scratch import database
from bench.served import ENTROPY, HOST, Child, Told, child, obey, serve_real, started, tell

TARGET: Final = 0.9
P50_RATIO: Final = 2.0
P99_RATIO: Final = 4.0
TURNS: Final = 7
SECONDS: Final = 4.0
ALONE_SECONDS: Final = 3.0
RATE: Final = 150
"""Permission checks a second."""
ASKERS: Final = 8
BROWSERS: Final = 6
PEOPLE: Final = 40
"""Of each browser: what one device may try at one account (ten a minute) isn't reached."""
TUPLES: Final = 10_000
PORT: Final = 18_445
PASSWORD: Final = "correct horse battery staple"
TOKEN: Final = re.compile(rb'name="csrf_token" value="([^"]+)"')


@dataclass(frozen=True)
class Reply:
    """What a request brought."""

    status: int
    head: bytes
    body: bytes

    def header(self, name: bytes) -> list[bytes]:
        """The values of a header."""
        lines = (line.partition(b":") for line in self.head.split(b"\r\n")[1:])
        return [value.strip() for each, _, value in lines if each.lower() == name]


@dataclass
class Wire:
    """A kept connection: a full client would cost more than the server."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    async def open(cls, folder: Path, source: str = HOST) -> "Wire":
        """Connected from a loopback address."""
        trust = ssl.create_default_context(cafile=str(folder / "ca.pem"))
        return cls(*await asyncio.open_connection(HOST, PORT, ssl=trust, local_addr=(source, 0)))

    async def ask(self, method: str, path: str, headers: str = "", body: bytes = b"") -> Reply:
        """One request and its whole answer."""
        head = f"{method} {path} HTTP/1.1\r\nhost: {HOST}:{PORT}\r\n{headers}content-length: {len(body)}\r\n\r\n"
        self.writer.write(head.encode() + body)
        got = await self.reader.readuntil(b"\r\n\r\n")
        reply = Reply(int(got[9:12]), got, b"")
        length = reply.header(b"content-length")
        return Reply(reply.status, got, await self.reader.readexactly(int(length[0]) if length else 0))

    async def close(self) -> None:
        """The server would, between turns."""
        self.writer.close()
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            await self.writer.wait_closed()


@dataclass
class Browser:
    """Signs its people in, one after another, and is known to them."""

    source: str
    people: Sequence[str]
    cookies: dict[bytes, bytes] = field(default_factory=dict[bytes, bytes])
    done: int = 0
    refused: int = 0

    async def sign_in(self, wire: Wire) -> None:
        """The next of its people, from the first page to the session's cookies."""
        email = self.people[self.done % len(self.people)]
        begun = await self._ask(wire, "GET", "/t/bench/signin")
        assert begun.status == 303, begun
        page = begun.header(b"location")[0].decode()
        shown = await self._ask(wire, "GET", page)
        token = TOKEN.search(shown.body)
        assert token is not None, shown
        form = {"kind": "password", "email": email, "password": PASSWORD, "csrf_token": token[1].decode()}
        kind = f"content-type: application/x-www-form-urlencoded\r\norigin: https://{HOST}:{PORT}\r\n"
        while (answer := await self._ask(wire, "POST", page, kind, urlencode(form).encode())).status == 429:
            self.refused += 1
            await asyncio.sleep(float(answer.header(b"retry-after")[0]))
        assert answer.status == 200, answer
        assert any(name.startswith(b"__Host-airside_account_") for name in self.cookies), answer
        self.cookies = {name: value for name, value in self.cookies.items() if b"_device_" in name}
        self.done += 1

    async def _ask(self, wire: Wire, method: str, path: str, headers: str = "", body: bytes = b"") -> Reply:
        held = "; ".join(f"{name.decode()}={value.decode()}" for name, value in self.cookies.items())
        reply = await wire.ask(method, path, f"{headers}cookie: {held}\r\n" if held else headers, body)
        for cookie in reply.header(b"set-cookie"):
            name, _, value = cookie.partition(b";")[0].partition(b"=")
            self.cookies[name] = value
        return reply


async def driving(folder: Path) -> None:
    """The browsers' process: a line is for how many seconds they sign people in."""
    browsers = [
        Browser(f"127.0.1.{number + 1}", [email(number, one) for one in range(PEOPLE)]) for number in range(BROWSERS)
    ]

    async def drive(line: str) -> Told:
        wires = [await Wire.open(folder, browser.source) for browser in browsers]
        began, before = time.perf_counter(), totals(browsers)

        async def until(browser: Browser, wire: Wire) -> None:
            while time.perf_counter() < began + float(line):
                await browser.sign_in(wire)

        await asyncio.gather(*map(until, browsers, wires))
        wall, after = time.perf_counter() - began, totals(browsers)
        for wire in wires:
            await wire.close()
        return {"rate": (after[0] - before[0]) / wall, "refused": after[1] - before[1]}

    tell({})
    await obey(drive)


def totals(browsers: Sequence[Browser]) -> tuple[int, int]:
    """How often people were signed in, and told to wait."""
    return sum(browser.done for browser in browsers), sum(browser.refused for browser in browsers)


def email(browser: int, person: int) -> str:
    """One of a browser's people."""
    return f"user{browser}-{person}@example.com"


async def serving(folder: Path, dsn: str) -> None:
    """The server's process: a line is for how many seconds its pool hashes and nothing else."""
    async with started(folder, dsn, PORT) as (services, settings):
        asked = await prepare(services, folder, TUPLES)
        await enlist(services, asked.tenant_id)
        stored = await services.hashes.hash(asked.tenant_id, PASSWORD.encode())
        told = {"store": asked.store_id, "token": asked.token}
        await serve_real(
            services,
            settings,
            folder,
            told,
            lambda line: hashing(services.hashes, asked.tenant_id, stored, float(line)),
        )


async def enlist(services: Services, tenant_id: UUID) -> None:
    """Every browser's people."""
    for browser, person in itertools.product(range(BROWSERS), range(PEOPLE)):
        async with services.engine.begin(tenant_id, principal=OPERATOR) as ctx:
            await services.user_admin.create(ctx, email(browser, person), "", Secret(PASSWORD))


async def hashing(hashes: HashPool, tenant_id: UUID, stored: str, seconds: float) -> Told:
    """How many verifications a second the pool does, as many waiting as there are browsers."""
    began, done = time.perf_counter(), 0

    async def until() -> None:
        nonlocal done
        while time.perf_counter() < began + seconds:
            assert await hashes.verify(tenant_id, stored, PASSWORD.encode())
            done += 1

    await asyncio.gather(*(until() for _ in range(BROWSERS)))
    return {"rate": done / (time.perf_counter() - began)}


@dataclass
class Checks:
    """Asks for permissions, `RATE` a second."""

    folder: Path
    bodies: Sequence[bytes]
    server: Child
    asked: int = 0

    async def ask_for(self, seconds: float) -> list[float]:
        """Milliseconds from when each answer's question was due."""
        headers = f"content-type: application/json\r\nauthorization: Bearer {self.server.told['token']}\r\n"
        path = f"/stores/{self.server.told['store']}/check"
        wires = [await Wire.open(self.folder) for _ in range(ASKERS)]
        began, due, took = time.perf_counter(), itertools.count(), list[float]()

        async def asker(wire: Wire) -> None:
            while (moment := began + next(due) / RATE) < began + seconds:
                await asyncio.sleep(max(0.0, moment - time.perf_counter()))
                self.asked += 1
                reply = await wire.ask("POST", path, headers, self.bodies[self.asked % len(self.bodies)])
                took.append(1000 * (time.perf_counter() - moment))
                assert reply.status == 200, reply

        await asyncio.gather(*map(asker, wires))
        for wire in wires:
            await wire.close()
        return took


@dataclass(frozen=True)
class Turn:
    """What one turn measured: latencies in milliseconds, CPU in seconds a second."""

    rate: float
    refused: float
    p50: float
    p99: float
    server: float
    browsers: float


async def turn(checks: Checks, driver: Child | None = None) -> Turn:
    """Checks for `SECONDS`, with people signing in or without."""
    processes = [checks.server, *([driver] if driver else [])]
    began, before = time.perf_counter(), [one.cpu() for one in processes]
    signing = asyncio.ensure_future(driver.ask(str(SECONDS))) if driver else None
    took = statistics.quantiles(await checks.ask_for(SECONDS), n=100)
    said = await signing if signing else {"rate": 0.0, "refused": 0}
    wall = time.perf_counter() - began
    used = [(one.cpu() - first) / wall for one, first in zip(processes, before, strict=True)]
    return Turn(said["rate"], said["refused"], took[49], took[98], used[0], used[1] if driver else 0.0)


async def measure(folder: Path, server: Child, driver: Child) -> None:
    """In turns, so that what else the machine does falls on all."""
    bodies = (folder / "check").read_bytes().splitlines()
    checks = Checks(folder, bodies, server)
    await driver.ask(str(2 * PEOPLE * BROWSERS / 50))  # everybody's device becomes known
    await checks.ask_for(SECONDS)
    quiet: list[Turn] = []
    signing: list[Turn] = []
    alone: list[float] = []

    async def one_quiet() -> None:
        quiet.append(await turn(checks))

    async def one_signing() -> None:
        signing.append(await turn(checks, driver))

    async def one_alone() -> None:
        alone.append((await server.ask(str(ALONE_SECONDS)))["rate"])

    for number in range(TURNS):
        for part in (one_quiet, one_alone, one_signing)[:: -1 if number % 2 else 1]:
            await part()
    show(alone, middle(quiet), middle(signing))


def middle(turns: Sequence[Turn]) -> Turn:
    """The medians."""
    return Turn(*(statistics.median(each) for each in zip(*(astuple(turn) for turn in turns), strict=True)))


def show(alone: Sequence[float], quiet: Turn, signing: Turn) -> None:
    """Print every figure beside what was wanted."""
    hashed = statistics.median(alone)
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    print(f"argon2 alone        {hashed:7.1f}/s   in the server's pool; {os.cpu_count()} cores, load {load}")
    cpu = f"server {signing.server:.0%} of a core, browsers {signing.browsers:.0%}; {signing.refused:.0f} told to wait"
    print(f"sign-ins over HTTPS {signing.rate:7.1f}/s   {cpu}")
    print(f"{'':28}{'p50 ms':>10}{'p99 ms':>10}   at {RATE} checks/s")
    for name, one in (("check, nobody signing in", quiet), ("check, people signing in", signing)):
        print(f"{name:28}{one.p50:10.2f}{one.p99:10.2f}   server {one.server:.0%} of a core")
    for name, ratio, target in (
        ("check: p50, times the quiet one", signing.p50 / quiet.p50, P50_RATIO),
        ("check: p99, times the quiet one", signing.p99 / quiet.p99, P99_RATIO),
    ):
        print(f"{name:32}{ratio:6.2f}   target ≤ {target}: {'met' if ratio <= target else 'MISSED'}")
    ratio = signing.rate / hashed
    print(f"{'sign-ins to argon2 alone':32}{ratio:6.3f}   target ≥ {TARGET}: {'met' if ratio >= TARGET else 'MISSED'}")


async def main() -> None:
    """An embedded database, the processes, and the figures."""
    async with database() as (folder, postgres):
        LocalKek.create(folder / "kek", development=True, entropy=ENTROPY)
        dsn, module = postgres.dsn("airside_app"), "bench.signin_checks"
        async with (
            child(module, "serve", str(folder), dsn) as server,
            child(module, "drive", str(folder)) as driver,
        ):
            await measure(folder, server, driver)


def _entry(arguments: Sequence[str]) -> Any:
    match arguments:
        case ["serve", folder, dsn]:
            return serving(Path(folder), dsn)
        case ["drive", folder]:
            return driving(Path(folder))
        case _:
            return main()


if __name__ == "__main__":
    uvloop.run(_entry(sys.argv[1:]))
