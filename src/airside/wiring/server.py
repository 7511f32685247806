"""Listeners: HTTPS for the application, plain HTTP that only points to it, and a shutdown that loses nothing.

One process, one loop. uvicorn's protocol speaks HTTP (`connection.py`); sockets, TLS handshakes, signals and the
end are ours, so that a handshake under way when the signal comes is still served.
"""

import asyncio
import contextlib
import errno
import gc
import re
import resource
import signal
import socket
import ssl
from collections.abc import Callable, Coroutine, Generator, Sequence
from email.utils import formatdate
from typing import Any, Final, TypeVar

import uvloop
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn import Config

from airside.core.clock import Clock, SystemClock
from airside.core.errors import Misconfigured
from airside.wiring.connection import Connection, State
from airside.wiring.internal import Internal
from airside.wiring.lifespan import Lifespan
from airside.wiring.requests import Requests

MAX_CONNECTIONS: Final = 20_000
BACKLOG: Final = 2_048
HANDSHAKE_SECONDS: Final = 10.0
KEEP_ALIVE_SECONDS: Final = 75  # longer than what proxies keep idle, so that they close first
IDLE_SECONDS: Final = 1.0  # how long a draining connection may be silent before it is closed
DRAIN_SECONDS: Final = 7.0  # for requests in flight; with the application's own end, gone in 10
LIFESPAN_SECONDS: Final = 2.5
_CLOSE_SECONDS: Final = 1.0
_TICK: Final = 0.02
_ACCEPTS: Final = 64
_HOST: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252}))(:[0-9]{1,5})?")

T = TypeVar("T")
Tls = ssl.SSLContext | Callable[[], ssl.SSLContext]


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run `main` to its end on uvloop, in the main thread."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main)


async def serve(
    app: ASGIApp,
    *,
    tls: Tls,
    host: str,
    port: int,
    public_host: str,
    redirect_port: int | None = None,
    mutual: tuple[Tls, int] | None = None,
    on_ready: Callable[[], None] = lambda: None,
    on_drain: Callable[[], None] = lambda: None,
    reuse_port: bool = False,
    stop: asyncio.Event | None = None,
    clock: Clock | None = None,
    requests: Requests | None = None,
    internal: Internal | None = None,
) -> None:
    """Serve `app` until SIGTERM, SIGINT or `stop`; then finish what is in flight and return within 10 s.

    `tls` may be a function, asked at each connection, so that a renewed certificate needs no restart.
    `public_host`: the host (and port) that plain HTTP on `redirect_port` is sent to, whatever a client names.
    `mutual` is the TLS and the port of a second listener, which demands clients' certificates.
    `requests` hears of every answer; `internal` is a listener for whoever runs the machine, with connections of its
    own, so that it answers when the others are full. `on_ready` runs once the listeners are open, `on_drain` once
    before they close. `reuse_port` lets several processes listen on one port. A second signal ends at once. Signals
    are left alone where `stop` is given; where it isn't, this runs in the main thread.

    Raises:
        Misconfigured: an address can't be listened on, or `public_host` is no host.
        Exception: whatever the application's start-up raises.
    """
    redirect = redirect_to(public_host)
    with contextlib.ExitStack() as stack:
        sockets = _bind_for(stack, host, port, "AIRSIDE_PORT", reuse_port)
        plain: list[socket.socket] = []
        if redirect_port is not None:
            plain = _bind_for(stack, host, redirect_port, "AIRSIDE_REDIRECT_PORT", reuse_port)
        asking: list[socket.socket] = []
        if mutual is not None:
            asking = _bind_for(stack, host, mutual[1], "AIRSIDE_MUTUAL_TLS_PORT", reuse_port)
        inside: list[socket.socket] = []
        if internal is not None:
            inside = _bind_for(stack, internal.host, internal.port, "AIRSIDE_METRICS_PORT", False)
        _raise_file_limit()
        forced = asyncio.Event()
        if stop is None:
            stop = asyncio.Event()
            stack.enter_context(_signals(stop, forced))
        lifespan = Lifespan(app)
        await lifespan.startup()
        state, apart = State(requests), State()
        dating = asyncio.create_task(_keep_date(state, clock or SystemClock()))
        listeners = [
            Listener(sockets, app, lifespan, state, tls),
            Listener(asking, app, lifespan, state, mutual[0] if mutual is not None else None),
            Listener(plain, redirect, None, state, None),
        ]
        telling = Listener(inside, redirect if internal is None else internal.app, None, apart, None)
        try:
            for listener in (*listeners, telling):
                listener.open()
            # What start-up made stays; without this every full collection would walk it again, under requests.
            gc.collect()
            gc.freeze()
            on_ready()
            await stop.wait()
            on_drain()
        finally:
            await _drain(listeners, state, forced)
            telling.close()
            for connection in _connections(apart):
                connection.abort()
            dating.cancel()
            await _end(lifespan)


