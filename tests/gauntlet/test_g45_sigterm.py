"""G45: SIGTERM under load loses no request, and the process is gone within 10 s.

A request is lost when its bytes left over an open TLS connection and no whole answer came back. Not lost: what was
never sent, because the listener had closed, or because the connection had said that it ends.
"""

import asyncio
import os
import signal
import socket
import ssl
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from random import Random, SystemRandom

import pytest

from airside.core.clock import SystemClock
from airside.transport import ensure_development_certificates

ROUNDS = 100 if os.environ.get("AIRSIDE_GAUNTLET_FULL") else 10
CLIENTS = 8
LOAD_SECONDS = 0.3
GONE_SECONDS = 10.0
SERVER = """
import asyncio, sys
from pathlib import Path
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from airside.transport import server_context
from airside.wiring.server import run, serve

async def quick(request):
    return PlainTextResponse(await request.body())

async def slow(request):
    body = await request.body()
    await asyncio.sleep(0.05)
    return PlainTextResponse(body)

folder, port = Path(sys.argv[1]), int(sys.argv[2])
app = Starlette(routes=[Route("/quick", quick, methods=["POST"]), Route("/slow", slow, methods=["POST"])])
run(serve(
    app,
    tls=server_context(folder / "server.pem", folder / "server.key"),
    host="127.0.0.1",
    port=port,
    public_host="localhost",
    on_ready=lambda: print("ready", flush=True),
))
"""


@dataclass
class Count:
    """What the clients saw."""

    answered: int = 0
    lost: int = 0
    connections: int = 0


class Client:
    """A keep-alive client that sends again and again, over new connections where it is told to, until refused."""

    def __init__(self, port: int, trust: ssl.SSLContext, dice: Random, count: Count) -> None:
        self._port = port
        self._trust = trust
        self._dice = dice
        self._count = count

    async def run(self) -> None:
        with suppress(OSError):  # refused, or cut before the handshake: nothing was sent
            while True:
                reader, writer = await asyncio.open_connection("localhost", self._port, ssl=self._trust)
                self._count.connections += 1
                try:
                    await self._use(reader, writer)
                finally:
                    writer.close()

    async def _use(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        keep = True
        while keep:
            await asyncio.sleep(self._dice.choice((0, 0, 0, 0.01, 0.2)))
            if reader.at_eof():  # the server has said good-bye
                return
            path = self._dice.choice((b"quick", b"quick", b"slow"))
            body = self._dice.randbytes(self._dice.choice((1, 200, 40_000)))
            head = b"POST /%s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % (path, len(body))
            writer.write(head + body)
            try:
                answer = await reader.readuntil(b"\r\n\r\n")
                whole = await reader.readexactly(len(body)) == body
            except (OSError, asyncio.IncompleteReadError):
                answer, whole = b"", False
            keep = whole and b"connection: close" not in answer
            self._count.answered += whole
            self._count.lost += not whole


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def one_round(folder: Path, trust: ssl.SSLContext, dice: Random, count: Count) -> tuple[float, int]:
    """Seconds from the signal until the process was gone, and its return code."""
    port = free_port()
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SERVER, str(folder), str(port), stdout=asyncio.subprocess.PIPE
    )
    assert server.stdout is not None
    assert await server.stdout.readline() == b"ready\n"
    clients = [asyncio.create_task(Client(port, trust, dice, count).run()) for _ in range(CLIENTS)]
    await asyncio.sleep(LOAD_SECONDS + dice.random() * 0.1)
    began = time.monotonic()
    server.send_signal(signal.SIGTERM)
    try:
        code = await asyncio.wait_for(server.wait(), 2 * GONE_SECONDS)
    except TimeoutError:
        server.kill()
        code = await server.wait()
    gone = time.monotonic() - began
    await asyncio.gather(*clients)
    return gone, code


@pytest.mark.gauntlet
async def test_sigterm_under_load_loses_no_request(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """G45."""
    files = ensure_development_certificates(tmp_path, clock=SystemClock())
    trust = ssl.create_default_context(cafile=str(files.ca))
    seed = SystemRandom().getrandbits(32)
    dice, count = Random(seed), Count()
    ends = [await one_round(tmp_path, trust, dice, count) for _ in range(ROUNDS)]
    slowest = max(gone for gone, _ in ends)
    with capsys.disabled():
        sys.stdout.write(
            f"\nG45: {ROUNDS} times SIGTERM, {count.answered} requests answered over {count.connections} connections,"
            f" {count.lost} lost, gone after {slowest:.2f} s at most (seed {seed})\n"
        )
    assert count.answered > ROUNDS * CLIENTS
    assert count.lost == 0
    assert slowest <= GONE_SECONDS
    assert {code for _, code in ends} == {0}
