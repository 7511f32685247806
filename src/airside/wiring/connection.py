"""One HTTP/1.1 connection: uvicorn's httptools protocol, with the bounds and the farewell it lacks.

uvicorn puts no bound on the size of a head or the time a client takes to send one, and at shutdown closes an
idle connection at once, under the request that may be on its way. Here a head has `MAX_HEAD_BYTES` and
`HEAD_SECONDS`, a body `BODY_SECONDS`, a client that doesn't read `STALL_SECONDS`, and a connection that is told
to drain serves what still comes with `Connection: close` (RFC 9112 §9.6) until it has been idle for a while.

Where the application knows some answers at once (`shield.Prompt`), a request of that kind that arrives whole is
answered in the very call that read it, without a task; so is, as soon as its head is there, whoever comes too often.
"""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from uvicorn import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from airside.access import CLIENT_CERTIFICATE
from airside.shield import Reply, Shield
from airside.wiring.answer import Answer
from airside.wiring.requests import Requests

MAX_HEAD_BYTES: Final = 32 * 1024  # two tokens of 16 KiB at most: an access token and a proof
MAX_IN_FLIGHT: Final = 2_000
HEAD_SECONDS: Final = 10.0
BODY_SECONDS: Final = 60.0
STALL_SECONDS: Final = 30.0
HOLD_SECONDS: Final = 0.005
"""How long a request that might be answered at once waits for its body: many clients send it right after the head."""
Admit = Callable[[Any], Reply | None]
"""What `Shield.admit` does."""
_BUSY: Final = b'{"type":"about:blank","title":"Service Unavailable","status":503,"code":"unavailable"}'


class State(ServerState):
    """What all connections of a listener share."""

    def __init__(self, requests: Requests | None = None) -> None:
        """`requests` hears of every answer."""
        super().__init__()
        self.draining_since: float | None = None  # by the loop's clock
        self.requests = requests