def bind(host: str, port: int, *, reuse_port: bool = False, setting: str = "AIRSIDE_PORT") -> list[socket.socket]:
    """Sockets bound to every address of `host`, not yet listening.

    Raises:
        Misconfigured: an address is taken or forbidden, or `host` has none.
    """
    bound: list[socket.socket] = []
    try:
        for family, kind, protocol, _, address in socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        ):
            try:
                made = socket.socket(family, kind, protocol)
            except OSError:  # a machine without IPv6 still resolves ::1
                continue
            bound.append(made)
            made.setblocking(False)
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if reuse_port:
                made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            if family == socket.AF_INET6:
                made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            try:
                made.bind(address)
            except OSError as error:
                if error.errno != errno.EADDRNOTAVAIL:
                    raise
                bound.remove(made)
                made.close()
    except OSError as error:
        for each in bound:
            each.close()
        taken = "; stop what does, or name another port" if error.errno == errno.EADDRINUSE else ""
        raise Misconfigured(setting, f"can't listen on {host} port {port}: {error.strerror}{taken}") from error
    if not bound:
        raise Misconfigured(setting, f"can't listen on {host}: no address of this machine")
    return bound


def redirect_to(public_host: str) -> ASGIApp:
    """An application that answers GET and HEAD with 308 to the same path at `https://public_host`.

    Any other method has sent its secrets in clear already: 400, so that the mistake is seen. No body is read,
    and the host is never the client's.

    Raises:
        Misconfigured: `public_host` is no `host` or `host:port`.
    """
    if _HOST.fullmatch(public_host) is None:
        raise Misconfigured("AIRSIDE_PUBLIC_URL", "its host can't be redirected to")
    origin = f"https://{public_host}".encode("ascii")

    async def redirect(scope: Scope, _receive: Receive, send: Send) -> None:
        headers = [(b"content-length", b"0"), (b"connection", b"close"), (b"cache-control", b"no-store")]
        status = 400
        if scope["method"] in ("GET", "HEAD"):
            status = 308
            path: bytes = scope["raw_path"]
            query: bytes = scope["query_string"]
            target = path if path.startswith(b"/") else b"/"
            headers.append((b"location", origin + target + (b"?" + query if query else b"")))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    return redirect


