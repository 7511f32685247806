"""The same policy in front of a WSGI application (PEP 3333): Flask, Django and whatever else is called so.

What is decided stands in the pure files; here an environ is put into the words they read, and a refusal or the
marks into those of WSGI. How fast a client must send is the server's to say: a thread that reads can't be called off.
"""

import logging
from collections.abc import Callable, Generator, Iterable, Iterator
from http import HTTPStatus
from io import BytesIO
from threading import local
from types import TracebackType
from typing import Any, Final, Protocol

from airside.core.clock import Clock, SystemClock
from airside.core.entropy import Entropy, SystemEntropy
from airside.core.errors import TooLarge
from airside.shield.arriving import check_json
from airside.shield.cors import Header
from airside.shield.environ import Environ, request_scope, take_over
from airside.shield.form_fields import FormFields, form_fields
from airside.shield.outgoing import marked, shows, written
from airside.shield.passage import KEY, REQUEST_ID, Passage, Scope
from airside.shield.policy import Policy
from airside.shield.problems import describe, internal_problem, problem_of
from airside.shield.request_ids import RequestIds
from airside.shield.screen import (
    Answer,
    Incoming,
    given_request_id,
    is_json,
    must_count,
    readable,
    screen,
    single_reading,
    take_forwarded,
)
from airside.shield.throttle import throttle_of

StartResponse = Callable[..., Callable[[bytes], object]]
WsgiApp = Callable[[Environ, Any], Any]  # frameworks call the second and the answer by types of their own
_ExcInfo = tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None]
_LOG: Final = logging.getLogger("airside.shield")
_INPUT: Final = "wsgi.input"


class WsgiShield:
    """`app` behind `policy`; the words of `Shield` hold here too, `body_seconds` excepted. Safe between threads."""

    def __init__(
        self, app: WsgiApp, policy: Policy, *, clock: Clock | None = None, entropy: Entropy | None = None
    ) -> None:
        self._app = app
        self._policy = policy
        self._clock = clock or SystemClock()
        self._entropy = entropy or SystemEntropy()
        self._throttle = throttle_of(policy, self._clock)
        self._of_thread = local()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Generator[bytes]:
        policy = self._policy
        scope = request_scope(environ)
        headers = single_reading(scope["headers"]) or {}
        peer: str = scope["client"][0]
        given = given_request_id(headers, peer, policy)
        client = take_forwarded(scope, headers, peer, policy)
        path: str = scope["path"]
        seen = Passage(given or self._fresh(), client, headers, csp=policy.page_csp(path), usual=policy.csp)
        environ[KEY] = seen
        REQUEST_ID.set(seen.request_id)
        extra = readable(scope, headers, policy) if policy.cors else ()
        answer = _Answer(start_response, seen, policy, scope["scheme"] == "https", extra)
        try:
            refused = screen(scope, headers, policy)
            if refused is not None:
                yield answer.replace(refused)
                return
            if self._throttle is not None:
                self._throttle.spend(path, client)
            take_over(environ, scope, headers)
            body = _body(environ, scope, headers, policy)
            yield from answer.of(self._app(environ, answer.start), body)
        except Exception as error:  # noqa: BLE001 - the last door: whatever it is, a stranger must not read it
            yield answer.failed(error)

    def _fresh(self) -> str:
        ids: RequestIds | None = getattr(self._of_thread, "ids", None)
        if ids is None:
            ids = self._of_thread.ids = RequestIds(clock=self._clock, entropy=self._entropy)
        return ids.fresh()


class _Readable(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...
    def readline(self, size: int = -1, /) -> bytes: ...


class _Bounded:
    """`wsgi.input` that stops at the cap, of bytes or of a form's `fields`: beyond it the application never sees the
    body whole. `told`: the length is the cap, and a server need not say where such a body ends."""

    def __init__(self, source: _Readable, cap: int, fields: FormFields | None = None, *, told: bool = False) -> None:
        self._source = source
        self._left = cap
        self._beyond = 0 if told else 1
        self._fields = fields
        self.over = False

    def read(self, size: int | None = -1, /) -> bytes:
        """As a file's.

        Raises:
            TooLarge: more bytes than the cap have come, or more fields.
        """
        return self._counted(self._source.read(self._most(size)))

    def readline(self, size: int | None = -1, /) -> bytes:
        """See `read`."""
        return self._counted(self._source.readline(self._most(size)))

    def readlines(self, _hint: int = -1, /) -> list[bytes]:
        """See `read`."""
        return list(self)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.readline, b"")

    def _most(self, size: int | None) -> int:
        most = self._left + self._beyond
        return most if size is None or size < 0 else min(size, most)

    def _counted(self, data: bytes) -> bytes:
        self._left -= len(data)
        try:
            if self._left < 0:
                raise TooLarge("body over its cap")
            if self._fields is not None:
                self._fields.count(data)
        except TooLarge:
            self.over = True
            raise
        return data


