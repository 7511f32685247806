"""Requests that an application knows the answer to at once: whole, in pieces, one behind the other, at the end."""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from starlette.types import Receive, Scope, Send

from airside.core.clock import SystemClock
from airside.shield import Policy, Reply, Shield
from airside.shield.passage import Scope as Seen
from airside.transport import ensure_development_certificates, server_context
from airside.wiring.connection import HOLD_SECONDS
from airside.wiring.server import serve
from tests.running import free_port

HEAD = "POST /quick HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n{}\r\n"
SLOW = HEAD.replace("/quick", "/slow")
LAST = "connection: close\r\n"
LATE = HOLD_SECONDS * 20


class Quick:
    """Knows the answer to `/quick`, unless it is asked to fail or to pass."""

    def takes(self, scope: Seen) -> bool:
        return str(scope["path"]) == "/quick"

    def answer(self, scope: Seen, body: bytes) -> Reply | None:
        if body == b"fail":
            raise RuntimeError("what nobody expects")
        said = b"at once " + body
        return None if body == b"pass" else Reply([(b"content-length", str(len(said)).encode())], said)


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Says that it was asked, and what."""
    if scope["type"] == "lifespan":
        for event in ("startup", "shutdown"):
            assert (await receive())["type"] == f"lifespan.{event}"
            await send({"type": f"lifespan.{event}.complete"})
        return
    body, more = b"", True
    while more:
        event = await receive()
        body += event.get("body", b"")
        more = event.get("more_body", False)
    said = b"asked " + body
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(said))]})
    await send({"type": "http.response.body", "body": said})


@dataclass(frozen=True)
class Server:
    port: int
    trust: ssl.SSLContext
    stop: asyncio.Event

    async def say(self, *pieces: str, pause: float = 0.0) -> bytes:
        """What comes back until the server closes."""
        reader, writer = await self.connect()
        for piece in pieces:
            writer.write(piece.encode())
            await asyncio.sleep(pause)
        async with asyncio.timeout(5):
            heard = await reader.read()
        writer.close()
        return heard

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port, ssl=self.trust, server_hostname="localhost")


Run = Callable[[], AbstractAsyncContextManager[Server]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    files = ensure_development_certificates(tmp_path, clock=SystemClock())
    trust = ssl.create_default_context(cafile=str(files.ca))

    @asynccontextmanager
    async def start() -> AsyncGenerator[Server]:
        port, stop, ready = free_port(), asyncio.Event(), asyncio.Event()
        app = Shield(application, Policy(allowed_hosts=frozenset({"localhost"})), prompt=Quick())
        tls = server_context(files.certificate, files.key)
        done = asyncio.create_task(
            serve(app, tls=tls, host="127.0.0.1", port=port, public_host="localhost", on_ready=ready.set, stop=stop)
        )
        await ready.wait()
        try:
            yield Server(port, trust, stop)
        finally:
            stop.set()
            await done

    return start


def bodies(heard: bytes) -> list[bytes]:
    """What was said, in order."""
    return [part.partition(b"HTTP/1.1")[0] for part in heard.split(b"\r\n\r\n")[1:]]


async def test_whole_request_is_answered_at_once_with_shields_marks(run: Run) -> None:
    async with run() as server:
        heard = await server.say(HEAD.format(1, LAST) + "a")
    assert bodies(heard) == [b"at once a"]
    for line in (b"HTTP/1.1 200 OK\r\n", b"\r\ncache-control: no-store\r\n", b"\r\nx-request-id: req_", b"\r\ndate: "):
        assert line in heard
    assert b"\r\nconnection: close\r\n" in heard


@pytest.mark.parametrize("word", ["pass", "fail"])
async def test_what_is_not_known_at_once_the_application_is_asked(run: Run, word: str) -> None:
    async with run() as server:
        assert bodies(await server.say(HEAD.format(4, LAST) + word)) == [b"asked " + word.encode()]


async def test_body_right_behind_its_head_is_waited_for_and_a_late_one_is_not(run: Run) -> None:
    async with run() as server:
        # This process is both sides: where it stands still between the two, the body is late for the server too.
        tries = [bodies(await server.say(HEAD.format(3, LAST), "abc")) for _ in range(10)]
        assert [b"at once abc"] in tries
        for pieces in (["", "abc"], ["a", "b", "c"]):
            heard = bodies(await server.say(HEAD.format(3, LAST) + pieces[0], *pieces[1:], pause=LATE))
            assert heard == [b"asked abc"]


@pytest.mark.parametrize("lines", ["cookie: a=b\r\n", "accept: a\r\naccept: b\r\n", "expect: 100-continue\r\n"])
async def test_request_that_needs_care_is_asked_of_the_application(run: Run, lines: str) -> None:
    async with run() as server:
        heard = await server.say(HEAD.format(1, lines + "origin: https://localhost\r\n" + LAST) + "a")
    assert heard.endswith(b"asked a")


async def test_body_of_untold_length_is_asked_of_the_application(run: Run) -> None:
    async with run() as server:
        chunked = HEAD.replace("content-length: {}", "transfer-encoding: chunked").format(LAST)
        assert bodies(await server.say(chunked + "1\r\na\r\n0\r\n\r\n")) == [b"asked a"]


async def test_requests_in_one_piece_are_answered_in_order(run: Run) -> None:
    """One at once, the others in turn with everybody else's."""
    quick, slow = HEAD.format(1, ""), SLOW.format(1, "")
    async with run() as server:
        heard = await server.say(quick + "1" + quick + "2" + slow + "3" + quick + "4" + HEAD.format(1, LAST) + "5")
        assert bodies(heard) == [b"at once 1", b"asked 2", b"asked 3", b"asked 4", b"asked 5"]
        heard = await server.say(slow + "1" + quick + "2", HEAD.format(1, LAST) + "3")
        assert bodies(heard)[:2] == [b"asked 1", b"asked 2"]
        assert bodies(heard)[2] in (b"asked 3", b"at once 3")


