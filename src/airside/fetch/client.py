"""The outbound client: one verb a method, every cap in force on every hop."""

import asyncio
import logging
import ssl
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, cast
from urllib.parse import urlsplit

import httpcore2

from airside.core.errors import Misconfigured
from airside.core.spans import Spans
from airside.fetch.model import Fetched, OverCap, Refused, Unavailable
from airside.fetch.pinned import PinningBackend
from airside.fetch.pinning import HeldPins, PinRefused, key_of, verifying
from airside.fetch.resolver import PinnedBackend, Resolver, SystemResolver
from airside.fetch.target import Target, parse
from airside.fetch.trust import tls_context
from airside.protocols.pins import MAX_DOCUMENT, PATH

MAX_BYTES: Final = 1024 * 1024
TIMEOUT: Final = 5.0  # seconds, for everything together: name, connection, every hop, body
MAX_CONNECTIONS: Final = 32
KEEPALIVE: Final = 15.0  # seconds
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_OURS: Final = frozenset({"host", "content-length", "transfer-encoding", "connection", "accept-encoding"})
_NO_HEADERS: Final[Mapping[str, str]] = {}
_LOG: Final = logging.getLogger("airside.fetch")


class Fetcher:
    """Fetches from the internet, never from the neighbourhood.

    `allow` holds exact `host:port` exceptions, which may be private and may be plain http: for tests and
    development, refused by production's start-up. `trust` is a CA file or a TLS context for private CAs.
    With `max_redirects` 0 a 3xx is an answer like any other. `spans` hears of each request, and of its host alone.
    With `pins` it speaks to their hosts and no others, and takes their keys and no others.
    """

    def __init__(
        self,
        *,
        allow: frozenset[str] = frozenset(),
        trust: ssl.SSLContext | Path | None = None,
        resolver: Resolver | None = None,
        max_redirects: int = 0,
        spans: Spans | None = None,
        pins: HeldPins | None = None,
    ) -> None:
        self._spans = spans
        self._pins = pins
        self._allow = frozenset(_exception(place) for place in allow)
        self._max_redirects = max_redirects
        self._system = SystemResolver()
        dial = PinnedBackend(allow=self._allow, resolver=resolver or self._system)
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=tls_context(trust) if pins is None else verifying(trust),
            max_connections=MAX_CONNECTIONS,
            keepalive_expiry=KEEPALIVE,
            network_backend=dial if pins is None else PinningBackend(pins, dial),
        )

    async def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] = _NO_HEADERS,
        max_bytes: int = MAX_BYTES,
        timeout: float = TIMEOUT,
    ) -> Fetched:
        """The answer to a GET of `url`; `timeout` in seconds covers all of it.

        Raises:
            Refused: the URL or a redirect leads where we don't go, too many redirects.
            OverCap: over `max_bytes`; it is a `Refused` too.
            Unavailable: no answer in time, broken HTTP or TLS, or a key that isn't among its pins.
        """
        async with _Deadline(timeout):
            target = parse(url, self._allow)
            await self._learn(target, timeout / 2)
            for _ in range(self._max_redirects + 1):
                fetched = await self._once("GET", target, headers, None, max_bytes)
                location = fetched.headers.get("location")
                if not self._max_redirects or fetched.status not in _REDIRECTS or location is None:
                    return fetched
                following = parse(location, self._allow, target)
                if following.origin != target.origin:
                    headers = _NO_HEADERS  # credentials belong to the origin that they were given for
                target = following
            raise Refused("too many redirects", max_redirects=self._max_redirects)

    async def post(
        self,
        url: str,
        *,
        content: bytes,
        headers: Mapping[str, str] = _NO_HEADERS,
        max_bytes: int = MAX_BYTES,
        timeout: float = TIMEOUT,
    ) -> Fetched:
        """The answer to a POST of `content` to `url`. Redirects are never followed. Raises as `get` does."""
        return await self.send("POST", url, content=content, headers=headers, max_bytes=max_bytes, timeout=timeout)

    async def send(
        self,
        method: str,
        url: str,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] = _NO_HEADERS,
        max_bytes: int = MAX_BYTES,
        timeout: float = TIMEOUT,
    ) -> Fetched:
        """The answer to `method` of `url`, any word that is a method (RFC 9110 §9). Redirects are never followed.
        Raises as `get` does."""
        if not (method.isascii() and method.isalpha() and method.isupper()) or method == "CONNECT":
            raise Refused("no method of a request")
        async with _Deadline(timeout):
            target = parse(url, self._allow)
            await self._learn(target, timeout / 2)
            return await self._once(method, target, headers, content, max_bytes)

    async def aclose(self) -> None:
        """Close the kept connections, and the threads that look up names."""
        await self._pool.aclose()
        self._system.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def _once(
        self, method: str, target: Target, headers: Mapping[str, str], content: bytes | None, max_bytes: int
    ) -> Fetched:
        if self._spans is None:
            return await self._asked(method, target, headers, content, max_bytes)
        span, failed = self._spans.begin("fetch", **{"http.request.method": method, "server.address": target.host}), ""
        try:
            return await self._asked(method, target, headers, content, max_bytes)
        except BaseException as error:
            failed = type(error).__name__
            raise
        finally:
            span.end(failed)

    async def _asked(
        self, method: str, target: Target, headers: Mapping[str, str], content: bytes | None, max_bytes: int
    ) -> Fetched:
        async with self._opened(method, target, headers, content) as response:
            return await _read(response, max_bytes)

    async def _learn(self, target: Target, seconds: float) -> None:
        """Ask for newer pins where that is due; what waits for its own answer loses no more than `seconds` by it."""
        pins = self._pins
        if pins is None or not pins.due(target.host, target.port):
            return
        try:
            async with _Deadline(seconds):
                async with self._opened("GET", replace(target, path=PATH)) as response:
                    key = key_of(cast(Any, response).extensions["network_stream"])
                    told = await _read(response, MAX_DOCUMENT)
                # Off the loop: whoever keeps them writes to a disk, and waits for others who do.
                await asyncio.to_thread(pins.learn, target.host, told.status, told.body, key)
        except (Refused, Unavailable):
            return

    def _opened(
        self, method: str, target: Target, headers: Mapping[str, str] = _NO_HEADERS, content: bytes | None = None
    ) -> AbstractAsyncContextManager[httpcore2.Response]:
        if self._pins is not None:
            self._pins.demand_host(target.scheme, target.host)
        url = httpcore2.URL(
            scheme=target.scheme.encode(),
            host=target.host.encode(),
            port=target.port,
            target=target.path.encode(),
        )
        lines = _request_headers(target, headers, content)
        return self._pool.stream(method, url, headers=lines, content=content)


