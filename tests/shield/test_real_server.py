"""Shield in front of real frameworks on a real server: what the pieces in between must not undo."""

import asyncio
import json
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI, Request
from starlette.applications import Starlette
from starlette.requests import Request as StarletteRequest
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from airside.shield import Policy, Shield

Ask = Callable[[int, bytes], Awaitable[tuple[int, dict[str, str], bytes]]]


async def _fail(_request: StarletteRequest) -> PlainTextResponse:
    raise RuntimeError("password=canary-7f3a9c")


async def _length(request: StarletteRequest) -> PlainTextResponse:
    return PlainTextResponse(str(len(await request.body())))


def _fastapi() -> FastAPI:
    app = FastAPI(debug=True)

    @app.get("/fail")
    async def fail() -> None:  # pyright: ignore[reportUnusedFunction]  # its decorator uses it
        raise RuntimeError("password=canary-7f3a9c")

    @app.post("/length")
    async def length(request: Request) -> int:  # pyright: ignore[reportUnusedFunction]
        return len(await request.json())

    return app


APPS = {
    "starlette": Starlette(debug=True, routes=[Route("/fail", _fail), Route("/length", _length, methods=["POST"])]),
    "fastapi": _fastapi(),
}


@pytest.fixture(scope="module", params=sorted(APPS))
async def port(request: pytest.FixtureRequest) -> AsyncIterator[int]:
    shield = Shield(APPS[request.param], Policy(allowed_hosts=frozenset({"localhost"}), https_redirect=False))
    config = uvicorn.Config(shield, log_level="critical", lifespan="off", server_header=False)
    server = uvicorn.Server(config)
    listener = socket.create_server(("127.0.0.1", 0))
    task = asyncio.create_task(server.serve([listener]))
    while not server.started:  # noqa: ASYNC110 - uvicorn offers a flag, not an event
        await asyncio.sleep(0.01)
    yield listener.getsockname()[1]
    server.should_exit = True
    await task


async def _ask(port: int, request: bytes) -> tuple[int, dict[str, str], bytes]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    head, _, body = (await asyncio.wait_for(reader.read(), 5)).partition(b"\r\n\r\n")
    writer.close()
    lines = head.decode().split("\r\n")
    headers: dict[str, Any] = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines[1:])}
    return int(lines[0].split(" ")[1]), headers, body


def _post(*headers: str, body: bytes = b"") -> bytes:
    lines = ["POST /length HTTP/1.1", "Host: localhost", "Connection: close", *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def test_a_debug_page_never_leaves(port: int) -> None:
    """N37: the framework wrote its traceback and raised on; the visitor reads a problem."""
    request = b"GET /fail HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    status, headers, body = await _ask(port, request)
    assert (status, headers["content-type"]) == (500, "application/problem+json")
    assert json.loads(body)["code"] == "internal"
    assert json.loads(body)["request_id"] == headers["x-request-id"]
    assert b"canary" not in body


async def test_a_chunked_body_over_the_cap_is_413(port: int) -> None:
    chunk = b"4000\r\n" + b"1" * 0x4000 + b"\r\n"
    status, headers, body = await _ask(port, _post("Transfer-Encoding: chunked", body=chunk * 5 + b"0\r\n\r\n"))
    assert (status, headers["content-type"]) == (413, "application/problem+json")
    assert json.loads(body)["code"] == "too_large"


async def test_a_body_within_the_cap_arrives(port: int) -> None:
    status, headers, body = await _ask(port, _post("Content-Length: 2", body=b"[]"))
    assert (status, body) in ((200, b"2"), (200, b"0"))
    assert headers["x-frame-options"] == "DENY"


async def test_client_that_goes_away_before_its_body_came_is_nobodys_fault(
    port: int, caplog: pytest.LogCaptureFixture
) -> None:
    """One line with the request's id; no description of an error, as there is none."""
    with caplog.at_level(logging.INFO, "airside.shield"):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(_post("Content-Length: 9", body=b"[1"))
        await writer.drain()
        writer.close()
        async with asyncio.timeout(5):
            while not caplog.records:  # noqa: ASYNC110 - a line of a log is no event
                await asyncio.sleep(0.01)
    assert [record.levelname for record in caplog.records if record.name == "airside.shield"] == ["INFO"]
    assert "the client went away: request req_" in caplog.text


async def test_a_strange_host_meets_421(port: int) -> None:
    status, _, _ = await _ask(port, b"GET /length HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n")
    assert status == 421
