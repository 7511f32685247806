"""Names to addresses, and the connection that goes to the address that was checked, and to no other."""

import asyncio
import socket
import ssl
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Final, Protocol, cast

import httpcore2

from airside.fetch.addresses import is_public
from airside.fetch.model import Refused

MAX_LOOKUPS: Final = 16
"""Names that one resolver asks for at the same time."""


class Resolver(Protocol):
    """Where a name leads."""

    async def addresses(self, host: str, port: int) -> list[str]:
        """Every IP address of `host`, best first. A host that is an address already is its own answer.

        Raises:
            OSError: the name doesn't resolve.
        """
        ...


class SystemResolver:
    """The operating system's own, off the loop: it reads `0177.1` and `2130706433` as the kernel would.

    In threads of its own: a look-up can't be given up, and in the loop's, which everybody shares, those that hang at
    one name server would hold up all others.
    """

    def __init__(self) -> None:
        self._threads = _threads()

    async def addresses(self, host: str, port: int) -> list[str]:
        ask = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
        found = await asyncio.get_running_loop().run_in_executor(self._threads, ask)
        return list(dict.fromkeys(str(entry[4][0]) for entry in found))

    def close(self) -> None:
        """Let the threads end when they have done what they are at; whoever asks again has new ones."""
        ended, self._threads = self._threads, _threads()
        ended.shutdown(wait=False)


def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(MAX_LOOKUPS, "airside-names")


class Dialled(httpcore2.AsyncNetworkStream):
    """A connection that is closed at once where its TLS handshake is given up: the library leaves one that is cancelled
    to the garbage collector, and a far side that never speaks could hold many."""

    def __init__(self, stream: httpcore2.AsyncNetworkStream) -> None:
        self._stream = stream

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return await self._stream.read(max_bytes, timeout)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self._stream.write(buffer, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.AsyncNetworkStream:
        try:
            return await self._stream.start_tls(ssl_context, server_hostname, timeout)
        except asyncio.CancelledError:
            await self._stream.aclose()
            raise

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def anyio_backend() -> httpcore2.AsyncNetworkBackend:
    """The library's own way to connect."""
    return cast(httpcore2.AsyncNetworkBackend, httpcore2.AnyIOBackend())  # untyped upstream


class PinnedBackend(httpcore2.AsyncNetworkBackend):
    """Resolves once, refuses unless every address is public, and connects to one of those addresses.

    TLS above it still names the host (SNI, certificate) and HTTP still says it (Host): only the dialling is
    pinned, so a second answer of the name server (DNS rebinding) is never asked for.
    """

    def __init__(self, *, allow: frozenset[str], resolver: Resolver) -> None:
        self._allow = allow
        self._resolver = resolver
        self._dial = anyio_backend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        failure: httpcore2.NetworkError | httpcore2.TimeoutException | None = None
        for address in await self._checked(host, port):
            try:
                return Dialled(await self._dial.connect_tcp(address, port, timeout, local_address, socket_options))
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure or httpcore2.ConnectError("the name has no address")

    async def _checked(self, host: str, port: int) -> list[str]:
        try:
            addresses = await self._resolver.addresses(host, port)
        except (OSError, UnicodeError):
            raise httpcore2.ConnectError("the name doesn't resolve") from None
        place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        if place not in self._allow and not all(is_public(address) for address in addresses):
            raise Refused("the host has an address that isn't public", host=host)
        return addresses
