"""Servers for what goes out: canaries inside, which nothing may ever reach, and one outside that is allowed and means
no good."""

import asyncio
import gzip
import socket
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

GIGABYTE = 1024 * 1024 * 1024
INSIDE = ("127.0.0.1", "127.255.255.254", "::1")
BLOCK = b"x" * 65536
PACKED = gzip.compress(bytes(64 * 1024 * 1024))


@dataclass
class Canary:
    """What listens inside, at one port of several addresses; whoever connects has gone where they mustn't."""

    port: int = 0
    visits: int = 0

    async def serve(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.visits += 1
        writer.close()


@dataclass
class Outside:
    """Answers as its address says: `/to?URL` redirects there; `/huge`, `/slow`, `/packed`, `/headers` and `/silent`
    are what a hostile server answers."""

    port: int = 0
    visits: int = 0
    sent: int = 0
    over: asyncio.Event = field(default_factory=asyncio.Event)
    open: set[asyncio.StreamWriter] = field(default_factory=set[asyncio.StreamWriter])

    @property
    def place(self) -> str:
        return f"127.0.0.1:{self.port}"

    def url(self, path: str) -> str:
        return f"http://{self.place}{path}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.visits += 1
        self.open.add(writer)
        with suppress(asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError, UnicodeError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            target = urlsplit(head.split(" ")[1])
            kind = target.path.strip("/").partition("/")[0]
            await self._answer(kind, parse_qs(target.query).get("to", [""])[0], writer)
        self.open.discard(writer)
        writer.close()

    async def _answer(self, kind: str, to: str, writer: asyncio.StreamWriter) -> None:
        match kind:
            case "to":
                await self._send(writer, f"HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n".encode())
            case "huge":
                await self._send(writer, f"HTTP/1.1 200 OK\r\nContent-Length: {GIGABYTE}\r\n\r\n".encode())
                while True:
                    await self._send(writer, BLOCK)
            case "endless":
                await self._send(writer, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                while True:
                    await self._send(writer, b"10000\r\n" + BLOCK + b"\r\n")
            case "slow":
                await self._send(writer, b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
                while not self.over.is_set():
                    await asyncio.sleep(0.2)
                    await self._send(writer, b" ")
            case "packed":
                head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(PACKED)}\r\n\r\n"
                await self._send(writer, head.encode() + PACKED)
            case "headers":
                await self._send(writer, b"HTTP/1.1 200 OK\r\n")
                for number in range(100_000):
                    await self._send(writer, f"X-{number}: {'x' * 1000}\r\n".encode())
            case "token":
                body = b'{"access_token":"at","token_type":"Bearer"}'
                head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
                await self._send(writer, head.encode() + body)
            case "silent":
                await self.over.wait()
            case _:
                await self._send(writer, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    async def _send(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        writer.write(data)
        await writer.drain()
        self.sent += len(data)


@asynccontextmanager
async def canary() -> AsyncGenerator[Canary]:
    """It listens until the context ends."""
    made = Canary()
    listening = [await asyncio.start_server(made.serve, INSIDE[0], 0)]
    made.port = listening[0].sockets[0].getsockname()[1]
    listening += [await asyncio.start_server(made.serve, host, made.port) for host in INSIDE[1:]]
    try:
        yield made
    finally:
        for each in listening:
            each.close()


@asynccontextmanager
async def outside() -> AsyncGenerator[Outside]:
    made = Outside()
    listening = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = listening.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        made.over.set()
        listening.close()
        for writer in made.open:
            writer.close()
        await asyncio.sleep(0.3)


class Names:
    """Stands where the system asks for addresses: what a hostile name server says of its names, each time the next of
    its answers, the last for good. Every other name is the system's."""

    def __init__(self, ask: Callable[..., Sequence[object]], answers: dict[str, list[list[str]]]) -> None:
        self._ask = ask
        self._answers = answers
        self.asked: Counter[str] = Counter()

    def turn(self, name: str, answers: list[list[str]]) -> None:
        """What is said of `name` from now on, from the first."""
        self._answers[name] = answers
        self.asked[name] = 0

    def __call__(self, host: object, port: object, *rest: object, **more: object) -> Sequence[object]:
        name = host.decode() if isinstance(host, bytes) else str(host)
        lists = self._answers.get(name)
        if lists is None:
            return self._ask(host, port, *rest, **more)
        said = lists[min(self.asked[name], len(lists) - 1)]
        self.asked[name] += 1
        return [
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", (address, port, 0, 0))
            if ":" in address
            else (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
            for address in said
        ]
