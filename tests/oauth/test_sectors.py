"""The document at a sector_identifier_uri, on a real server (OpenID Connect Dynamic Client Registration 1.0 §5)."""

import json
from collections.abc import AsyncIterator

import pytest

from airside.core.errors import InvalidInput
from airside.fetch import Fetcher
from airside.oauth import SectorIdentifiers, parse_settings
from tests.fetch.conftest import Server, answer, redirect, run
from tests.oauth.provider import CALLBACK


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async for one in run():
        yield one


async def check(server: Server, body: bytes, *, allow: bool = True) -> None:
    """What the registrar says to a client whose document is `body`."""
    server.answers["/sector"] = body
    uri = f"http://{server.place}/sector"
    async with Fetcher(allow=frozenset({server.place} if allow else ())) as fetcher:
        sectors = SectorIdentifiers(fetcher=fetcher)
        settings = parse_settings({"subject_type": "pairwise", "sector_identifier_uri": uri})
        await sectors.check(settings, (CALLBACK,))


async def test_document_with_every_redirect_uri_passes(server: Server) -> None:
    await check(server, answer(json.dumps(["https://other.example.test/cb", CALLBACK]).encode()))


async def test_client_without_a_sector_is_asked_for_none(server: Server) -> None:
    async with Fetcher() as fetcher:
        await SectorIdentifiers(fetcher=fetcher).check(parse_settings({}), (CALLBACK,))
    assert server.connections == 0


@pytest.mark.parametrize(
    "body",
    [
        answer(b"[]"),
        answer(b'["https://app.example.test/other"]'),
        answer(b'{"redirect_uris": ["https://app.example.test/callback"]}'),
        answer(b'["https://app.example.test/callback", 1]'),
        answer(b'["https://app.example.test/callback"'),
        answer(b"[" + b"[" * 100),
        answer(json.dumps([CALLBACK, "x" * 70_000]).encode()),
        answer(json.dumps([CALLBACK]).encode(), "404 Not Found"),
        redirect("/other"),
        b"nonsense\r\n\r\n",
    ],
)
async def test_any_other_document_is_refused(server: Server, body: bytes) -> None:
    """N10, N27, N28: corrupted, truncated, oversized, elsewhere."""
    with pytest.raises(InvalidInput) as caught:
        await check(server, body)
    assert caught.value.data["pointer"] == "settings.sector_identifier_uri"


async def test_private_address_is_never_asked(server: Server) -> None:
    """N28."""
    with pytest.raises(InvalidInput):
        await check(server, answer(json.dumps([CALLBACK]).encode()), allow=False)
    assert server.connections == 0
