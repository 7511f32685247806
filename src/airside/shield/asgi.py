"""One pure ASGI middleware in front of an application: screens what comes in, marks what goes out.

On the hot path header bytes are rendered beforehand, `receive` is wrapped only for a body of unknown length,
and `send` once. It needs no server and no framework: any ASGI application fits.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from airside.core.clock import Clock, SystemClock
from airside.core.entropy import Entropy, SystemEntropy
from airside.core.errors import LimitExceeded, Refusal
from airside.shield.arriving import Arriving
from airside.shield.cors import Header
from airside.shield.form_fields import form_fields
from airside.shield.outgoing import Outgoing, Send, marked, written
from airside.shield.passage import KEY, REQUEST_ID, Passage, Scope
from airside.shield.policy import Policy
from airside.shield.problems import client_left, describe, internal_problem, problem_of
from airside.shield.prompt import Door, Prompt, Reply
from airside.shield.request_ids import RequestIds
from airside.shield.rules import csrf_verdict, decide_host
from airside.shield.screen import (
    Answer,
    Incoming,
    given_request_id,
    is_json,
    must_count,
    readable,
    refusal,
    screen,
    single_reading,
    take_forwarded,
)
from airside.shield.throttle import throttle_of

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
        clock = clock or SystemClock()
        self._ids = RequestIds(clock=clock, entropy=entropy or SystemEntropy())
        self._throttle = throttle_of(policy, clock)

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
        if policy.csps:
            seen.csp = policy.page_csp(scope["path"])
        scope[KEY] = seen
        REQUEST_ID.set(seen.request_id)
        extra = _extra(scope, headers, policy)
        outgoing = Outgoing(send, seen, policy, scope["scheme"] == "https", extra)
        try:
            answer = refusal("bad_request") if headers is None else screen(scope, headers, policy)
            if headers is None or answer is not None:
                await _say(outgoing, answer or refusal("bad_request"))
                return
            if self._throttle is not None:
                self._throttle.spend(scope["path"], seen.client)
            body = _arriving(scope, headers, receive, policy)
            if body is not None:
                outgoing.arriving = body
                receive = body.receive
                if policy.strict_json and is_json(headers):
                    await body.read_json()
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
        # A repeated header, a cookie, a body of untold length, a rate or a page's own policy needs the careful way.
        careful = b"cookie" in headers or self._throttle is not None or policy.csps or must_count(scope, headers)
        if prompt is None or careful or len(headers) != len(lines):
            return None
        asked = scope
        if policy.proxies:
            scope = dict(scope)  # the ordinary way must still find the peer in it, not the client
        asked[KEY] = scope[KEY] = seen = self._seen(scope, headers)
        try:
            reply = prompt.answer(scope, body) if screen(scope, headers, policy) is None else None
        except Exception:  # noqa: BLE001 - whatever it is, the ordinary way meets it again and tells the log
            return None
        if reply is None:
            return None
        extra = _extra(scope, headers, policy)
        lines = marked(reply.headers, seen, policy, secure=scope["scheme"] == "https", extra=extra)
        return Reply(lines, reply.body, reply.route)

    def _seen(self, scope: Scope, headers: Incoming) -> Passage:
        client = scope.get("client")
        peer: str = client[0] if client else ""
        if self._policy.proxies:
            return self._relayed(scope, headers, peer)
        return Passage(self._ids.fresh(), peer, headers, self._policy.csp)

    def _turned_away(self, scope: Scope, error: LimitExceeded) -> Reply:
        problem, told = problem_of(error) or (internal_problem(), ())
        headers: Incoming = dict(scope["headers"])
        scope[KEY] = seen = self._seen(scope, headers)
        lines, body = written(problem.status, problem, told, seen)
        secure, extra = scope["scheme"] == "https", _extra(scope, headers, self._policy)
        return Reply(marked(lines, seen, self._policy, secure=secure, extra=extra), body, status=problem.status)

    async def _other(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = single_reading(scope["headers"])
        if headers is not None:
            client = scope.get("client")
            scope[KEY] = seen = self._relayed(scope, headers, client[0] if client else "")
            if self._opens(scope, seen, headers):
                await self._app(scope, receive, send)
                return
        await receive()
        await send({"type": "websocket.close", "code": _POLICY_VIOLATION})

    def _opens(self, scope: Scope, seen: Passage, headers: Incoming) -> bool:
        """Whether a socket may be opened; to the browser every no is the same."""
        policy = self._policy
        scheme = "https" if scope["scheme"] in ("wss", "https") else "http"
        if decide_host(headers.get(b"host", b""), policy) != "ours" or (scheme == "http" and policy.https_redirect):
            return False
        if not csrf_verdict("POST", headers, policy, path=scope["path"], scheme=scheme).allowed:
            return False
        try:
            if self._throttle is not None:
                self._throttle.spend(scope["path"], seen.client)
        except Refusal:
            return False
        return True

    def _relayed(self, scope: Scope, headers: Incoming, peer: str) -> Passage:
        given = given_request_id(headers, peer, self._policy)
        client = take_forwarded(scope, headers, peer, self._policy)
        return Passage(given or self._ids.fresh(), client, headers, self._policy.csp)


def _arriving(scope: Scope, headers: Incoming, receive: Receive, policy: Policy) -> Arriving | None:
    """What watches over the body; None where nothing has to."""
    untold = must_count(scope, headers)
    if not untold and headers.get(b"content-length", b"0") == b"0":
        return None
    fields = form_fields(headers, policy.max_fields) if policy.max_fields else None
    if not untold and fields is None and not policy.watches_bodies:
        return None
    return Arriving(receive, policy.body_cap(scope["path"]), policy.body_seconds, fields)


def _extra(scope: Scope, headers: Incoming | None, policy: Policy) -> Sequence[Header]:
    counted: Sequence[Header] = scope.get(_COUNTED, ())
    if not headers or not policy.cors:
        return counted
    return (*counted, *readable(scope, headers, policy))


async def _say(outgoing: Outgoing, answer: Answer) -> None:
    if answer.problem is not None:
        _LOG.info("refused: %s, request %s", answer.problem.code, outgoing.passage.request_id)
    await outgoing.replace(answer.status, answer.problem, answer.headers)


async def _settle(outgoing: Outgoing) -> None:
    if outgoing.fault:
        await _say(outgoing, refusal(outgoing.fault))
    elif outgoing.hides:
        _LOG.error("answered 500: request %s", outgoing.passage.request_id)
        await _say(outgoing, Answer(500, internal_problem()))
    else:
        await outgoing.release()


async def _failed(outgoing: Outgoing, error: Exception) -> None:
    if outgoing.fault and not outgoing.started:
        await _settle(outgoing)
        return
    if client_left(error):
        _LOG.info("the client went away: request %s", outgoing.passage.request_id)
        return
    known = problem_of(error)
    problem, headers = known or (internal_problem(), ())
    if known is None or outgoing.started:
        _LOG.error("unexpected: request %s: %s", outgoing.passage.request_id, describe(error))
    if not outgoing.started:  # otherwise the server sees an unfinished answer and closes the connection
        await _say(outgoing, Answer(problem.status, problem, headers))
