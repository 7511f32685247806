"""Asks ClamAV's daemon about bytes, by INSTREAM (clamd(8)): nothing is written where the daemon could read it."""

import asyncio
import struct
from typing import Final, Protocol

from airside.core.errors import InvalidInput, Unavailable

SECONDS: Final = 60.0
_CHUNK: Final = 64 * 1024
_MAX_ANSWER: Final = 4096
_CLEAN: Final = b"stream: OK"
_FOUND: Final = b" FOUND"


class Infected(InvalidInput):
    """The scanner knows it."""

    code = "infected"


class Scanner(Protocol):
    """Says whether a file may be kept."""

    async def scan(self, data: bytes) -> None:
        """Return if `data` is clean.

        Raises:
            Infected: it isn't.
            Unavailable: nobody can tell; it isn't clean until somebody can.
        """
        ...


class ClamAv:
    """A `Scanner` at `place`: the path of a socket, or host and port of a network that nobody else is on, for clamd
    knows no passwords and no TLS."""

    def __init__(self, place: str | tuple[str, int], *, seconds: float = SECONDS) -> None:
        self._place = place
        self._seconds = seconds

    async def scan(self, data: bytes) -> None:
        """See `Scanner`. A file over the daemon's own `StreamMaxLength` is one that nobody can tell of."""
        try:
            async with asyncio.timeout(self._seconds):
                answer = await self._ask(data)
        except (OSError, TimeoutError):
            raise Unavailable("clamav") from None
        if answer.endswith(_FOUND):
            raise Infected("known to the scanner")
        if answer != _CLEAN:
            raise Unavailable("clamav")

    async def _ask(self, data: bytes) -> bytes:
        reader, writer = await (
            asyncio.open_unix_connection(self._place)
            if isinstance(self._place, str)
            else asyncio.open_connection(*self._place)
        )
        try:
            writer.write(b"zINSTREAM\0")
            for start in range(0, len(data), _CHUNK):
                chunk = data[start : start + _CHUNK]
                writer.write(struct.pack("!I", len(chunk)) + chunk)
                await writer.drain()
            writer.write(struct.pack("!I", 0))
            await writer.drain()
            return (await reader.read(_MAX_ANSWER)).rstrip(b"\0")
        finally:
            writer.close()