class _Deadline:
    """All the time there is, and the one place where failures of the wire become `Unavailable`."""

    def __init__(self, seconds: float) -> None:
        self._timeout = asyncio.timeout(seconds)

    async def __aenter__(self) -> None:
        await self._timeout.__aenter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            await self._timeout.__aexit__(kind, error, trace)
        except TimeoutError:
            raise Unavailable("timeout") from None
        if isinstance(error, httpcore2.TimeoutException):
            raise Unavailable("timeout") from None
        if isinstance(error, PinRefused):
            _LOG.warning("nothing was sent: %s", error)
        if isinstance(error, PinRefused | httpcore2.NetworkError | httpcore2.ProtocolError | ssl.SSLError):
            raise Unavailable(type(error).__name__) from None


async def _read(response: httpcore2.Response, max_bytes: int) -> Fetched:
    answer = _response_headers(response.headers)
    if answer.get("content-encoding", "identity") != "identity":
        raise Refused("an answer in an encoding that wasn't asked for")
    body = bytearray()
    async for chunk in response.aiter_stream():
        body += chunk
        if len(body) > max_bytes:
            begun = Fetched(response.status, answer, bytes(body[:max_bytes]), _cookies(response.headers))
            raise OverCap(begun, max_bytes)
    return Fetched(response.status, answer, bytes(body), _cookies(response.headers))


def _request_headers(target: Target, headers: Mapping[str, str], content: bytes | None) -> list[tuple[bytes, bytes]]:
    lines = [(b"host", target.authority.encode()), (b"accept-encoding", b"identity")]
    if content is not None:
        lines.append((b"content-length", str(len(content)).encode()))
    for name, value in headers.items():
        if name.lower() in _OURS or not name.isascii() or not value.isascii():
            raise Refused("a request header that isn't the caller's to set", header=name)
        lines.append((name.encode(), value.encode()))
    return lines


def _response_headers(lines: list[tuple[bytes, bytes]]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for raw_name, raw_value in lines:
        name, value = raw_name.decode("ascii").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _cookies(lines: list[tuple[bytes, bytes]]) -> tuple[str, ...]:
    return tuple(value.decode("latin-1") for name, value in lines if name.lower() == b"set-cookie")


def _exception(place: str) -> str:
    try:
        parsed = urlsplit(f"//{place}")
        exact = parsed.hostname is not None and parsed.port is not None and parsed.netloc == place
    except ValueError:
        exact = False
    if not exact or "*" in place or "@" in place:
        raise Misconfigured("fetch.allow", f"{place!r} isn't an exact host:port")
    return place.lower()
