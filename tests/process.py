"""The real server as a process of its own: `airside serve`, with all that it writes kept in a file."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2

from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.transport import ensure_development_certificates
from airside.vault.kms.local import LocalKek
from airside.wiring.build import build
from airside.wiring.settings import Settings
from tests.running import HOST, Running, free_port

READY_SECONDS = 120.0
GONE_SECONDS = 15.0
Watch = Callable[[httpx2.Response], None]


@dataclass(frozen=True, kw_only=True)
class Watched(Running):
    """A server whose every answer is shown to `watch`."""

    watch: Watch
    output: Path
    kek_file: Path

    def client(self, *, follow: bool = False, source: str | None = None) -> httpx2.AsyncClient:
        client = super().client(follow=follow, source=source)

        async def look(answer: httpx2.Response) -> None:
            await answer.aread()
            self.watch(answer)

        client.event_hooks = {"response": [look]}
        return client


@asynccontextmanager
async def serving(
    dsn: str,
    folder: Path,
    watch: Watch,
    *,
    clock: Clock,
    entropy: Entropy,
    log_level: str = "debug",
    output: Path | None = None,
    traces_url: str = "",
) -> AsyncGenerator[Watched]:
    """`airside serve` on the migrated database at `dsn`; the services beside it are for what only operators can do.
    What it writes goes to `output`, or into `folder`, and a trace of each request to `traces_url`."""
    port, inside = free_port(), free_port()
    kek_file, output = folder / "kek", output or folder / "output"
    kek = LocalKek.create(kek_file, development=True, entropy=entropy)
    certificates = ensure_development_certificates(folder / "tls", clock=clock)
    settings = Settings(mode="development", public_url=f"https://{HOST}:{port}", port=port, redirect_port=None)
    told = {
        "MODE": "development",
        "PUBLIC_URL": settings.public_url,
        "PORT": str(port),
        "REDIRECT_PORT": "off",
        "DATA": str(folder / "data"),
        "DATABASE_URL": dsn,
        "KEK_FILE": str(kek_file),
        "TLS_CERTIFICATE": str(certificates.certificate),
        "TLS_KEY": str(certificates.key),
        "LOG_LEVEL": log_level,
        "ACCESS_LOG": "yes",
        "METRICS_PORT": str(inside),
    }
    if traces_url:
        told |= {"TRACES_URL": traces_url, "TRACES_PERCENT": "100"}
    others = {name: value for name, value in os.environ.items() if not name.startswith("AIRSIDE_")}
    with output.open("wb") as written:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "airside",
            "serve",
            env={**others, **{f"AIRSIDE_{name}": value for name, value in told.items()}},
            stdout=written,
            stderr=written,
        )
    services = build(settings, dsn=dsn, kek=kek, clock=clock, entropy=entropy)
    await services.start()
    try:
        started = Watched(
            services,
            settings.public_url,
            certificates,
            metrics=f"http://127.0.0.1:{inside}/metrics",
            watch=watch,
            output=output,
            kek_file=kek_file,
        )
        await _until_ready(started, process, clock)
        yield started
    finally:
        await services.stop()
        await _end(process)


async def _until_ready(server: Watched, process: asyncio.subprocess.Process, clock: Clock) -> None:
    until = clock.monotonic() + READY_SECONDS
    async with server.client() as http:
        while clock.monotonic() < until:
            assert process.returncode is None, server.output.read_text()
            try:
                if (await http.get("/readyz")).status_code == 200:
                    return
            except httpx2.TransportError:
                pass
            await asyncio.sleep(0.05)
    raise AssertionError(f"not ready: {server.output.read_text()}")


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), GONE_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()
