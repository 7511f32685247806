"""Listeners over real sockets: TLS, bounds, the redirect, and the end."""

import asyncio
import socket
import ssl
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from airside.core.clock import SystemClock
from airside.core.errors import Misconfigured
from airside.transport import ensure_development_certificates, server_context
from airside.wiring import connection
from airside.wiring.server import bind, redirect_to, serve

Connect = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


@dataclass(frozen=True)
class Running:
    """A server, and the ways to it."""

    stop: asyncio.Event
    done: asyncio.Task[None]
    connect: Connect
    plain: Connect
    order: list[str]


Run = Callable[..., AbstractAsyncContextManager[Running]]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def slow(_request: Request) -> Response:
    await asyncio.sleep(0.3)
    return PlainTextResponse("slow")


async def echo(request: Request) -> Response:
    return PlainTextResponse(await request.body())


async def stream(_request: Request) -> Response:
    async def parts() -> AsyncGenerator[bytes]:
        for _ in range(3):
            yield b"part"
            await asyncio.sleep(0.1)

    return StreamingResponse(parts())


async def headers(request: Request) -> Response:
    return PlainTextResponse(",".join(sorted(request.headers)))


@pytest.fixture
def run(tmp_path: Path) -> Run:
    files = ensure_development_certificates(tmp_path, clock=SystemClock())
    trust = ssl.create_default_context(cafile=str(files.ca))

    @asynccontextmanager
    async def start(app: ASGIApp | None = None) -> AsyncGenerator[Running]:
        port, redirect_port = free_port(), free_port()
        stop, ready, order = asyncio.Event(), asyncio.Event(), list[str]()

        @asynccontextmanager
        async def lifespan(_app: Starlette) -> AsyncGenerator[None]:
            order.append("up")
            yield
            order.append("down")

        routes = [
            Route("/slow", slow),
            Route("/echo", echo, methods=["POST"]),
            Route("/stream", stream),
            Route("/headers", headers, methods=["POST"]),
        ]
        done = asyncio.create_task(
            serve(
                app or Starlette(routes=routes, lifespan=lifespan),
                tls=server_context(files.certificate, files.key),
                host="127.0.0.1",
                port=port,
                redirect_port=redirect_port,
                public_host="id.example.com",
                on_ready=ready.set,
                on_drain=lambda: order.append("draining"),
                stop=stop,
            )
        )
        await asyncio.wait((done, asyncio.ensure_future(ready.wait())), return_when=asyncio.FIRST_COMPLETED)
        if not done.done():
            yield Running(
                stop,
                done,
                lambda: asyncio.open_connection("localhost", port, ssl=trust),
                lambda: asyncio.open_connection("127.0.0.1", redirect_port),
                order,
            )
        stop.set()
        ready.set()
        await done

    return start


async def ask(connect: Connect, request: bytes) -> bytes:
    """Everything that comes back until the server closes."""
    reader, writer = await connect()
    writer.write(request)
    answer = await reader.read()
    await close(writer)
    return answer


async def close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()


async def response(reader: asyncio.StreamReader) -> bytes:
    """One response with a content-length."""
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
    return head + await reader.readexactly(length)