async def test_what_follows_a_last_request_is_never_answered(run: Run) -> None:
    async with run() as server:
        heard = await server.say(HEAD.format(1, LAST) + "a" + SLOW.format(1, "") + "b")
    assert bodies(heard) == [b"at once a"]


async def test_old_client_is_answered_and_let_go(run: Run) -> None:
    async with run() as server:
        heard = await server.say(HEAD.replace("1.1", "1.0").format(1, "") + "a")
    assert bodies(heard) == [b"at once a"]


async def test_client_that_left_is_not_answered(run: Run) -> None:
    async with run() as server:
        for pieces in ([HEAD.format(1, "") + "a"], [HEAD.format(2, "") + "a"], [HEAD.format(2, "")]):
            _, writer = await server.connect()
            for piece in pieces:
                writer.write(piece.encode())
            writer.transport.abort()
        assert bodies(await server.say(HEAD.format(1, LAST) + "a")) == [b"at once a"]


async def test_malformed_rest_of_a_request_is_refused(run: Run) -> None:
    async with run() as server:
        chunked = HEAD.replace("content-length: {}", "transfer-encoding: chunked").format("")
        heard = await server.say(chunked + "x\r\n")
    assert heard.startswith(b"HTTP/1.1 400 ")


async def test_one_connection_lasts_for_many_and_ends_with_the_server(run: Run) -> None:
    """G45: the last request on an idle connection, just after the signal, is still answered."""
    async with run() as server:
        reader, writer = await server.connect()
        answers: list[bytes] = []
        for count in range(50):
            writer.write((HEAD.format(1, "") + "a").encode())
            answers.append(await reader.readuntil(b"at once a"))
            if count == 48:
                server.stop.set()
                await asyncio.sleep(0.1)
        assert await reader.read() == b""
        writer.close()
    assert [b"\r\nconnection: close\r\n" in answer for answer in answers] == [False] * 49 + [True]
