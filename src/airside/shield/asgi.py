"""One pure ASGI middleware in front of an application: screens what comes in, marks what goes out.

On the hot path header bytes are rendered beforehand, `receive` is wrapped only for a body of unknown length,
and `send` once. It needs no server and no framework: any ASGI application fits.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any, Final

from airside.core.clock import Clock, SystemClock
from airside.core.entropy import Entropy, SystemEntropy
from airside.core.errors import LimitExceeded
from airside.protocols.problem import CONTENT_TYPE
from airside.shield.cors import Header
from airside.shield.outgoing import Counted, Outgoing, Send, marked
from airside.shield.passage import KEY, REQUEST_ID, Passage, Scope
from airside.shield.policy import Policy
from airside.shield.problems import describe, internal_problem, problem_of
from airside.shield.prompt import Door, Prompt, Reply
from airside.shield.request_ids import RequestIds
from airside.shield.rules import csrf_verdict, decide_host, decide_origin
from airside.shield.screen import (
    Answer,
    Incoming,
    given_request_id,
    must_count,
    refusal,
    screen,
    single_reading,
    take_forwarded,
)

Receive = Callable[[], Awaitable[Any]]
App = Callable[[Any, Any, Any], Awaitable[None]]
_LOG: Final = logging.getLogger("airside.shield")
_POLICY_VIOLATION: Final = 1008  # RFC 6455 §7.4.1
_COUNTED: Final = "airside.counted"
"""Where in the scope the lines stand that tell by which limit a request was counted."""


class Shield:
    """`app` behind `policy`.

    Refusals of its own and typed refusals that nobody behind it caught become RFC 9457 problems; any other
    exception becomes a silent `internal` and a loud log line with the request id, never with a message or a
    body. A page of 500 that the application wrote before it raised is held back and dropped.
    """

    def __init__(
        self,
        app: App,
        policy: Policy,
        *,
        prompt: Prompt | None = None,
        door: Door | None = None,
        clock: Clock | None = None,
        entropy: Entropy | None = None,
    ) -> None:
        self._app = app
        self._policy = policy
        self._prompt = prompt
        self._door = door
        self._ids = RequestIds(clock=clock or SystemClock(), entropy=entropy or SystemEntropy())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._other(scope, receive, send)
            return
        policy = self._policy
        lines = scope["headers"]
        headers: Incoming | None = dict(lines)  # in C; only a repeated header needs the careful way
        if len(headers) != len(lines):
            headers = single_reading(lines)
        seen = self._seen(scope, headers or {})
        scope[KEY] = seen
        REQUEST_ID.set(seen.request_id)
        fixed = policy.secure_headers if scope["scheme"] == "https" else policy.plain_headers
        extra = _extra(scope, headers, policy)
        outgoing = Outgoing(send, seen, fixed, extra)
        try:
            answer = refusal("bad_request") if headers is None else screen(scope, headers, policy)
            if headers is None or answer is not None:
                await _say(outgoing, answer or refusal("bad_request"))
                return
            if must_count(scope, headers):
                outgoing.counted = counted = Counted(receive, policy.body_cap(scope["path"]))
                receive = counted.receive
            await self._app(scope, receive, outgoing.forward)
        except Exception as error:  # noqa: BLE001 - the last door: whatever it is, a stranger must not read it
            await _failed(outgoing, error)
        else:
            if outgoing.holding:
                await _settle(outgoing)

    def admit(self, scope: Scope) -> Reply | None:
        """What a request is answered that comes too often, whatever it wants; None: let it in. For the listener, which
        asks once, as soon as the head is there."""
        if self._door is None:
            return None
        try:
            scope[_COUNTED] = self._door.admit(scope)
        except LimitExceeded as error:
            return self._turned_away(scope, error)
        return None

    def takes(self, scope: Scope) -> bool:
        """See `Prompt.takes`."""
        return self._prompt is not None and self._prompt.takes(scope)

    def answer(self, scope: Scope, body: bytes) -> Reply | None:
        """See `Prompt.answer`. The screening and the marks are the same; whatever stands against the request, or goes
        wrong, the ordinary way meets again and says."""
        policy, prompt, lines = self._policy, self._prompt, scope["headers"]
        headers: Incoming = dict(lines)
        # A repeated header, a cookie or a body of untold length needs the careful way.
        if prompt is None or len(headers) != len(lines) or b"cookie" in headers or must_count(scope, headers):
            return None
        client = scope.get("client")
        peer: str = client[0] if client else ""
        if policy.proxies:
            asked = scope
            scope = dict(scope)  # the ordinary way must still find the peer in it, not the client
            asked[KEY] = seen = self._relayed(scope, headers, peer)
        else:
            seen = Passage(self._ids.fresh(), peer, headers)
        scope[KEY] = seen
        try:
            reply = prompt.answer(scope, body) if screen(scope, headers, policy) is None else None
        except Exception:  # noqa: BLE001 - whatever it is, the ordinary way meets it again and tells the log
            return None
        if reply is None:
            return None
        fixed = policy.secure_headers if scope["scheme"] == "https" else policy.plain_headers
        return Reply(marked(reply.headers, seen, fixed, _extra(scope, headers, policy)), reply.body, reply.route)

    def _seen(self, scope: Scope, headers: Incoming) -> Passage:
        client = scope.get("client")
        peer: str = client[0] if client else ""
        return (
            self._relayed(scope, headers, peer) if self._policy.proxies else Passage(self._ids.fresh(), peer, headers)
        )

    def _turned_away(self, scope: Scope, error: LimitExceeded) -> Reply:
        known = problem_of(error)
        problem, told = known or (internal_problem(), ())
        headers: Incoming = dict(scope["headers"])
        scope[KEY] = seen = self._seen(scope, headers)
        body = replace(problem, request_id=seen.request_id).render()
        lines = [*told, (b"content-type", CONTENT_TYPE.encode()), (b"content-length", str(len(body)).encode())]
        policy = self._policy
        fixed = policy.secure_headers if scope["scheme"] == "https" else policy.plain_headers
        return Reply(marked(lines, seen, fixed, _extra(scope, headers, policy)), body, status=problem.status)

    async def _other(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = single_reading(scope["headers"])
        if headers is not None:
            client = scope.get("client")
            scope[KEY] = self._relayed(scope, headers, client[0] if client else "")
            scheme = "https" if scope["scheme"] in ("wss", "https") else "http"
            ours = decide_host(headers.get(b"host", b""), self._policy) == "ours"
            clear = scheme == "http" and self._policy.https_redirect
            if (
                ours
                and not clear
                and csrf_verdict("POST", headers, self._policy, path=scope["path"], scheme=scheme).allowed
            ):
                await self._app(scope, receive, send)
                return
        await receive()
        await send({"type": "websocket.close", "code": _POLICY_VIOLATION})

    def _relayed(self, scope: Scope, headers: Incoming, peer: str) -> Passage:
        given = given_request_id(headers, peer, self._policy)
        return Passage(given or self._ids.fresh(), take_forwarded(scope, headers, peer, self._policy), headers)


def _extra(scope: Scope, headers: Incoming | None, policy: Policy) -> Sequence[Header]:
    counted: Sequence[Header] = scope.get(_COUNTED, ())
    if not headers or not policy.cors:
        return counted
    return (*counted, *_readable(scope, headers, policy))


def _readable(scope: Scope, headers: Incoming, policy: Policy) -> tuple[Header, ...]:
    origin = headers.get(b"origin")
    rule = None if origin is None else decide_origin(origin, scope["path"], policy)
    return () if origin is None or rule is None else rule.answer_headers(origin.decode("latin-1"))


async def _say(outgoing: Outgoing, answer: Answer) -> None:
    if answer.problem is not None:
        _LOG.info("refused: %s, request %s", answer.problem.code, outgoing.passage.request_id)
    await outgoing.replace(answer.status, answer.problem, answer.headers)


async def _settle(outgoing: Outgoing) -> None:
    if outgoing.overfull:
        await _say(outgoing, refusal("too_large"))
    else:
        await outgoing.release()


async def _failed(outgoing: Outgoing, error: Exception) -> None:
    if outgoing.overfull and not outgoing.started:
        await _settle(outgoing)
        return
    known = problem_of(error)
    problem, headers = known or (internal_problem(), ())
    if known is None or outgoing.started:
        _LOG.error("unexpected: request %s: %s", outgoing.passage.request_id, describe(error))
    if not outgoing.started:  # otherwise the server sees an unfinished answer and closes the connection
        await _say(outgoing, Answer(problem.status, problem, headers))
