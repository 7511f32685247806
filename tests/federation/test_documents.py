"""What providers publish: fetched seldom, remembered for the whole process, kept while their servers are away."""

import asyncio
from typing import Final

import pytest

from airside.core.errors import Unauthenticated, Unavailable
from airside.core.strict_json import Json
from airside.federation import Documents
from airside.federation.documents import FETCH_EVERY, FRESHNESS, MAX_DOCUMENTS, MAX_STALE, ProviderAway, Reader
from airside.fetch import Fetcher
from airside.protocols.jose import SigningKey
from airside.protocols.jose.keys import generate
from tests.federation.issuer import KEYS
from tests.federation.kit import new_login
from tests.federation.oidc_kit import OidcKit

JSON: Final = "Content-Type: application/json"
DOWN: Final = ("503 Service Unavailable", JSON, b"{}")
ADA: dict[str, Json] = {"email": "ada@example.com", "email_verified": True, "name": "Ada"}
USUAL: Final = FRESHNESS.usual.total_seconds()
RAW: Final = Reader("raw", lambda body: body, 1024)


async def look(oidc: OidcKit, path: str = "/thing", documents: Documents | None = None) -> bytes:
    async with oidc.federation.begin() as ctx:
        return await (documents or oidc.documents).current(ctx, f"{oidc.issuer.url}{path}", RAW)


async def test_new_key_is_found_by_one_look(oidc: OidcKit) -> None:
    """OpenID Connect Core §10.1.1: rollover."""
    connection = await oidc.connection()
    await oidc.sign_in(connection, ADA)
    new = SigningKey("RS256-2", "RS256", generate("RS256"))
    oidc.issuer.key, oidc.issuer.published = new, [KEYS["RS256"], new]
    oidc.clock.advance(FETCH_EVERY)
    await oidc.sign_in(connection, ADA)
    assert oidc.issuer.asked["/keys"] == 2


async def test_key_that_was_taken_away_lives_no_longer_than_a_document_is_fresh(oidc: OidcKit) -> None:
    """N19"""
    connection = await oidc.connection()
    await oidc.sign_in(connection, ADA)
    oidc.issuer.published = [SigningKey("RS256-2", "RS256", generate("RS256"))]
    oidc.clock.advance(FRESHNESS.longest.total_seconds())
    with pytest.raises(Unauthenticated):
        await oidc.sign_in(connection, ADA)


async def test_known_keys_go_on_while_the_key_server_is_down(oidc: OidcKit) -> None:
    """G36"""
    connection = await oidc.connection()
    await oidc.sign_in(connection, ADA)
    oidc.issuer.answers |= {"/keys": DOWN, "/.well-known/openid-configuration": DOWN}
    for _ in range(3):
        oidc.clock.advance(USUAL)
        await oidc.sign_in(connection, ADA)
    oidc.clock.advance(MAX_STALE)
    with pytest.raises(Unavailable):
        await oidc.lead(connection, new_login())


@pytest.mark.parametrize(
    "body", [b"", b"{}", b'{"keys":[]}', b"<html>", b" " * 300_000, b'{"keys":[{"kty":"oct","k":"AA","kid":"x"}]}']
)
async def test_rubbish_in_place_of_keys_takes_none_away(oidc: OidcKit, body: bytes) -> None:
    """N02, N04: and is no key."""
    connection = await oidc.connection()
    await oidc.sign_in(connection, ADA)
    oidc.issuer.answers["/keys"] = ("200 OK", JSON, body)
    oidc.clock.advance(USUAL)
    await oidc.sign_in(connection, ADA)


async def test_address_that_never_answered_is_asked_once_in_thirty_seconds(oidc: OidcKit) -> None:
    """N27"""
    oidc.issuer.answers["/thing"] = DOWN
    for _ in range(4):
        asked = await asyncio.gather(*(look(oidc) for _ in range(50)), return_exceptions=True)
        assert all(isinstance(each, ProviderAway) for each in asked)
        oidc.clock.advance(FETCH_EVERY / 2)
    assert oidc.issuer.asked["/thing"] == 2


async def test_many_at_once_wait_for_one_fetch(oidc: OidcKit) -> None:
    """N27"""
    oidc.issuer.answers["/thing"] = ("200 OK", JSON, b"yes")
    assert await asyncio.gather(*(look(oidc) for _ in range(50))) == [b"yes"] * 50
    assert oidc.issuer.asked["/thing"] == 1


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("", 3600),
        ("Cache-Control: max-age=600", 600),
        ("Cache-Control: public, max-age=1", 300),
        ("Cache-Control: max-age=999999999", 3600),
        ("Cache-Control: no-store", 300),
        ("Cache-Control: max-age=-5", 3600),
    ],
)
async def test_document_is_fresh_as_http_says_within_bounds(oidc: OidcKit, said: str, seconds: int) -> None:
    """RFC 9111 §5.2.2"""
    oidc.issuer.answers["/thing"] = ("200 OK", f"{JSON}\r\n{said}" if said else JSON, b"yes")
    await look(oidc)
    oidc.clock.advance(seconds - 1)
    await look(oidc)
    assert oidc.issuer.asked["/thing"] == 1
    oidc.clock.advance(1)
    await look(oidc)
    assert oidc.issuer.asked["/thing"] == 2


async def test_memory_is_bounded(oidc: OidcKit) -> None:
    """N27: whoever makes connections to a thousand addresses doesn't fill it."""
    async with Fetcher(allow=frozenset({oidc.issuer.place})) as fetcher:
        documents = Documents(fetcher=fetcher, clock=oidc.clock)
        oidc.issuer.answers["/first"] = ("200 OK", JSON, b"yes")
        await look(oidc, "/first", documents)
        for number in range(MAX_DOCUMENTS):
            with pytest.raises(ProviderAway):
                await look(oidc, f"/{number}", documents)
        await look(oidc, "/first", documents)
    assert oidc.issuer.asked["/first"] == 2


async def test_redirect_is_no_document(oidc: OidcKit) -> None:
    """N28"""
    oidc.issuer.answers["/thing"] = ("302 Found", "Location: http://169.254.169.254/", b"")
    with pytest.raises(ProviderAway):
        await look(oidc)


async def test_who_can_not_read_a_document_keeps_it_from_nobody(oidc: OidcKit) -> None:
    """N20: another tenant's connection to the same address, for keys that aren't there, spends no fetch of this
    one's."""
    theirs = await oidc.connection(
        oidc.settings(
            id_token_signed_response_alg="EdDSA",
            authorization_endpoint=f"{oidc.issuer.url}/authorize",
            token_endpoint=f"{oidc.issuer.url}/token",
            jwks_uri=f"{oidc.issuer.url}/keys",
        )
    )
    for _ in range(3):
        with pytest.raises(Unauthenticated):
            await oidc.sign_in(theirs, ADA)
        assert await oidc.sign_in(await oidc.connection(), ADA | {"sub": str(_), "email": f"e{_}@example.com"})
        oidc.clock.advance(FETCH_EVERY)
