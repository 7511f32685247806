"""Nodes that are killed without a word and are back a moment later: real server processes on one database."""

import asyncio
import os
import signal
import ssl
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.running import HOST, free_port

PAUSE = 0.02
BACK = 120.0
"""Seconds until a node has to be back, on a machine that does other things too."""
PATIENCE = 20.0
"""Seconds for one answer: a node that takes longer hangs."""
FORGE = """
import asyncio, os, signal, sys
from pathlib import Path
from airside.core.clock import SystemClock
from airside.core.entropy import SystemEntropy
from airside.transport import server_context
from airside.vault.kms.local import LocalKek
from airside.wiring.app import application
from airside.wiring.build import build
from airside.wiring.jobs import Jobs
from airside.wiring.server import run, serve
from airside.wiring.settings import Settings

async def serving(folder, dsn, url, port):
    clock, entropy = SystemClock(), SystemEntropy()
    settings = Settings(mode="development", public_url=url, port=port, redirect_port=None)
    kek = LocalKek.load(folder / "kek", entropy=entropy)
    services = build(settings, dsn=dsn, kek=kek, clock=clock, entropy=entropy)
    await services.start()
    async with Jobs(services):
        await serve(
            application(services, settings),
            tls=server_context(folder / "server.pem", folder / "server.key"),
            host="localhost",
            port=port,
            public_host=url.removeprefix("https://"),
        )

signal.signal(signal.SIGCHLD, signal.SIG_IGN)
for line in sys.stdin:
    born = os.fork()
    if not born:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        run(serving(Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(line)))
        os._exit(1)
    print(born, flush=True)
"""
"""Imports once and forks a server for each port that it reads: a node is back in a fraction of a second."""


@dataclass
class Node:
    """One server process after another on one port. `up` while it answers."""

    port: int
    public_host: str
    trust: ssl.SSLContext
    forge: asyncio.subprocess.Process
    up: bool = False
    process_id: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def start(self, forging: asyncio.Lock) -> None:
        """A new process, once it answers."""
        assert self.forge.stdin is not None
        assert self.forge.stdout is not None
        async with forging:
            self.forge.stdin.write(f"{self.port}\n".encode())
            self.process_id = int(await self.forge.stdout.readline())
        async with asyncio.timeout(BACK):
            while not await self._ready():  # noqa: ASYNC110 - another process tells no event
                await asyncio.sleep(PAUSE)
        self.up = True

    def kill(self) -> None:
        """SIGKILL: nothing is finished, nobody is told."""
        self.up = False
        os.kill(self.process_id, signal.SIGKILL)

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection. Raises: OSError."""
        return await asyncio.open_connection(HOST, self.port, ssl=self.trust)

    async def _ready(self) -> bool:
        try:
            async with asyncio.timeout(PATIENCE):
                reader, writer = await self.open()
                writer.write(f"GET /readyz HTTP/1.1\r\nhost: {self.public_host}\r\nconnection: close\r\n\r\n".encode())
                said = await reader.read()
            writer.close()
        except OSError:  # a timeout is one, too
            return False
        return said.startswith(b"HTTP/1.1 200")


@asynccontextmanager
async def nodes(folder: Path, dsn: str, ports: tuple[int, ...], trust: ssl.SSLContext) -> AsyncGenerator[list[Node]]:
    """A node on each of `ports`, all of the server whose public address is the first. `folder` holds the key
    encryption key and the certificate."""
    host = f"{HOST}:{ports[0]}"
    forge = await asyncio.create_subprocess_exec(
        sys.executable, "-c", FORGE, str(folder), dsn, f"https://{host}",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    made = [Node(port, host, trust, forge) for port in ports]
    forging = asyncio.Lock()
    try:
        for node in made:
            await node.start(forging)
        yield made
    finally:
        for node in made:
            if node.process_id:
                with suppress(ProcessLookupError):
                    node.kill()
        assert forge.stdin is not None
        forge.stdin.close()
        await forge.wait()


def two_ports() -> tuple[int, int]:
    """Two that nobody listens on just now."""
    first = free_port()
    second = free_port()
    return (first, second) if first != second else two_ports()
