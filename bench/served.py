"""A server in a process of its own, for benchmarks: `wiring.server` over TLS 1.3 on a loopback address.

The benchmark starts itself again with the server's arguments. What it tells (ids, a token) is the server's first line;
later lines are answers to what the benchmark asks of it. It ends with its standard input.
"""

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import psutil
from starlette.types import ASGIApp

from airside.core.clock import SystemClock
from airside.core.entropy import SystemEntropy
from airside.transport import ensure_development_certificates, server_context
from airside.vault.kms.local import LocalKek
from airside.wiring.app import application
from airside.wiring.build import Services, build
from airside.wiring.jobs import Jobs
from airside.wiring.requests import Requests
from airside.wiring.server import serve
from airside.wiring.settings import Settings

HOST: Final = "127.0.0.1"
CLOCK: Final = SystemClock()
ENTROPY: Final = SystemEntropy()
Told: TypeAlias = Mapping[str, str | float]
Work: TypeAlias = Callable[[str], Awaitable[Told]]
"""What is done for a line that the benchmark writes."""


@dataclass(frozen=True)
class Child:
    """A process of the benchmark, what it told of itself, and how to ask it for more."""

    process: psutil.Process
    pipes: asyncio.subprocess.Process
    told: dict[str, Any]

    async def ask(self, line: str) -> dict[str, Any]:
        """The answer to `line`."""
        assert self.pipes.stdin is not None
        assert self.pipes.stdout is not None
        self.pipes.stdin.write(line.encode() + b"\n")
        return json.loads(await self.pipes.stdout.readline())

    def cpu(self) -> float:
        """Seconds of CPU so far."""
        times = self.process.cpu_times()
        return times.user + times.system


@contextlib.asynccontextmanager
async def child(module: str, *arguments: str) -> AsyncGenerator[Child]:
    """`python -m module arguments` until the context ends; entered once it has told of itself."""
    pipes = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *arguments,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, limit=1 << 20,
    )  # fmt: skip
    assert pipes.stdin is not None
    assert pipes.stdout is not None
    try:
        told = json.loads(await pipes.stdout.readline())
        yield Child(psutil.Process(pipes.pid), pipes, told)
    finally:
        pipes.stdin.close()
        await pipes.wait()


def tell(words: Told) -> None:
    """One line for the parent."""
    print(json.dumps(words), flush=True)


async def obey(work: Work) -> None:
    """Answer the parent's lines, one after another, until there are no more."""
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        tell(await work(line.strip()))


async def nothing(line: str) -> Told:
    """For a server that is only there to answer requests."""
    raise ValueError(line)


async def serve_until_closed(
    app: ASGIApp, folder: Path, port: int, told: Told, work: Work = nothing, requests: Requests | None = None
) -> None:
    """`app` over TLS until standard input ends; it tells `told` once it is ready. `requests` counts its answers."""
    stop = asyncio.Event()
    obeying = asyncio.ensure_future(obey(work))
    obeying.add_done_callback(lambda _: stop.set())
    certificates = ensure_development_certificates(folder, clock=CLOCK)
    tls = server_context(certificates.certificate, certificates.key)
    await serve(
        app,
        tls=tls,
        host=HOST,
        port=port,
        public_host="localhost",
        stop=stop,
        on_ready=lambda: tell(told),
        requests=requests,
    )
    await obeying


@contextlib.asynccontextmanager
async def started(folder: Path, dsn: str, port: int) -> AsyncGenerator[tuple[Services, Settings]]:
    """Every service on the database at `dsn`, with the key encryption key that is in `folder`."""
    kek = LocalKek.load(folder / "kek", entropy=ENTROPY)
    settings = Settings(mode="development", public_url=f"https://{HOST}:{port}", port=port, redirect_port=None)
    services = build(settings, dsn=dsn, kek=kek, clock=CLOCK, entropy=ENTROPY)
    await services.start()
    yield services, settings
    await services.stop()


async def serve_real(services: Services, settings: Settings, folder: Path, told: Told, work: Work = nothing) -> None:
    """The real application with its timers, counting as `airside serve` does."""
    requests = Requests(clock=CLOCK)
    async with Jobs(services):
        await serve_until_closed(application(services, settings), folder, settings.port, told, work, requests)
