"""HTTP as bytes over real TLS: for what no well-behaved client would send."""

import asyncio
import re
import ssl
from urllib.parse import urlsplit

from tests.running import Running

PATIENCE = 2.0  # seconds without a byte, after which the server is taken to have said everything
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")


async def say(server: Running, *pieces: bytes, patience: float = PATIENCE) -> bytes:
    """Everything that comes back until the connection closes or falls silent."""
    where = urlsplit(server.url)
    trust = ssl.create_default_context(cafile=str(server.certificates.ca))
    reader, writer = await asyncio.open_connection(where.hostname, where.port, ssl=trust)
    heard = b""
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        while True:
            some = await asyncio.wait_for(reader.read(65536), patience)
            if not some:
                return heard
            heard += some
    except (TimeoutError, ConnectionError):
        return heard
    finally:
        writer.close()


def statuses(heard: bytes) -> list[int]:
    """The statuses of the answers in what was heard."""
    return [int(status) for status in _STATUS.findall(heard)]


def host_of(server: Running) -> bytes:
    """What belongs into the Host header."""
    return urlsplit(server.url).netloc.encode()