class _Answer:
    """One answer: `start` stands in for the server's `start_response`."""

    def __init__(
        self, start: StartResponse, seen: Passage, policy: Policy, secure: bool, extra: tuple[Header, ...]
    ) -> None:
        self._start = start
        self._seen = seen
        self._policy = policy
        self._secure = secure
        self._extra = extra
        self._begun: tuple[str, list[Header]] | None = None
        self._early: list[bytes] = []
        self._sent = False
        self._body: _Bounded | None = None

    def start(
        self, status: str, headers: Iterable[tuple[str, str]], exc_info: _ExcInfo | None = None
    ) -> Callable[[bytes], None]:
        """Keep what the application begins with; nothing leaves before its first bytes (PEP 3333)."""
        if exc_info is not None and exc_info[1] is not None and self._sent:
            raise exc_info[1]
        lines = [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        self._begun = status, lines
        return self._early.append

    def of(self, chunks: Iterable[bytes], body: "_Bounded | None") -> Iterator[bytes]:
        """What the application answers, or what stands in for it."""
        self._body = body
        try:
            for chunk in chunks:
                yield from self._flush()
                yield chunk
            yield from self._flush()
        except _Hidden:
            yield self.replace(Answer(500, internal_problem()))
        finally:
            close: Callable[[], None] | None = getattr(chunks, "close", None)
            if close is not None:
                close()

    def failed(self, error: Exception) -> bytes:
        """The problem of what came out of the application.

        Raises:
            UnfinishedAnswer: something has left already; the server ends the connection.
        """
        if self._over:
            error = TooLarge("body over its cap")
        known = problem_of(error)
        if known is None or self._sent:
            _LOG.error("unexpected: request %s: %s", self._seen.request_id, describe(error))
        if self._sent:
            raise UnfinishedAnswer from None
        problem, headers = known or (internal_problem(), ())
        return self.replace(Answer(problem.status, problem, headers))

    def replace(self, answer: Answer) -> bytes:
        """Shield's own answer, before anything has left."""
        if answer.problem is not None:
            _LOG.info("refused: %s, request %s", answer.problem.code, self._seen.request_id)
        lines, body = written(answer.status, answer.problem, answer.headers, self._seen)
        self._send(f"{answer.status} {HTTPStatus(answer.status).phrase}", lines)
        return body

    @property
    def _over(self) -> bool:
        return self._body is not None and self._body.over

    def _flush(self) -> Iterator[bytes]:
        """The head, and what the application wrote in the old way, by `write`."""
        if not self._sent:
            if self._over:
                raise TooLarge("body over its cap")
            if self._begun is None:
                raise RuntimeError("an application that doesn't call start_response")
            status, lines = self._begun
            if status.startswith("500") and not shows(lines, self._policy):
                _LOG.error("answered 500: request %s", self._seen.request_id)
                raise _Hidden
            self._send(status, lines)
        if self._early:
            early, self._early[:] = b"".join(self._early), []
            yield early

    def _send(self, status: str, lines: list[Header]) -> None:
        self._sent = True
        lines = marked(lines, self._seen, self._policy, secure=self._secure, extra=self._extra)
        self._start(status, [(name.decode("latin-1"), value.decode("latin-1")) for name, value in lines])


class _Hidden(Exception):
    """A page of 500 that stays here."""


class UnfinishedAnswer(Exception):
    """The application failed after its answer had begun; types and places of it are in the log."""


def _body(environ: Environ, scope: Scope, headers: Incoming, policy: Policy) -> _Bounded | None:
    length = headers.get(b"content-length")
    if length is None and not must_count(scope, headers):
        return None
    cap = policy.body_cap(scope["path"])
    source = environ[_INPUT]
    if policy.strict_json and is_json(headers):
        data = source.read(int(length)) if length is not None else _Bounded(source, cap).read()
        check_json(data)
        environ[_INPUT] = BytesIO(data)
        environ["CONTENT_LENGTH"] = str(len(data))
        return None
    fields = form_fields(headers, policy.max_fields) if policy.max_fields else None
    if length is not None and fields is None:
        return None  # held to the cap by its word, which every server and framework keeps
    told = length is not None
    environ[_INPUT] = bounded = _Bounded(source, int(length) if told else cap, fields, told=told)
    return bounded
