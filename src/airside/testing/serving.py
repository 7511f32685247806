"""The real application in this process: every room wired as in production, over real TLS on a loopback socket."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.transport import DevelopmentCertificates, server_context
from airside.vault import Aead
from airside.wiring.app import application
from airside.wiring.build import Services, build
from airside.wiring.jobs import Jobs
from airside.wiring.mutual import MutualTls, listening, mutual_tls
from airside.wiring.observing import Observing, observing
from airside.wiring.server import serve
from airside.wiring.settings import Settings

HOST: Final = "localhost"


@dataclass(frozen=True)
class Serving:
    """What answers, and its services for what only an operator can do."""

    services: Services
    mutual: MutualTls | None
    watching: Observing


@asynccontextmanager
async def serving(
    settings: Settings, dsn: str, certificates: DevelopmentCertificates, *, kek: Aead, clock: Clock, entropy: Entropy
) -> AsyncGenerator[Serving]:
    """A server on the migrated database at `dsn`, answering until the context ends."""
    mutual = mutual_tls(settings, certificates.certificate, certificates.key)
    services = build(settings, dsn=dsn, kek=kek, clock=clock, entropy=entropy)
    stop, ready = asyncio.Event(), asyncio.Event()
    await services.start()
    try:
        watching = observing(services, settings)
        async with Jobs(services, mutual, watching):
            answering = asyncio.create_task(
                serve(
                    application(services, settings),
                    tls=server_context(certificates.certificate, certificates.key),
                    host=HOST,
                    port=settings.port,
                    public_host=f"{HOST}:{settings.port}",
                    mutual=listening(settings, mutual),
                    on_ready=ready.set,
                    on_drain=services.drain,
                    stop=stop,
                    clock=clock,
                    requests=watching.requests,
                    internal=watching.internal,
                )
            )
            await asyncio.wait([answering, asyncio.create_task(ready.wait())], return_when=asyncio.FIRST_COMPLETED)
            if answering.done():
                answering.result()
            try:
                yield Serving(services, mutual, watching)
            finally:
                stop.set()
                await answering
    finally:
        await services.stop()


def free_port() -> int:
    """A port that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
