"""Deadlines of a connection, on a loop whose clock runs twenty times faster; see `test_server.py` for the rest."""

import asyncio
import selectors
import socket
import ssl
from collections.abc import Awaitable, Callable

import pytest
from starlette.types import Receive, Scope, Send

from airside.wiring import connection
from airside.wiring.server import KEEP_ALIVE_SECONDS, serve

SPEED = 20.0
Client = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class FastSelector(selectors.DefaultSelector):
    """Waits a twentieth of what it is told."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        return super().select(timeout / SPEED if timeout else timeout)


class FastLoop(asyncio.SelectorEventLoop):
    """A loop on which twenty seconds pass in one."""

    def __init__(self) -> None:
        super().__init__(FastSelector())

    def time(self) -> float:
        return super().time() * SPEED


async def no_app(scope: Scope, receive: Receive, send: Send) -> None:
    """Only its lifespan is lived: the tests talk to the plain listener, which has the same connections."""
    for event in ("startup", "shutdown"):
        assert (await receive())["type"] == f"lifespan.{event}"
        await send({"type": f"lifespan.{event}.complete"})


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def seconds_until_closed(talk: Client) -> float:
    """How long the server keeps a connection on which the client does `talk`."""

    async def measure() -> float:
        stop, ready, port = asyncio.Event(), asyncio.Event(), free_port()
        serving = asyncio.create_task(
            serve(
                no_app,
                tls=ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER),
                host="127.0.0.1",
                port=free_port(),
                redirect_port=port,
                public_host="localhost",
                on_ready=ready.set,
                stop=stop,
            )
        )
        await ready.wait()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        loop = asyncio.get_running_loop()
        began = loop.time()
        talking = asyncio.ensure_future(talk(reader, writer))
        try:
            while await reader.read(1024):
                pass
        except ConnectionError:
            pass
        took = loop.time() - began
        talking.cancel()
        writer.close()
        stop.set()
        await serving
        return took

    with asyncio.Runner(loop_factory=FastLoop) as runner:
        return runner.run(measure())


async def say_nothing(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    pass


async def dribble_a_head(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"GET / HTTP/1.1\r\nX: ")
    while True:
        writer.write(b"a")
        await asyncio.sleep(1)


async def dribble_empty_lines(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b"\r\n")
        await asyncio.sleep(1)


@pytest.mark.parametrize("talk", [say_nothing, dribble_a_head, dribble_empty_lines])
def test_client_that_sends_no_whole_head_is_cut_off(talk: Client) -> None:
    assert connection.HEAD_SECONDS - 1 < seconds_until_closed(talk) < connection.HEAD_SECONDS + 10


def test_keep_alive_outlasts_the_minute_that_proxies_keep_a_connection() -> None:
    assert KEEP_ALIVE_SECONDS > 60
