"""An advisory database comes from a mirror over TLS alone, whole or not at all."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from airside.assurance.advisories import read_database
from airside.assurance.mirror import fetch_database
from airside.core.clock import SystemClock
from airside.core.errors import InvalidInput, Unavailable
from airside.transport import ensure_development_certificates, server_context

ADVISORY = {
    "id": "CVE-1",
    "modified": "2026-11-28T00:00:00Z",
    "affected": [{"package": {"ecosystem": "PyPI", "name": "left-pad"}}],
}


@dataclass(frozen=True)
class Mirror:
    """A server of its own authority, which has the database and nothing else."""

    address: str
    ca: Path


@pytest.fixture
async def mirror(tmp_path: Path) -> AsyncIterator[Mirror]:
    files = ensure_development_certificates(tmp_path / "tls", clock=SystemClock())
    body = json.dumps([ADVISORY]).encode()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        status = b"200 OK" if head.startswith(b"GET /all.json ") else b"404 Not Found"
        length = str(len(body)).encode()
        writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: " + length + b"\r\nConnection: close\r\n\r\n" + body)
        await writer.drain()
        writer.close()

    context = server_context(files.certificate, files.key)
    listener = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    yield Mirror(f"https://localhost:{listener.sockets[0].getsockname()[1]}", files.ca)
    listener.close()


async def test_database_of_a_named_mirror_is_read(mirror: Mirror) -> None:
    data = await fetch_database(f"{mirror.address}/all.json", ca_file=mirror.ca)
    assert [each.id for each in read_database(data)] == ["CVE-1"]


async def test_another_answer_than_the_database_is_none(mirror: Mirror) -> None:
    with pytest.raises(Unavailable):
        await fetch_database(f"{mirror.address}/gone.json", ca_file=mirror.ca)


async def test_mirror_that_nobody_vouches_for_is_not_believed(mirror: Mirror) -> None:
    with pytest.raises(Unavailable):
        await fetch_database(f"{mirror.address}/all.json")


@pytest.mark.parametrize("address", ["http://localhost/all.zip", "https:///all.zip", "ftp://h/", "https://h:port/"])
async def test_address_that_is_no_https_address_is_refused(address: str) -> None:
    with pytest.raises(InvalidInput):
        await fetch_database(address)
