"""One answer on the wire: what an application sends, as bytes of HTTP/1.1.

uvicorn's own `send` runs two regular expressions over every header line of every answer, and writes head and body
apart, each a TLS record. Here a line that was rendered once is found again (an application's lines are few, and most
are the same in every answer), and the head leaves with the first of the body.
"""

import re
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from airside.shield import Reply
from airside.wiring.requests import Requests

MAX_LINES: Final = 2_048
"""Rendered lines kept; full, they are forgotten at once, so that lines that differ each time hold no memory."""
MAX_KEPT: Final = 512
"""Bytes of the longest line kept."""
_NAME: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE: Final = re.compile(rb"[^\x00-\x08\x0a-\x1f\x7f]*")
_VARYING: Final = frozenset({b"x-request-id", b"ratelimit"})
"""Lines that hardly two answers have the same of."""
_BODILESS: Final = frozenset({204, 304})

_lines: dict[tuple[bytes, bytes], bytes] = {}
"""Lines as they were rendered; never one that frames its own answer: its length, its coding, its connection."""


def _render(name: bytes, value: bytes) -> bytes:
    """A header line (RFC 9112 §5), its name in lower case.

    Raises:
        ValueError: no name, or a value that would end the line (RFC 9110 §5.1, §5.5).
    """
    if _NAME.fullmatch(name) is None or _VALUE.fullmatch(value) is None:
        raise ValueError("malformed header in an answer")
    return b"%b: %b\r\n" % (name, value)


def _keep(name: bytes, value: bytes, rendered: bytes) -> None:
    if len(rendered) <= MAX_KEPT:
        if len(_lines) >= MAX_LINES:
            _lines.clear()
        _lines[name, value] = rendered


class Answer:
    """The way out of one request: stands in for `RequestResponseCycle.send`, whose state it keeps up."""

    __slots__ = ("_began", "_chunked", "_cycle", "_head", "_left", "_requests", "_route", "_status")

    def __init__(
        self, cycle: RequestResponseCycle, requests: Requests | None = None, began: float = 0.0, route: str = ""
    ) -> None:
        """`requests` hears of it once it is given; `began` is when it was asked for, `route` what is known of where."""
        self._cycle = cycle
        self._requests = requests
        self._began = began
        self._route = route
        self._status = 0
        self._head = b""
        self._chunked = False
        self._left = 0

    async def send(self, message: Any) -> None:
        """Take one ASGI event.

        Raises:
            RuntimeError: an event out of its turn, or a body of another length than was announced.
            ValueError: a malformed header.
        """
        cycle = self._cycle
        if cycle.flow.write_paused and not cycle.disconnected:
            await cycle.flow.drain()
        if cycle.disconnected:
            return
        kind = message["type"]
        if cycle.response_complete:
            raise RuntimeError(f"{kind} after the answer was complete")
        if kind != ("http.response.body" if cycle.response_started else "http.response.start"):
            raise RuntimeError(f"{kind} out of its turn")
        if cycle.response_started:
            self._body(message.get("body", b""), message.get("more_body", False))
        else:
            self._begin(message["status"], message.get("headers", ()))

    def say(self, reply: Reply) -> None:
        """The whole of an answer at once, where nothing has been sent yet and the client reads.

        Raises:
            RuntimeError, ValueError: as `send`.
        """
        self._begin(reply.status, reply.headers)
        self._body(reply.body, False)

    def _begin(self, status: int, headers: Any) -> None:
        cycle = self._cycle
        cycle.response_started = True
        cycle.waiting_for_100_continue = False
        self._status = status
        parts = [STATUS_LINE[status]]
        length: int | None = None
        closing = False
        for name, value in (*cycle.default_headers, *headers):
            known = _lines.get((name, value))
            if known is not None:
                parts.append(known)
                continue
            lower = name.lower()
            parts.append(rendered := _render(lower, value))
            if lower == b"content-length":
                length = int(value)
            elif lower == b"transfer-encoding":
                self._chunked = value.lower() == b"chunked"
            elif lower == b"connection":
                if b"close" in (token.strip().lower() for token in value.split(b",")):
                    closing = True
                    cycle.keep_alive = False
            elif lower not in _VARYING:
                _keep(name, value, rendered)
        if not cycle.keep_alive and not closing:
            parts.append(b"connection: close\r\n")
        if length is None and not self._chunked and cycle.scope["method"] != "HEAD" and status not in _BODILESS:
            self._chunked = True
            parts.append(b"transfer-encoding: chunked\r\n")
        self._left = 0 if self._chunked or length is None else length
        parts.append(b"\r\n")
        self._head = b"".join(parts)

    def _body(self, body: bytes, more: bool) -> None:
        cycle = self._cycle
        if cycle.scope["method"] == "HEAD":
            body, self._left = b"", 0
        elif self._chunked:
            body = (b"%x\r\n%b\r\n" % (len(body), body) if body else b"") + (b"" if more else b"0\r\n\r\n")
        elif len(body) > self._left:
            raise RuntimeError("body longer than its content-length")
        else:
            self._left -= len(body)
        if not more and self._left:
            raise RuntimeError("body shorter than its content-length")
        if self._head:
            body, self._head = self._head + body, b""
        if body:
            cycle.transport.write(body)
        if not more:
            cycle.response_complete = True
            cycle.message_event.set()
            if not cycle.keep_alive:
                cycle.transport.close()
            if self._requests is not None:
                self._requests.ended(cycle.scope, self._status, self._began, self._route)
            cycle.on_response()
