"""OpenTelemetry traces, where `AIRSIDE_TRACES_URL` asks for them: a span for each request, and in it one for each
database transaction, each question to the key encryption key and each fetch.

They leave in batches by our own `fetch`, in OTLP's protobuf over HTTP, to the one place that the operator names. What
can't leave is dropped: nobody waits for a collector. Spans hold routes, methods, statuses, hosts and request ids;
neither paths nor queries, people nor the words of an exception.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any, Final, NoReturn
from urllib.parse import urlsplit

import structlog
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import Span as OtelSpan
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from airside.core.errors import Refusal
from airside.core.spans import Span
from airside.fetch import Fetcher
from airside.shield import Shield
from airside.shield.passage import KEY, Passage
from airside.wiring.requests import METHODS, NO_ROUTE, OTHER

MAX_WAITING: Final = 4_096
"""Spans kept for the collector; more are dropped, the newest first."""
BATCH: Final = 512
SEND_EVERY: Final = 2.0
"""Seconds between two batches."""
SEND_SECONDS: Final = 5.0
PARENT: Final = b"traceparent"

_log = structlog.get_logger("airside.traces")
_PROPAGATOR: Final = TraceContextTextMapPropagator()
_NOBODYS: Final = Context()
Request = Callable[[ASGIApp, Scope, Receive, Send], Awaitable[None]]
"""What answers one request of an application."""


class Tracing:
    """Implements `core.spans.Spans`, and stands in front of an application.

    Attributes:
        dropped: spans that never left.
    """

    def __init__(self, url: str, *, percent: int, parents: Sequence[str]) -> None:
        """To the collector at `url`, `percent` of the requests. Whoever comes from the networks `parents` may say of
        which trace a request is, and whether it is kept; of anybody else that isn't asked."""
        self.dropped = 0
        self._url = url
        self._parents: list[IPv4Network | IPv6Network] = [ip_network(each) for each in parents]
        parts = urlsplit(url)
        # The operator names this host: it may be in the neighbourhood, as collectors are.
        place = parts.netloc if parts.port else f"{parts.netloc}:{443 if parts.scheme == 'https' else 80}"
        self._fetcher = Fetcher(allow=frozenset({place}))
        self._waiting: deque[ReadableSpan] = deque()
        provider = TracerProvider(
            sampler=ParentBased(TraceIdRatioBased(percent / 100)),
            resource=Resource({"service.name": "airside"}),
            shutdown_on_exit=False,
        )
        provider.add_span_processor(_Ended(self._keep))
        self._tracer = provider.get_tracer("airside")

    def begin(self, name: str, **told: str | int) -> Span:
        """See `Spans`."""
        return _Begun(self._tracer.start_span(name, kind=SpanKind.CLIENT, attributes=told))

    def around(self, app: Shield) -> ASGIApp:
        """`app`, with a span for each of its requests. One that might be answered at once goes the ordinary way; one
        that is turned away at the door has none."""
        return _Traced(app, self._request)

    async def run(self) -> NoReturn:
        """Send for ever."""
        while True:
            await asyncio.sleep(SEND_EVERY)
            await self.flush()

    async def aclose(self) -> None:
        """Send what there is, and let go."""
        await self.flush()
        await self._fetcher.aclose()

    async def flush(self) -> None:
        """Send what waits now; what can't be sent is dropped."""
        for _ in range(-(-len(self._waiting) // BATCH)):
            batch = [self._waiting.popleft() for _ in range(min(BATCH, len(self._waiting)))]
            content = encode_spans(batch).SerializeToString()
            headers = {"content-type": "application/x-protobuf"}
            try:
                answer = await self._fetcher.post(self._url, content=content, headers=headers, timeout=SEND_SECONDS)
                sent = answer.status == 200
            except Refusal:
                sent = False
            if not sent:
                self.dropped += len(batch)
                _log.warning("traces_dropped", spans=len(batch))

    async def _request(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        statuses: list[int] = []

        async def noting(message: Message) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])
            await send(message)

        method = scope["method"] if scope["method"] in METHODS else OTHER
        with self._tracer.start_as_current_span(
            method,
            context=self._parent(scope),
            kind=SpanKind.SERVER,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                await app(scope, receive, noting)
            finally:
                _describe(span, scope, method, statuses[0] if statuses else 0)

    def _parent(self, scope: Scope) -> Context:
        given = [value for name, value in scope["headers"] if name == PARENT]
        peer = scope.get("client")
        if len(given) != 1 or not peer or not self._is_parent(peer[0]):
            return _NOBODYS
        return _PROPAGATOR.extract({"traceparent": given[0].decode("latin-1")}, _NOBODYS)

    def _is_parent(self, peer: str) -> bool:
        try:
            address = ip_address(peer)
        except ValueError:
            return False
        return any(address in network for network in self._parents)

    def _keep(self, span: ReadableSpan) -> None:
        if len(self._waiting) >= MAX_WAITING:
            self.dropped += 1
        else:
            self._waiting.append(span)


class _Traced:
    """An application whose every request `request` takes instead, and whose door is still its own."""

    def __init__(self, app: Shield, request: Request) -> None:
        self._app = app
        self._request = request
        self.admit = app.admit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._request(self._app, scope, receive, send)
        else:
            await self._app(scope, receive, send)


def _describe(span: OtelSpan, scope: Scope, method: str, status: int) -> None:
    found = scope.get("route")
    route = NO_ROUTE if found is None else getattr(found, "path", NO_ROUTE)
    span.update_name(f"{method} {route}")
    told: dict[str, Any] = {"http.request.method": method, "http.route": route, "http.response.status_code": status}
    seen = scope.get(KEY)
    if isinstance(seen, Passage):
        told["airside.request_id"] = seen.request_id
    span.set_attributes(told)
    if status >= 500 or not status:
        span.set_status(Status(StatusCode.ERROR))


class _Begun:
    def __init__(self, span: OtelSpan) -> None:
        self._span = span

    def end(self, failed: str = "") -> None:
        if failed:
            self._span.set_attribute("error.type", failed)
            self._span.set_status(Status(StatusCode.ERROR))
        self._span.end()


class _Ended(SpanProcessor):
    """Hands on what has ended and was to be kept."""

    def __init__(self, keep: Any) -> None:
        self._hand_on = keep

    def on_end(self, span: ReadableSpan) -> None:
        if span.context is not None and span.context.trace_flags.sampled:
            self._hand_on(span)