class Connection(HttpToolsProtocol):
    """A connection that is bounded in every direction and ends without losing a request."""

    server_state: State

    def __init__(
        self,
        config: Config,
        server_state: State,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._prompt = config.app if isinstance(config.app, Shield) else None
        self._admit: Admit = getattr(config.app, "admit", _anybody)
        self._held: tuple[RequestResponseCycle, Any] | None = None  # its body may be on its way
        self._waiting: asyncio.TimerHandle | None = None
        self._requests = server_state.requests
        self._began = 0.0  # when the request in hand was asked, by the clock of `_requests`
        self._may_hold = False
        self._in_head = False
        self._in_body = False
        self._parsed = 0  # bytes of the head that is arriving, as far as the parser has told them
        self._unfinished = 0  # bytes that came without finishing a head
        self._too_large = False
        self._reading: asyncio.TimerHandle | None = None
        self._stalled: asyncio.TimerHandle | None = None
        self._idle_since = self.loop.time()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn declares it
        super().connection_made(transport)
        tls = transport.get_extra_info("ssl_object")
        certificate = None if tls is None else tls.getpeercert(binary_form=True)
        if certificate is not None:  # only where the listener demanded one: the handshake has proven its key
            self.app_state = {**self.app_state, CLIENT_CERTIFICATE: certificate}
        self._await_rest(HEAD_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        self._cancel_timers()
        self._unhold()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        began = self._in_head
        self._may_hold = True
        super().data_received(data)
        self._may_hold = False
        if self.transport.is_closing():
            return
        if self._held is not None and self._waiting is None:
            self._waiting = self.loop.call_later(HOLD_SECONDS, self._let_go)
        if self._in_body and self._reading is None:
            self._await_rest(BODY_SECONDS)
        if began and self._in_head:
            self._unfinished += len(data)
            if self._unfinished > MAX_HEAD_BYTES:
                if self._requests is not None:
                    self._requests.unread += 1
                self._refuse_head()
                return
        if (self._in_head or not self._busy()) and self._reading is None and self.timeout_keep_alive_task is None:
            self._await_rest(HEAD_SECONDS)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._unset_keepalive_if_required()  # armed by an answer to what came before it in the same read
        self._in_head = True
        self._parsed = self._unfinished = 0

    def on_url(self, url: bytes) -> None:
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count(len(name) + len(value) + 4)
        if self._in_head:  # else a trailer, which could change what was already decided on the headers
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._in_body = True
        self._rest_arrived()
        super().on_headers_complete()
        if self.server_state.draining_since is not None:
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        self._in_body = False
        self._rest_arrived()
        super().on_message_complete()
        if self._held is not None:
            self._answer_at_once(self._held[0])

    def on_response_complete(self) -> None:
        self._idle_since = self.loop.time()
        super().on_response_complete()

    def pause_writing(self) -> None:
        self._stalled = self._stalled or self.loop.call_later(STALL_SECONDS, self.abort)
        super().pause_writing()

    def resume_writing(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        # A client that left an answer unread would hold a polite close open for ever.
        if self.transport.get_write_buffer_size():
            self.abort()
        else:
            super().timeout_keep_alive_handler()

    def send_400_response(self, msg: str) -> None:
        if self._requests is not None:
            self._requests.unread += 1
        if self._too_large:
            self._refuse_head()
        else:
            super().send_400_response(msg)

    def drain(self) -> None:
        """Tell the client, with the answer it is waiting for, that this connection ends."""
        if self._busy() and not self.cycle.response_started:
            self.cycle.keep_alive = False

    def close_if_idle(self, seconds: float) -> None:
        """Close if nothing is being asked or answered, and hasn't been for `seconds`, draining all the while."""
        since = max(self._idle_since, self.server_state.draining_since or 0.0)
        if not self._busy() and not self._in_head and self.loop.time() - since >= seconds:
            self.transport.close()

    def abort(self) -> None:
        """Cut the connection without a word."""
        self.transport.abort()

    def _busy(self) -> bool:
        # Empty until the first request, whatever uvicorn's annotation says.
        return bool(self.cycle) and not self.cycle.response_complete

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        if self.transport.is_closing():  # what came after a last request
            return
        if self._requests is not None:
            self._began = self._requests.moment()
        refusal = self._admit(cycle.scope)
        if refusal is not None:
            if cycle.waiting_for_100_continue:  # whether its body comes all the same is the client's to decide
                cycle.keep_alive = False
            self._may_hold = False
            self.loop.call_soon(self._say, cycle, refusal)
            return
        prompt = self._prompt if self._may_hold and not cycle.waiting_for_100_continue else None
        if prompt is not None and prompt.takes(cycle.scope):
            self._held = cycle, app
        else:
            self._pass_on(cycle, app)

    def _pass_on(self, cycle: Any, app: Any) -> None:
        if self.transport.is_closing():
            return
        cycle.send = Answer(cycle, self._requests, self._began).send
        super()._start_asgi_task(cycle, app if len(self.tasks) < MAX_IN_FLIGHT else busy)

    def _answer_at_once(self, cycle: Any) -> None:
        """Once a read: a client that sends many requests in one must not keep others waiting."""
        self._may_hold = False
        able = not self.flow.write_paused and len(self.tasks) < MAX_IN_FLIGHT
        reply = self._prompt.answer(cycle.scope, bytes(cycle.body)) if able and self._prompt is not None else None
        if reply is None:
            self._let_go()
        else:
            self._unhold()
            # Not yet: whoever asked over many connections (a proxy, say) is woken once, not by each answer, which
            # costs the kernel more than the answer cost us.
            self.loop.call_soon(self._say, cycle, reply)

    def _say(self, cycle: Any, reply: Reply) -> None:
        if not cycle.disconnected and not self.transport.is_closing():
            Answer(cycle, self._requests, self._began, reply.route).say(reply)

    def _let_go(self) -> None:
        """The ordinary way."""
        held = self._held
        self._unhold()
        self._may_hold = False
        if held is not None:
            self._pass_on(*held)

    def _unhold(self) -> None:
        self._held = None
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _count(self, size: int) -> None:
        self._parsed += size
        if self._parsed > MAX_HEAD_BYTES:
            self._too_large = True
            raise ValueError("head over its cap")  # out of a parser callback: the parser stops, uvicorn answers

    def _refuse_head(self) -> None:
        self.transport.write(
            b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
        )
        self.transport.close()

    def _await_rest(self, seconds: float) -> None:
        self._rest_arrived()
        self._reading = self.loop.call_later(seconds, self.abort)

    def _rest_arrived(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
            self._reading = None

    def _cancel_timers(self) -> None:
        self._rest_arrived()
        self._unset_keepalive_if_required()
        if self._stalled is not None:
            self._stalled.cancel()


def _anybody(_scope: Any) -> None:
    return None


async def busy(_scope: Any, _receive: Any, send: Any) -> None:
    """The answer when `MAX_IN_FLIGHT` requests are being answered already."""
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(_BUSY)).encode()),
        (b"retry-after", b"1"),
        (b"cache-control", b"no-store"),
        (b"connection", b"close"),
    ]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": _BUSY})
