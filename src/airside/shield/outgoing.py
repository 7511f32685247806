"""The answer on its way out: every one gets the security headers, and none tells more than it should."""

import dataclasses
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from airside.core.errors import TooLarge
from airside.protocols.problem import CONTENT_TYPE, Problem
from airside.shield.cors import Header
from airside.shield.csp import Csp
from airside.shield.passage import Passage

Message = dict[str, Any]
Send = Callable[[Message], Awaitable[None]]

MAX_HELD: Final = 64  # messages of a 500 kept back until it is known whether the application raised
NO_STORE: Final[Header] = (b"cache-control", b"no-store")
CSP: Final = b"content-security-policy"
COEP: Final = b"cross-origin-embedder-policy"
OWNED: Final = frozenset(
    {
        CSP,
        COEP,
        b"x-content-type-options",
        b"x-frame-options",
        b"referrer-policy",
        b"permissions-policy",
        b"cross-origin-opener-policy",
        b"cross-origin-resource-policy",
        b"strict-transport-security",
        b"x-request-id",
    }
)
_WATCHED: Final = OWNED | {NO_STORE[0]}


class Outgoing:
    """One answer. `forward` stands in for the server's `send`; headers in `OWNED` are shield's, not the app's."""

    __slots__ = ("_extra", "_fixed", "_held", "_send", "counted", "passage", "started")

    def __init__(self, send: Send, passage: Passage, fixed: tuple[Header, ...], extra: Sequence[Header]) -> None:
        self._send = send
        self.passage = passage
        self._fixed = fixed
        self._extra = extra
        self._held: list[Message] | None = None
        self.counted: Counted | None = None
        self.started = False

    def forward(self, message: Message) -> Awaitable[None]:
        """Send `message`, marked. Not `async` itself: that would cost a frame a message."""
        if message["type"] == "http.response.start":
            if message["status"] == 500 or self.counted is not None:
                return self._suspect(message)
            return self._begin(message)
        if self._held is not None:
            return self._hold(message)
        return self._send(message)

    @property
    def holding(self) -> bool:
        """Whether something is kept back until the application returns."""
        return self._held is not None

    @property
    def overfull(self) -> bool:
        """Whether the body went over its cap, so that whatever the application answers, it never saw it whole."""
        return self.counted is not None and self.counted.over

    async def release(self) -> None:
        """The application returned: what was held back was meant."""
        held, self._held = self._held, None
        if held:
            await self._begin(held[0])
            for message in held[1:]:
                await self._send(message)

    async def replace(self, status: int, problem: Problem | None, headers: tuple[Header, ...]) -> None:
        """Shield's own answer; what was held back is dropped. Only before anything `started`."""
        self._held = None
        lines: list[Header] = [*headers]
        body = b""
        if problem is not None:
            body = dataclasses.replace(problem, request_id=self.passage.request_id).render()
            lines.append((b"content-type", CONTENT_TYPE.encode()))
        if status != 204:
            lines.append((b"content-length", str(len(body)).encode()))
        await self._begin({"type": "http.response.start", "status": status, "headers": lines})
        await self._send({"type": "http.response.body", "body": body, "more_body": False})

    def _begin(self, message: Message) -> Awaitable[None]:
        self.started = True
        message["headers"] = marked(message.get("headers", ()), self.passage, self._fixed, self._extra)
        return self._send(message)

    async def _suspect(self, message: Message) -> None:
        if self.overfull or message["status"] == 500:
            self._held = [message]
        else:
            await self._begin(message)

    async def _hold(self, message: Message) -> None:
        if self._held is not None and not self.overfull:
            self._held.append(message)
            if len(self._held) > MAX_HELD:
                await self.release()


def marked(
    headers: Sequence[Header], seen: Passage, fixed: tuple[Header, ...], extra: Sequence[Header]
) -> list[Header]:
    """The header lines of an answer with shield's own."""
    identity = (b"x-request-id", seen.request_id.encode())
    watched = seen.csp is not None
    for name, _ in headers:
        if name in _WATCHED:
            watched = True
            break
    if watched:
        return [*_merged(headers, seen.csp, fixed), *extra, identity]
    return [*headers, *fixed, *extra, NO_STORE, identity]


def _merged(headers: Sequence[Header], own: Csp | None, fixed: tuple[Header, ...]) -> list[Header]:
    if own is not None:
        if own.frames_others:  # which no page of another origin would survive that doesn't say so itself
            fixed = tuple(line for line in fixed if line[0] != COEP)
        fixed = tuple((name, own.render().encode() if name == CSP else value) for name, value in fixed)
    stored = any(name == NO_STORE[0] for name, _ in headers)
    return [*(line for line in headers if line[0] not in OWNED), *fixed, *(() if stored else (NO_STORE,))]


class Counted:
    """`receive` for a body whose length nobody said: it stops at the cap."""

    __slots__ = ("_cap", "_receive", "_seen", "over")

    def __init__(self, receive: Callable[[], Awaitable[Message]], cap: int) -> None:
        self._receive = receive
        self._cap = cap
        self._seen = 0
        self.over = False

    async def receive(self) -> Message:
        """The next message.

        Raises:
            TooLarge: more bytes than the cap have come, now or before.
        """
        message = await self._receive()
        self._seen += len(message.get("body", b""))
        if self._seen > self._cap:
            self.over = True
            raise TooLarge("body over its cap", max_bytes=self._cap)
        return message
