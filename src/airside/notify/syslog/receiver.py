"""The receiver of syslog over TLS (RFC 5425): where it is, who vouches for it, and how it says that it has everything.

Syslog has no acknowledgements, and what a socket has taken is not what a program has read: whoever only writes loses
what was under way when the receiver died. So a batch is a connection of its own, which we end by TLS's `close_notify`;
a receiver has to answer it with its own (RFC 5425 §4.4), and reads that far only when it has read all before. An end
of the connection without it confirms nothing; nor does a `close_notify` that is no answer, of a receiver that doesn't
want us (rsyslog tells a client without its certificate so): whoever goes with something unread resets the connection.
"""

import asyncio
import os
import socket
import ssl
import sys
import termios
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from fcntl import ioctl
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from airside.core.errors import Misconfigured
from airside.notify.model import WayShut
from airside.protocols.syslog import framed
from airside.transport import refuse_open_key
from airside.vault.kms.address import read_options

SETTING: Final = "AIRSIDE_SYSLOG_URL"
PORT: Final = 6514
"""Syslog's over TLS (RFC 5425 §4.1)."""
CONNECT_SECONDS: Final = 10.0
BATCH_SECONDS: Final = 60.0
"""For a whole batch, until the receiver says that it has it."""
_OPTIONS: Final = frozenset({"ca", "certificate", "key", "personal"})
_READ: Final = 16 * 1024
_WRITE: Final = 256 * 1024
_LOOK_EVERY: Final = 0.01
_PART: Final = "syslog receiver"


@dataclass(frozen=True, slots=True)
class SyslogServer:
    """Where it is, which authorities vouch for it (None: the system's), whom we say that we are, and whether it is told
    what records keep sealed of persons."""

    host: str
    port: int
    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    personal: bool = False


def read_address(text: str) -> SyslogServer:
    """What `tls://host:port?ca=…&certificate=…&key=…&personal=yes` names; all options are files but the last.

    Raises:
        ValueError: with a remedy.
    """
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError("has no such port") from None
    if parts.scheme != "tls":
        raise ValueError("is tls://host:6514: an audit log crosses no network in clear")
    if not parts.hostname or parts.username is not None or port == 0:
        raise ValueError("is tls://host:6514, without a user: whom we are, a certificate says")
    if parts.path or parts.fragment:
        raise ValueError("has no path and no fragment: tls://host:6514?ca=/etc/airside/siem.pem")
    options = read_options(parts.query, _OPTIONS)
    if ("certificate" in options) is not ("key" in options):
        raise ValueError("names certificate= and key= together, or neither")
    if options.get("personal", "yes") != "yes":
        raise ValueError("says personal=yes, or nothing")
    files = {name: _file(name, value) for name, value in options.items() if name != "personal"}
    return SyslogServer(parts.hostname, port or PORT, personal="personal" in options, **files)


def _file(name: str, value: str) -> Path:
    if not value.startswith("/"):
        raise ValueError(f"names a whole path: {name}=/…")
    return Path(value)


def syslog_context(server: SyslogServer) -> ssl.SSLContext:
    """TLS 1.2 or 1.3 to a server that its authorities (PEM), or else the system's, vouch for by its name; with a
    certificate of our own where one is named.

    Raises:
        Misconfigured: a file is missing or holds something else, or others can read the key.
    """
    try:
        context = ssl.create_default_context(cafile=server.ca)
    except (OSError, ssl.SSLError) as error:
        raise Misconfigured(SETTING, f"{server.ca} holds no certificates of authorities") from error
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if server.certificate is not None and server.key is not None:
        refuse_open_key(server.key, setting=SETTING)
        try:
            context.load_cert_chain(server.certificate, server.key, password=lambda: "")
        except (OSError, ssl.SSLError) as error:
            remedy = f"{server.certificate} and {server.key} are no pair of certificate and open key"
            raise Misconfigured(SETTING, remedy) from error
    return context


class SyslogReceiver:
    """Hands batches of messages over."""

    def __init__(self, server: SyslogServer, *, tls: ssl.SSLContext) -> None:
        self._server = server
        self._tls = tls

    async def send(self, messages: Iterable[bytes]) -> None:
        """Hand `messages` over, in their order; it returns when the receiver has confirmed all of them.

        Raises:
            WayShut: it hasn't. It may have some.
        """
        try:
            async with asyncio.timeout(BATCH_SECONDS):
                await self._send(messages)
        except (OSError, EOFError) as error:  # what ran out of time, and what TLS refuses, are OSErrors
            raise WayShut(_PART) from error

    async def _send(self, messages: Iterable[bytes]) -> None:
        async with asyncio.timeout(CONNECT_SECONDS):
            reader, writer = await asyncio.open_connection(self._server.host, self._server.port)
        try:
            session = _Session(reader, writer, self._tls, self._server.host)
            async with asyncio.timeout(CONNECT_SECONDS):
                await session.greet()
            waiting = bytearray()
            for message in messages:
                waiting += framed(message)
                if len(waiting) >= _WRITE:
                    await session.write(bytes(waiting))
                    waiting.clear()
            await session.write(bytes(waiting))
            await session.part()
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()


class _Session:
    """A TLS client over a stream, whose end is seen: asyncio's own doesn't tell `close_notify` from a lost peer."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, tls: ssl.SSLContext, host: str
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = tls.wrap_bio(self._in, self._out, server_hostname=host)

    async def greet(self) -> None:
        """The handshake. Raises: OSError: it failed, or whoever is there isn't the one named."""
        while True:
            try:
                self._tls.do_handshake()
            except ssl.SSLWantReadError:
                await self._flush()
                await self._listen()
            except ssl.SSLError:
                await self._flush()  # the alert that says why
                raise
            else:
                await self._flush()
                return

    async def write(self, data: bytes) -> None:
        """No faster than the other side reads."""
        if data:
            self._tls.write(data)
            await self._flush()

    async def part(self) -> None:
        """Say that this was all, and wait until the other side says that it has read so far.

        Raises:
            OSError, EOFError: the connection ended without that.
        """
        while True:
            try:
                self._tls.unwrap()
            except ssl.SSLWantReadError:
                await self._flush()
                await self._listen()
            else:
                await self._flush()
                break
        await self._read_to_the_end()

    async def _read_to_the_end(self) -> None:
        """The kernel of the other side says whether its program has read all that came: it ends the connection if so,
        and else resets it (RFC 1122 §4.2.2.13), at once or when the rest arrives.

        Raises:
            OSError: it was reset.
        """
        self._writer.write_eof()
        while await self._reader.read(_READ):
            pass
        plain = self._writer.get_extra_info("socket")
        while True:
            if error := plain.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                raise OSError(error, os.strerror(error))
            unacknowledged = ioctl(plain.fileno(), termios.TIOCOUTQ, bytes(4))
            if int.from_bytes(unacknowledged, sys.byteorder) == 0:
                return
            await asyncio.sleep(_LOOK_EVERY)

    async def _listen(self) -> None:
        data = await self._reader.read(_READ)
        if not data:
            raise EOFError("the connection ended before the receiver said that it has read everything")
        self._in.write(data)

    async def _flush(self) -> None:
        self._writer.write(self._out.read())
        await self._writer.drain()
