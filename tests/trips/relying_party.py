"""Applications that are told of logouts: a real HTTPS server, and a provider that may reach it.

The provider has a database of its own, for every other server of the tests would take its outbox for theirs.
"""

import asyncio
import os
import ssl
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.store.migrate import migrate, role_of
from airside.transport import ensure_development_certificates, server_context
from airside.vault.kms.local import LocalKek
from tests.makers import MakeDatabase
from tests.running import HOST, Place, Running, free_port, running

SOON = 10.0


@dataclass
class Receiver:
    """Answers each path with the statuses that it is told, the last one for ever (200 if none); keeps what came."""

    port: int
    statuses: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    heard: list[tuple[str, bytes, bytes]] = field(default_factory=list[tuple[str, bytes, bytes]])
    answered: list[str] = field(default_factory=list[str])
    """To each of `heard`."""
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"https://{HOST}:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
                body = await reader.readexactly(int(length[0].split(b":")[1])) if length else b""
                path = head.split(b" ")[1].decode()
                self.heard.append((path, head, body))
                self._news.set()
                left = self.statuses.get(path, ["200 OK"])
                status = left.pop(0) if len(left) > 1 else left[0]
                self.answered.append(status)
                more = "Location: /elsewhere\r\n" if status.startswith("3") else ""
                length = 0 if status.startswith("204") else 2
                told = "" if status.startswith("204") else f"Content-Length: {length}\r\n"
                writer.write(f"HTTP/1.1 {status}\r\n{told}{more}\r\n".encode() + b"ok"[:length])
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, ssl.SSLError):
            pass
        finally:
            writer.close()

    def tokens(self, path: str) -> list[str]:
        """The logout tokens that came to `path`."""
        return [parse_qs(body.decode())["logout_token"][0] for at, _, body in self.heard if at == path]

    async def token(self, path: str, count: int = 1) -> str:
        """The logout token that comes to `path` as its `count`th."""
        async with asyncio.timeout(SOON):
            while len(self.tokens(path)) < count:
                self._news.clear()
                await self._news.wait()
        return self.tokens(path)[count - 1]


@asynccontextmanager
async def receiving(folder: Path, port: int, clock: Clock) -> AsyncGenerator[Receiver]:
    """A receiver on `port`, with the certificate of development."""
    certificates = ensure_development_certificates(folder, clock=clock)
    receiver = Receiver(port)
    tls = server_context(certificates.certificate, certificates.key)
    listener = await asyncio.start_server(receiver.serve, HOST, port, ssl=tls)
    try:
        yield receiver
    finally:
        listener.close()


@dataclass(frozen=True)
class Parties:
    """A provider and those who rely on it."""

    server: Running
    receiver: Receiver

    async def place(self) -> Place:
        """A tenant of its own."""
        return await self.server.tenant()


@pytest.fixture(scope="module")
async def parties(
    blank_database: MakeDatabase,
    tmp_path_factory: pytest.TempPathFactory,
    kek: LocalKek,
    clock: Clock,
    entropy: Entropy,
) -> AsyncIterator[Parties]:
    """Both trust the same development authority, as a company's own machines do: by the system's setting."""
    folder, port = tmp_path_factory.mktemp("certificates"), free_port()
    ca = ensure_development_certificates(folder, clock=clock).ca
    before, os.environ["SSL_CERT_FILE"] = os.environ.get("SSL_CERT_FILE"), str(ca)
    try:
        async with blank_database() as database:
            await migrate(database.owner, role_of(database.app))
            allowed = (f"{HOST}:{port}",)
            async with (
                receiving(folder, port, clock) as receiver,
                running(
                    database.app, folder, kek=kek, clock=clock, entropy=entropy, fetch_exceptions=allowed
                ) as started,
            ):
                yield Parties(started, receiver)
    finally:
        del os.environ["SSL_CERT_FILE"]
        if before is not None:
            os.environ["SSL_CERT_FILE"] = before


@pytest.fixture
async def house(parties: Parties) -> Place:
    """A tenant of the provider that may reach the receiver."""
    return await parties.place()
