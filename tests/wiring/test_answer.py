"""Answers on the wire: any ASGI application's events, as bytes that a client reads in one way only."""

import asyncio
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send

from airside.core.clock import SystemClock
from airside.transport import ensure_development_certificates, server_context
from airside.wiring import answer
from airside.wiring.server import serve
from tests.running import free_port

Ask = Callable[..., Awaitable[bytes]]
Serving = Callable[[ASGIApp], AbstractAsyncContextManager[Ask]]
CLOSING = "GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n"
LENGTH = (b"content-length", b"2")


@pytest.fixture
def serving(tmp_path: Path) -> Serving:
    files = ensure_development_certificates(tmp_path, clock=SystemClock())
    trust = ssl.create_default_context(cafile=str(files.ca))

    @asynccontextmanager
    async def start(app: ASGIApp) -> AsyncGenerator[Ask]:
        port, stop, ready = free_port(), asyncio.Event(), asyncio.Event()
        done = asyncio.create_task(
            serve(
                app,
                tls=server_context(files.certificate, files.key),
                host="127.0.0.1",
                port=port,
                public_host="localhost",
                on_ready=ready.set,
                stop=stop,
            )
        )
        await ready.wait()

        async def ask(request: str = CLOSING) -> bytes:
            reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trust, server_hostname="localhost")
            writer.write(request.encode())
            said = await reader.read()
            writer.close()
            return said

        try:
            yield ask
        finally:
            stop.set()
            await done

    return start


def saying(*messages: dict[str, Any]) -> ASGIApp:
    """An application that sends these events."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            while (await receive())["type"] != "lifespan.shutdown":
                await send({"type": "lifespan.startup.complete"})
            await send({"type": "lifespan.shutdown.complete"})
            return
        for message in messages:
            await send(dict(message))

    return app


def start(*headers: tuple[bytes, bytes], status: int = 200) -> dict[str, Any]:
    return {"type": "http.response.start", "status": status, "headers": headers}


def body(content: bytes, *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.response.body", "body": content, "more_body": more}


async def test_head_and_body_are_framed_by_the_length_that_was_said(serving: Serving) -> None:
    async with serving(saying(start((b"X-Word", b"a"), LENGTH), body(b"ok"))) as ask:
        for _ in range(2):  # rendered, then found again
            said = await ask()
            assert said.startswith(b"HTTP/1.1 200 OK\r\n")
            assert b"\r\nx-word: a\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok" in said


async def test_body_without_a_length_goes_in_chunks(serving: Serving) -> None:
    async with serving(saying(start(), body(b"one", more=True), body(b"", more=True), body(b"two"))) as ask:
        said = await ask()
    assert b"transfer-encoding: chunked\r\n" in said
    assert said.endswith(b"\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n")


async def test_head_request_and_204_have_no_body(serving: Serving) -> None:
    async with serving(saying(start(LENGTH), body(b"ok"))) as ask:
        assert (await ask(CLOSING.replace("GET", "HEAD"))).endswith(b"content-length: 2\r\nconnection: close\r\n\r\n")
    async with serving(saying(start(status=204), body(b""))) as ask:
        said = await ask()
    assert b"chunked" not in said
    assert said.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    "header",
    [
        (b"x-word", b"a\r\nset-cookie: b=c"),
        (b"x-word", b"a\nb"),
        (b"x-word", b"a\x00b"),
        (b"x word", b"a"),
        (b"x-word\r\nset-cookie", b"a"),
        (b"", b"a"),
    ],
)
async def test_header_that_would_start_another_line_never_leaves(serving: Serving, header: tuple[bytes, bytes]) -> None:
    """N29: response splitting."""
    async with serving(saying(start(header, LENGTH), body(b"ok"))) as ask:
        said = await ask()
    assert b"cookie" not in said
    assert b"200" not in said


@pytest.mark.parametrize(
    "messages",
    [
        (start(LENGTH), body(b"long")),
        (start(LENGTH), body(b"o")),
        (body(b"ok"),),
        (start(LENGTH), start(LENGTH)),
    ],
)
async def test_answer_that_contradicts_itself_is_never_whole(
    serving: Serving, messages: tuple[dict[str, Any], ...]
) -> None:
    async with serving(saying(*messages)) as ask:
        said = await ask()
    assert not said.startswith(b"HTTP/1.1 200")


async def test_lines_that_always_differ_hold_no_memory(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answer, "MAX_LINES", 8)
    asked = iter(range(100))

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await saying(start((b"x-word", b"%d" % next(asked)), LENGTH), body(b"ok"))(scope, receive, send)

    async with serving(app) as ask:
        for _ in range(20):
            assert b"ok" in await ask()
    assert len(answer._lines) <= 8  # pyright: ignore[reportPrivateUsage]  # nothing else tells of the memory