class Listener:
    """Accepts connections on `sockets` for `app`, and knows which are still shaking hands."""

    def __init__(
        self,
        sockets: Sequence[socket.socket],
        app: ASGIApp,
        lifespan: Lifespan | None,
        state: State,
        tls: Tls | None,
    ) -> None:
        self.opening: set[asyncio.Task[None]] = set()
        self._sockets = sockets
        self._state = state
        self._tls = tls
        self._app_state = lifespan.state if lifespan is not None else {}
        self._loop = asyncio.get_running_loop()
        self._config = Config(
            app,
            http=Connection,
            ws="none",
            loop="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            workers=1,
        )
        self._config.load()

    def open(self) -> None:
        """Listen.

        Raises:
            Misconfigured: another process was quicker.
        """
        for each in self._sockets:
            try:
                each.listen(BACKLOG)
            except OSError as error:
                raise Misconfigured("AIRSIDE_PORT", f"can't listen: {error.strerror}") from error
            self._loop.add_reader(each, self._accept, each)

    def close(self) -> None:
        """Take in whoever has connected already, then accept no more."""
        for each in self._sockets:
            if each.fileno() >= 0:
                self._loop.remove_reader(each)
                self._accept(each, BACKLOG)
                each.close()

    def _accept(self, listening: socket.socket, most: int = _ACCEPTS) -> None:
        for _ in range(most):
            try:
                accepted, _address = listening.accept()
            except BlockingIOError:
                return
            except OSError:  # out of file descriptors, or the client is gone again
                self._loop.remove_reader(listening)
                self._loop.call_later(_TICK, self._resume, listening)
                return
            if len(self._state.connections) + len(self.opening) >= MAX_CONNECTIONS:
                accepted.close()
                continue
            accepted.setblocking(False)
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            task = self._loop.create_task(self._connect(accepted))
            self.opening.add(task)
            task.add_done_callback(self.opening.discard)

    def _resume(self, listening: socket.socket) -> None:
        if listening.fileno() >= 0:
            self._loop.add_reader(listening, self._accept, listening)

    async def _connect(self, accepted: socket.socket) -> None:
        tls = self._tls() if callable(self._tls) else self._tls
        try:
            await self._loop.connect_accepted_socket(
                lambda: Connection(self._config, self._state, self._app_state, self._loop),
                accepted,
                ssl=tls,
                ssl_handshake_timeout=HANDSHAKE_SECONDS if tls else None,
                ssl_shutdown_timeout=_CLOSE_SECONDS if tls else None,
            )
        except OSError:  # no TLS, a wrong version, too slow, or gone: nothing of ours went wrong
            accepted.close()


async def _drain(listeners: Sequence[Listener], state: State, forced: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for listener in listeners:
        listener.close()
    state.draining_since = loop.time()
    for connection in _connections(state):
        connection.drain()
    deadline = state.draining_since + DRAIN_SECONDS
    while state.connections or any(listener.opening for listener in listeners):
        if loop.time() >= deadline or forced.is_set():
            break
        for connection in _connections(state):
            connection.close_if_idle(IDLE_SECONDS)
        await asyncio.sleep(_TICK)
    late = [*state.tasks, *(task for listener in listeners for task in listener.opening)]
    for task in late:
        task.cancel()
    if late:
        await asyncio.wait(late, timeout=_TICK)
    for connection in _connections(state):
        connection.abort()


def _connections(state: State) -> list[Connection]:
    return [connection for connection in state.connections if isinstance(connection, Connection)]


async def _end(lifespan: Lifespan) -> None:
    try:
        await asyncio.wait_for(lifespan.shutdown(), LIFESPAN_SECONDS)
    except TimeoutError:
        lifespan.cancel()


async def _keep_date(state: State, clock: Clock) -> None:
    while True:
        state.default_headers = [(b"date", formatdate(clock.now().timestamp(), usegmt=True).encode())]
        await asyncio.sleep(1.0)


def _bind_for(stack: contextlib.ExitStack, host: str, port: int, setting: str, reuse_port: bool) -> list[socket.socket]:
    bound = bind(host, port, reuse_port=reuse_port, setting=setting)
    for each in bound:
        stack.callback(each.close)
    return bound


def _raise_file_limit() -> None:
    """Many systems allow 1,024 open files unless asked for more; each connection is one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_CONNECTIONS + 1_024
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


@contextlib.contextmanager
def _signals(stop: asyncio.Event, forced: asyncio.Event) -> Generator[None]:
    """The first SIGTERM or SIGINT sets `stop`, the second `forced`."""

    def heard() -> None:
        (forced if stop.is_set() else stop).set()

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, heard)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