async def test_request_over_tls_is_answered_without_naming_the_server(run: Run) -> None:
    async with run() as server:
        answer = await ask(server.connect, b"GET /slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert body == b"slow"
    assert b"\r\ndate: " in head
    assert b"server:" not in head


async def test_plain_http_on_the_tls_port_gets_nothing(run: Run) -> None:
    async with run() as server:
        _, peer = await server.connect()
        port = peer.get_extra_info("peername")[1]
        assert not (
            await ask(lambda: asyncio.open_connection("127.0.0.1", port), b"GET / HTTP/1.1\r\n\r\n")
        ).startswith(b"HTTP")
        await close(peer)


@pytest.mark.parametrize("method", [b"GET", b"HEAD"])
async def test_plain_http_is_redirected_to_the_public_host_whatever_host_is_named(run: Run, method: bytes) -> None:
    """N10, N31: the client's Host and forwarded headers decide nothing."""
    async with run() as server:
        answer = await ask(
            server.plain,
            method + b" /a/b%20c?d=e HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: evil.example\r\n\r\n",
        )
    assert answer.startswith(b"HTTP/1.1 308 ")
    assert b"\r\nlocation: https://id.example.com/a/b%20c?d=e\r\n" in answer
    assert b"evil" not in answer


@pytest.mark.parametrize(
    "target",
    [b"//evil.example/x", b"http://evil.example/x", b"/\\evil.example", b"/@evil.example", b"/%0d%0aSet-Cookie:a"],
)
async def test_no_request_target_leads_elsewhere(run: Run, target: bytes) -> None:
    """N10."""
    async with run() as server:
        answer = await ask(server.plain, b"GET " + target + b" HTTP/1.1\r\nHost: x\r\n\r\n")
    assert b"\r\nlocation: https://id.example.com/" in answer
    assert b"set-cookie:" not in answer.lower().replace(b"%0d%0aset-cookie", b"")


@pytest.mark.parametrize("method", [b"POST", b"PUT", b"DELETE", b"OPTIONS", b"PATCH"])
async def test_plain_http_with_another_method_is_refused_without_reading_its_body(run: Run, method: bytes) -> None:
    async with run() as server:
        answer = await ask(server.plain, method + b" /token HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"location" not in answer


@pytest.mark.parametrize("host", ["", "a/b", "a\r\nb", "user@a", "a b", "https://a", "a:b", "é.example"])
def test_public_host_that_is_no_host_is_refused(host: str) -> None:
    with pytest.raises(Misconfigured):
        redirect_to(host)


async def test_taken_port_is_refused_by_name() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(Misconfigured) as refusal:
            bind("127.0.0.1", taken.getsockname()[1])
    assert refusal.value.setting == "AIRSIDE_PORT"


def test_two_processes_can_share_a_port_when_asked() -> None:
    port = free_port()
    one, other = bind("127.0.0.1", port, reuse_port=True), bind("127.0.0.1", port, reuse_port=True)
    for each in (*one, *other):
        each.listen()
        each.close()


async def test_failed_start_of_the_application_is_raised_as_it_is(run: Run) -> None:
    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncGenerator[None]:
        raise Misconfigured("AIRSIDE_X", "no")
        yield

    with pytest.raises(Misconfigured, match="AIRSIDE_X"):
        async with run(Starlette(lifespan=lifespan)):
            pass


async def test_head_over_its_cap_is_refused(run: Run) -> None:
    big = b"GET / HTTP/1.1\r\nHost: x\r\nX: " + b"a" * connection.MAX_HEAD_BYTES + b"\r\n\r\n"
    async with run() as server:
        assert (await ask(server.connect, big)).startswith(b"HTTP/1.1 431 ")


async def test_head_that_never_ends_is_refused_at_its_cap(run: Run) -> None:
    async with run() as server:
        reader, writer = await server.connect()
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nX: ")
        for _ in range(40):
            writer.write(b"a" * 1024)
            await asyncio.sleep(0.001)
        assert (await reader.read()).startswith(b"HTTP/1.1 431 ")
        await close(writer)


async def test_body_larger_than_a_head_may_be_is_no_head(run: Run) -> None:
    body = b"b" * (3 * connection.MAX_HEAD_BYTES)
    async with run() as server:
        reader, writer = await server.connect()
        for _ in range(3):
            writer.write(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            assert (await response(reader)).endswith(b"\r\n\r\n" + body)
        await close(writer)


async def test_trailer_does_not_become_a_header(run: Run) -> None:
    request = (
        b"POST /headers HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
        b"1\r\na\r\n0\r\nX-Late: 1\r\n\r\n"
    )
    async with run() as server:
        answer = await ask(server.connect, request)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"x-late" not in answer


async def test_request_in_flight_is_answered_with_a_farewell_before_the_server_ends(run: Run) -> None:
    async with run() as server:
        asking = asyncio.create_task(ask(server.connect, b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n"))
        await asyncio.sleep(0.15)
        server.stop.set()
        answer = await asking
        await server.done
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert answer.endswith(b"slow")
    assert b"\r\nconnection: close\r\n" in answer
    assert server.order == ["up", "draining", "down"]


async def test_streamed_answer_is_finished_before_the_server_ends(run: Run) -> None:
    async with run() as server:
        asking = asyncio.create_task(ask(server.connect, b"GET /stream HTTP/1.1\r\nHost: x\r\n\r\n"))
        await asyncio.sleep(0.15)
        server.stop.set()
        assert (await asking).count(b"part") == 3


async def test_request_on_an_idle_connection_just_after_the_signal_is_still_answered(run: Run) -> None:
    """The classic loss: the server closes the connection under a request that is on its way."""
    async with run() as server:
        reader, writer = await server.connect()
        answers: list[bytes] = []
        for _ in range(2):
            writer.write(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na")
            answers.append(await response(reader))
            server.stop.set()
            await asyncio.sleep(0.1)
        await close(writer)
    assert [b"\r\nconnection: close\r\n" in answer for answer in answers] == [False, True]


async def test_connection_that_has_not_asked_anything_yet_is_still_answered(run: Run) -> None:
    async with run() as server:
        reader, writer = await server.connect()
        server.stop.set()
        await asyncio.sleep(0.2)
        writer.write(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na")
        assert (await response(reader)).endswith(b"a")
        await close(writer)


async def test_half_sent_head_is_awaited_at_the_end(run: Run) -> None:
    async with run() as server:
        reader, writer = await server.connect()
        writer.write(b"POST /echo HTTP/1.1\r\nHost: x\r\n")
        await asyncio.sleep(0.05)
        server.stop.set()
        await asyncio.sleep(1.3)
        writer.write(b"Content-Length: 1\r\n\r\na")
        assert (await response(reader)).endswith(b"a")
        await close(writer)


async def test_idle_connections_do_not_hold_the_end_up(run: Run) -> None:
    async with run() as server:
        _, writer = await server.connect()
        began = time.monotonic()
        server.stop.set()
        await server.done
        assert time.monotonic() - began < 4
        await close(writer)


async def test_new_connection_after_the_end_is_refused(run: Run) -> None:
    async with run() as server:
        server.stop.set()
        await server.done
        with pytest.raises(ConnectionRefusedError):
            await server.connect()
