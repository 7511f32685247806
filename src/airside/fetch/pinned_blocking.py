"""A transport of `httpx2.Client` that takes pinned keys and no others."""

import ssl
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, cast

import httpcore2
import httpx2

from airside.core.clock import Clock, SystemClock
from airside.fetch.pinning import (
    KEEPALIVE,
    MAX_CONNECTIONS,
    HeldPins,
    Learned,
    inward,
    key_of,
    name_of,
    outward,
    proxy_of,
    question,
    verifying,
)
from airside.protocols.pins import MAX_DOCUMENT, Pins


class PinnedTransport(httpx2.BaseTransport):
    """Speaks to the hosts of `pins` over TLS whose certificate is verified and whose key is pinned, and to no others.

    `trust` is a CA file or a TLS context for private CAs, `proxy` an http or https proxy; the environment names none.
    Newer pins are asked for once an hour at most; `learned` is handed them, to be kept for the next start.

    Raises:
        Misconfigured: no pins, a context that verifies nothing, or no proxy.
    """

    def __init__(
        self,
        *pins: Pins,
        trust: ssl.SSLContext | Path | None = None,
        proxy: str | httpx2.Proxy | None = None,
        learned: Learned | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._held = HeldPins(pins, clock=clock or SystemClock(), learned=learned)
        through = proxy_of(proxy)
        hops = 1 if through is not None and through.url.scheme == b"https" else 0
        self._pool = httpcore2.ConnectionPool(
            ssl_context=verifying(trust),
            proxy=through,
            max_connections=MAX_CONNECTIONS,
            keepalive_expiry=KEEPALIVE,
            network_backend=_Backend(self._held, hops),
        )

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """As httpx2 has it. Raises: PinRefused, and what httpx2 raises where the wire fails."""
        self._held.demand_address(request)
        if self._held.due(name_of(request.url), request.url.port):
            self._learn(request.url)
        return self._send(request)

    def close(self) -> None:
        """Close the kept connections."""
        self._pool.close()

    def _send(self, request: httpx2.Request) -> httpx2.Response:
        with outward():
            answer = self._pool.handle_request(inward(request, request.stream))
        body = _Body(answer.stream)
        said: dict[str, Any] = cast(Any, answer).extensions
        return httpx2.Response(answer.status, headers=answer.headers, stream=body, extensions=said)

    def _learn(self, url: httpx2.URL) -> None:
        document = bytearray()
        try:
            answer = self._send(question(url))
            try:
                for part in answer.iter_raw():
                    document += part
                    if len(document) > MAX_DOCUMENT:
                        return
                key = key_of(answer.extensions["network_stream"])
            finally:
                answer.close()
        except httpx2.HTTPError:
            return
        self._held.learn(name_of(url), answer.status_code, bytes(document), key)


class _Backend(httpcore2.NetworkBackend):
    """Connects as httpcore2 does; the last handshake of a connection is a pinned one, after `hops` of a proxy's."""

    def __init__(self, held: HeldPins, hops: int) -> None:
        self._held = held
        self._hops = hops
        self._dial = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        dialled = self._dial.connect_tcp(host, port, timeout, local_address, socket_options)
        return _Stream(dialled, self._held, self._hops)


class _Stream(httpcore2.NetworkStream):
    """`of` is whose key the handshake has shown, and its pin; None before it."""

    def __init__(
        self, stream: httpcore2.NetworkStream, held: HeldPins, hops: int, of: tuple[str, str] | None = None
    ) -> None:
        self._stream = stream
        self._held = held
        self._hops = hops
        self._of = of

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, timeout)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        # Again: a kept connection may be older than what was learned since, or than its pins are good for.
        if self._of is not None:
            self._held.demand(*self._of)
        self._stream.write(buffer, timeout)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        secured = self._stream.start_tls(ssl_context, server_hostname, timeout)
        if self._hops:
            return _Stream(secured, self._held, self._hops - 1)
        try:
            of = (server_hostname or "").lower(), key_of(secured)
            self._held.demand(*of)
        except BaseException:
            secured.close()
            raise
        return _Stream(secured, self._held, 0, of)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Body(httpx2.SyncByteStream):
    def __init__(self, stream: object) -> None:
        self._stream = cast(Iterable[bytes], stream)

    def __iter__(self) -> Iterator[bytes]:
        with outward():
            yield from self._stream

    def close(self) -> None:
        end = getattr(self._stream, "close", None)
        if end is not None:
            with outward():
                end()
