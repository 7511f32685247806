"""A transport of `httpx2.AsyncClient` that takes pinned keys and no others."""

import asyncio
import ssl
from collections.abc import AsyncIterable, AsyncIterator, Iterable
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
from airside.fetch.resolver import Dialled, anyio_backend
from airside.protocols.pins import MAX_DOCUMENT, Pins


class AsyncPinnedTransport(httpx2.AsyncBaseTransport):
    """As `PinnedTransport`, for clients that await, under asyncio."""

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
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=verifying(trust),
            proxy=through,
            max_connections=MAX_CONNECTIONS,
            keepalive_expiry=KEEPALIVE,
            network_backend=PinningBackend(self._held, anyio_backend(), hops=hops),
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """As httpx2 has it. Raises: PinRefused, and what httpx2 raises where the wire fails."""
        self._held.demand_address(request)
        if self._held.due(name_of(request.url), request.url.port):
            await self._learn(request.url)
        return await self._send(request)

    async def aclose(self) -> None:
        """Close the kept connections."""
        await self._pool.aclose()

    async def _send(self, request: httpx2.Request) -> httpx2.Response:
        with outward():
            answer = await self._pool.handle_async_request(inward(request, request.stream))
        body = _Body(answer.stream)
        said: dict[str, Any] = cast(Any, answer).extensions
        return httpx2.Response(answer.status, headers=answer.headers, stream=body, extensions=said)

    async def _learn(self, url: httpx2.URL) -> None:
        document = bytearray()
        try:
            answer = await self._send(question(url))
            try:
                async for part in answer.aiter_raw():
                    document += part
                    if len(document) > MAX_DOCUMENT:
                        return
                key = key_of(answer.extensions["network_stream"])
            finally:
                await answer.aclose()
        except httpx2.HTTPError:
            return
        # Off the loop: whoever keeps them writes to a disk, and waits for others who do.
        await asyncio.to_thread(self._held.learn, name_of(url), answer.status_code, bytes(document), key)


class PinningBackend(httpcore2.AsyncNetworkBackend):
    """Connects as `dial` does; the last handshake of a connection is a pinned one, after `hops` of a proxy's."""

    def __init__(self, held: HeldPins, dial: httpcore2.AsyncNetworkBackend, *, hops: int = 0) -> None:
        self._held = held
        self._hops = hops
        self._dial = dial

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        dialled = await self._dial.connect_tcp(host, port, timeout, local_address, socket_options)
        return _Stream(dialled, self._held, self._hops)


class _Stream(Dialled):
    """`of` is whose key the handshake has shown, and its pin; None before it."""

    def __init__(
        self, stream: httpcore2.AsyncNetworkStream, held: HeldPins, hops: int, of: tuple[str, str] | None = None
    ) -> None:
        super().__init__(stream)
        self._held = held
        self._hops = hops
        self._of = of

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        # Again: a kept connection may be older than what was learned since, or than its pins are good for.
        if self._of is not None:
            self._held.demand(*self._of)
        await super().write(buffer, timeout)

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.AsyncNetworkStream:
        secured = await super().start_tls(ssl_context, server_hostname, timeout)
        if self._hops:
            return _Stream(secured, self._held, self._hops - 1)
        try:
            of = (server_hostname or "").lower(), key_of(secured)
            self._held.demand(*of)
        except BaseException:
            await secured.aclose()
            raise
        return _Stream(secured, self._held, 0, of)


class _Body(httpx2.AsyncByteStream):
    def __init__(self, stream: object) -> None:
        self._stream = cast(AsyncIterable[bytes], stream)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with outward():
            async for part in self._stream:
                yield part

    async def aclose(self) -> None:
        end = getattr(self._stream, "aclose", None)
        if end is not None:
            with outward():
                await end()
