"""The answer on its way out: every one gets the security headers, and none tells more than it should."""

import dataclasses
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from msgspec import Struct

from airside.protocols.problem import CONTENT_TYPE, Problem
from airside.shield.arriving import Arriving
from airside.shield.cookies import hardened
from airside.shield.cors import Header
from airside.shield.csp import Csp
from airside.shield.passage import Passage
from airside.shield.policy import Policy

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
_SET_COOKIE: Final = b"set-cookie"
_WATCHED: Final = OWNED | {NO_STORE[0], _SET_COOKIE}


class Outgoing(Struct, eq=False):
    """One answer. `forward` stands in for the server's `send`; headers in `OWNED` are shield's, not the app's. A
    Struct, for one is made for every request."""

    send: Send
    passage: Passage
    policy: Policy
    secure: bool
    extra: Sequence[Header]
    arriving: Arriving | None = None
    started: bool = False
    _held: list[Message] | None = None

    def forward(self, message: Message) -> Awaitable[None]:
        """Send `message`, marked. Not `async` itself: that would cost a frame a message."""
        if message["type"] == "http.response.start":
            arriving = self.arriving
            if message["status"] == 500 or (arriving is not None and arriving.fault):
                self._held = [{**message, "headers": list(message.get("headers", ()))}]
                return _nothing()
            return self._begin(message)
        if self._held is not None:
            return self._hold(message)
        return self.send(message)

    @property
    def holding(self) -> bool:
        """Whether something is kept back until the application returns."""
        return self._held is not None

    @property
    def fault(self) -> str:
        """The refusal's code, if the application never saw the body whole: then whatever it answers doesn't count."""
        return "" if self.arriving is None else self.arriving.fault

    @property
    def hides(self) -> bool:
        """Whether a page of 500 that the application meant is held back, and stays here."""
        return bool(self._held) and not shows(self._held[0].get("headers", ()), self.policy)

    async def release(self) -> None:
        """The application returned: what was held back was meant."""
        held, self._held = self._held, None
        if held:
            await self._begin(held[0])
            for message in held[1:]:
                await self.send(message)

    async def replace(self, status: int, problem: Problem | None, headers: tuple[Header, ...]) -> None:
        """Shield's own answer; what was held back is dropped. Only before anything `started`."""
        self._held = None
        lines, body = written(status, problem, headers, self.passage)
        await self._begin({"type": "http.response.start", "status": status, "headers": lines})
        await self.send({"type": "http.response.body", "body": body, "more_body": False})

    def _begin(self, message: Message) -> Awaitable[None]:
        self.started = True
        lines = list(message.get("headers", ()))
        message["headers"] = marked(lines, self.passage, self.policy, secure=self.secure, extra=self.extra)
        return self.send(message)

    async def _hold(self, message: Message) -> None:
        if self._held is not None and not self.fault and not self.hides:
            self._held.append(message)
            if len(self._held) > MAX_HELD:
                await self.release()


async def _nothing() -> None:
    """What is sent while an answer is held back."""


def shows(headers: Sequence[Header], policy: Policy) -> bool:
    """Whether an answer of 500 that the application wrote may leave: a problem has no room for a traceback."""
    return policy.error_pages or any(
        name.lower() == b"content-type" and value.partition(b";")[0] == CONTENT_TYPE.encode() for name, value in headers
    )


def written(
    status: int, problem: Problem | None, headers: Sequence[Header], seen: Passage
) -> tuple[list[Header], bytes]:
    """Header lines and body of shield's own answer."""
    lines: list[Header] = [*headers]
    body = b""
    if problem is not None:
        body = dataclasses.replace(problem, request_id=seen.request_id).render()
        lines.append((b"content-type", CONTENT_TYPE.encode()))
    if status != 204:
        lines.append((b"content-length", str(len(body)).encode()))
    return lines, body


def marked(
    headers: Sequence[Header], seen: Passage, policy: Policy, *, secure: bool, extra: Sequence[Header]
) -> list[Header]:
    """The header lines of an answer, `secure` if over https, with shield's own."""
    fixed = policy.secure_headers if secure else policy.plain_headers
    identity = (b"x-request-id", seen.request_id.encode())
    if seen.csp is None:
        for name, _ in headers:
            if name in _WATCHED or not name.islower():
                break
        else:
            return [*headers, *fixed, *extra, NO_STORE, identity]
    # ASGI wants them in lower case, and Django doesn't keep to it.
    headers = [(name.lower(), value) for name, value in headers]
    if policy.harden_cookies:
        headers = [_hardened(line, policy, secure) for line in headers]
    return [*_merged(headers, seen.csp, fixed), *extra, identity]


def _merged(headers: Sequence[Header], own: Csp | None, fixed: tuple[Header, ...]) -> list[Header]:
    if own is not None:
        if own.frames_others:  # which no page of another origin would survive that doesn't say so itself
            fixed = tuple(line for line in fixed if line[0] != COEP)
        fixed = tuple((name, own.render().encode() if name == CSP else value) for name, value in fixed)
    stored = any(name == NO_STORE[0] for name, _ in headers)
    return [*(line for line in headers if line[0] not in OWNED), *fixed, *(() if stored else (NO_STORE,))]


def _hardened(line: Header, policy: Policy, secure: bool) -> Header:
    if line[0] != _SET_COOKIE:
        return line
    return _SET_COOKIE, hardened(line[1], secure=secure, script_cookies=policy.script_cookies)
