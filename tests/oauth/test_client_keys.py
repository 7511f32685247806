"""The keys of clients: by value and from their jwks_uri, seldom fetched, kept while the client's server is away."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from airside.core.clock import FixedClock
from airside.core.errors import Unavailable
from airside.fetch import Fetcher
from airside.oauth import Client, ClientKeys, ClientSettings
from airside.oauth.client_keys import FETCH_EVERY, MAX_AGE, REFRESH_AFTER
from airside.protocols.jose import KeyRefused, TokenRefused, UnknownKey, b64url_encode, public_jwk, sign_compact
from airside.protocols.oauth import client_keyset, parse_client_jwks
from tests.oauth.provider import SERVICE, Provider
from tests.senders import Signer, signed


@dataclass
class Publisher:
    """A client's own server: answers with its keys, or doesn't."""

    port: int = 0
    asked: int = 0
    body: bytes = b'{"keys":[]}'
    status: str = "200 OK"
    headers: list[str] = field(default_factory=list[str])

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.port}/jwks"

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.asked += 1
        head = [f"HTTP/1.1 {self.status}", f"Content-Length: {len(self.body)}", "Connection: close", *self.headers]
        writer.write("\r\n".join(head).encode() + b"\r\n\r\n" + self.body)
        await writer.drain()
        writer.close()


@pytest.fixture
async def publisher() -> AsyncIterator[Publisher]:
    made = Publisher()
    listening = await asyncio.start_server(made.answer, "127.0.0.1", 0)
    made.port = listening.sockets[0].getsockname()[1]
    yield made
    listening.close()


@dataclass
class Kit:
    """Keys of a client of its own, at a clock of their own."""

    provider: Provider
    client: Client
    keys: ClientKeys
    clock: FixedClock

    async def verify(self, token: str, client: Client | None = None) -> bytes:
        async with self.provider.ctx() as ctx:
            return (await self.keys.verify(ctx, client or self.client, token)).payload


async def kit(provider: Provider, settings: ClientSettings, *allow: int) -> Kit:
    client, _ = await provider.client(SERVICE)
    clock = FixedClock(provider.clock.now())
    fetcher = Fetcher(allow=frozenset(f"127.0.0.1:{port}" for port in allow))
    keys = ClientKeys(fetcher=fetcher, clock=clock)
    return Kit(provider, replace(client, settings=settings), keys, clock)


def token_of(signer: Signer) -> str:
    return sign_compact(signer.key, b"{}", typ="JWT")


def published(*signers: Signer) -> bytes:
    return json.dumps({"keys": [jwk for signer in signers for jwk in signer.jwks["keys"]]}).encode()


async def test_registered_keys_verify(provider: Provider) -> None:
    """RFC 7591 §2, `jwks`."""
    signer = Signer()
    own = await kit(provider, ClientSettings(jwks=signer.jwks))
    assert await own.verify(token_of(signer)) == b"{}"
    with pytest.raises(UnknownKey):
        await own.verify(token_of(Signer("another")))
    with pytest.raises(TokenRefused):
        await own.verify(token_of(Signer()))


async def test_token_that_names_no_key_is_of_the_only_one(provider: Provider) -> None:
    """RFC 7515 §4.1.4: `kid` may be left out; a client of several keys has to name one (N02)."""
    signer, other = Signer(), Signer("other")
    nameless = signed(signer.key, {"alg": "ES256"}, {})
    own = await kit(provider, ClientSettings(jwks=signer.jwks))
    assert await own.verify(nameless) == b"{}"
    for header in ({"alg": "ES256", "kid": ""}, {"alg": "ES256", "kid": None}, {"alg": "ES256", "kid": ["client-1"]}):
        with pytest.raises(UnknownKey):
            await own.verify(signed(signer.key, header, {}))
    with pytest.raises(TokenRefused):
        await own.verify(signed(other.key, {"alg": "ES256"}, {}))
    both = {"keys": [*signer.jwks["keys"], *other.jwks["keys"]]}
    several = await kit(provider, ClientSettings(jwks=both))
    with pytest.raises(UnknownKey):
        await several.verify(nameless)


async def test_client_without_keys_has_none(provider: Provider) -> None:
    """N04."""
    own = await kit(provider, ClientSettings())
    with pytest.raises(UnknownKey):
        await own.verify(token_of(Signer()))


async def test_published_keys_verify_with_one_fetch(provider: Provider, publisher: Publisher) -> None:
    """RFC 7591 §2, `jwks_uri`."""
    signer = Signer()
    publisher.body = published(signer)
    own = await kit(provider, ClientSettings(jwks_uri=publisher.uri), publisher.port)
    for _ in range(5):
        await own.verify(token_of(signer))
    assert publisher.asked == 1


async def test_ten_thousand_unknown_names_cause_one_fetch_in_thirty_seconds(
    provider: Provider, publisher: Publisher
) -> None:
    """N27, G36: and known keys go on verifying meanwhile."""
    signer = Signer()
    publisher.body = published(signer)
    own = await kit(provider, ClientSettings(jwks_uri=publisher.uri), publisher.port)
    await own.verify(token_of(signer))
    own.clock.advance(FETCH_EVERY)
    header, _, rest = token_of(signer).partition(".")
    assert header
    async with provider.ctx() as ctx:
        for number in range(10_000):
            named = b64url_encode(json.dumps({"alg": "ES256", "kid": f"k{number}", "typ": "JWT"}).encode())
            with pytest.raises(UnknownKey):
                await own.keys.verify(ctx, own.client, f"{named}.{rest}")
    await own.verify(token_of(signer))
    assert publisher.asked == 2


async def test_many_at_once_wait_for_one_fetch(provider: Provider, publisher: Publisher) -> None:
    """N27."""
    signer = Signer()
    publisher.body = published(signer)
    own = await kit(provider, ClientSettings(jwks_uri=publisher.uri), publisher.port)
    assert await asyncio.gather(*(own.verify(token_of(signer)) for _ in range(20))) == [b"{}"] * 20
    assert publisher.asked == 1


async def test_new_key_is_found_by_its_name_and_a_removed_one_dies_with_the_next_fetch(
    provider: Provider, publisher: Publisher
) -> None:
    old, new = Signer("old"), Signer("new")
    publisher.body = published(old)
    own = await kit(provider, ClientSettings(jwks_uri=publisher.uri), publisher.port)
    await own.verify(token_of(old))
    publisher.body = published(new)
    with pytest.raises(UnknownKey):
        await own.verify(token_of(new))
    own.clock.advance(FETCH_EVERY)
    await own.verify(token_of(new))
    with pytest.raises(UnknownKey):
        await own.verify(token_of(old))


@pytest.mark.parametrize(
    ("status", "body"),
    [
        ("500 Internal Server Error", b""),
        ("302 Found", b""),
        ("200 OK", b"<html>"),
        ("200 OK", b'{"keys":[]}'),
        ("200 OK", b'{"keys":[{"kty":"oct","k":"AAAA","kid":"client-1","alg":"HS256"}]}'),
        ("200 OK", b'{"keys":[' + b" " * 70_000 + b"]}"),
    ],
)
async def test_old_keys_stay_when_a_fetch_brings_none(
    provider: Provider, publisher: Publisher, status: str, body: bytes
) -> None:
    """G36: the key server is down, wrong, or taken over; N27: and its answers are bounded."""
    signer = Signer()
    publisher.body = published(signer)
    own = await kit(provider, ClientSettings(jwks_uri=publisher.uri), publisher.port)
    await own.verify(token_of(signer))
    publisher.status, publisher.body = status, body
    own.clock.advance(REFRESH_AFTER)
    await own.verify(token_of(signer))
    assert publisher.asked == 2


async def test_keys_too_old_verify_nothing(provider: Provider, publisher: Publisher) -> None:
    signer = Signer()
    publisher.body = published(signer)
    own = await kit(provider, ClientSettings(jwks_uri=publisher.uri), publisher.port)
    await own.verify(token_of(signer))
    publisher.status = "503 Service Unavailable"
    own.clock.advance(MAX_AGE)
    with pytest.raises(Unavailable):
        await own.verify(token_of(signer))


async def test_private_addresses_are_never_asked(provider: Provider, publisher: Publisher) -> None:
    """N28: a jwks_uri leads nowhere inside."""
    publisher.body = published(Signer())
    for uri in (publisher.uri, publisher.uri.replace("http", "https"), "https://169.254.169.254/latest"):
        own = await kit(provider, ClientSettings(jwks_uri=uri))
        with pytest.raises(Unavailable):
            await own.verify(token_of(Signer()))
    assert publisher.asked == 0


async def test_redirects_are_not_followed(provider: Provider, publisher: Publisher) -> None:
    """N28."""
    publisher.status, publisher.headers = "302 Found", [f"Location: {publisher.uri}/elsewhere"]
    own = await kit(provider, ClientSettings(jwks_uri=publisher.uri), publisher.port)
    with pytest.raises(Unavailable):
        await own.verify(token_of(Signer()))
    assert publisher.asked == 1


async def test_changed_registration_counts_at_once(provider: Provider) -> None:
    """N18: a key that was taken away opens nothing."""
    old, new = Signer("old"), Signer("new")
    own = await kit(provider, ClientSettings(jwks=old.jwks))
    await own.verify(token_of(old))
    changed = replace(own.client, settings=ClientSettings(jwks=new.jwks))
    await own.verify(token_of(new), changed)
    with pytest.raises(UnknownKey):
        await own.verify(token_of(old), changed)


def test_keys_without_an_algorithm_are_pinned_to_one() -> None:
    """N01: by curve; RSA as the profile has it."""
    for alg, rsa, expected in (
        ("ES256", "RS256", "ES256"),
        ("EdDSA", "RS256", "EdDSA"),
        ("RS256", "RS256", "RS256"),
        ("RS256", "PS256", "PS256"),
    ):
        assert rsa in ("RS256", "PS256")
        jwk = {**public_jwk(Signer("k", alg).key.verification())}
        del jwk["alg"]
        found = client_keyset({"keys": [jwk]}, rsa="PS256" if rsa == "PS256" else "RS256").get("k")
        assert found is not None
        assert found.alg == expected


def test_key_without_a_name_goes_by_its_thumbprint() -> None:
    jwk = {**public_jwk(Signer().key.verification())}
    del jwk["kid"]
    (key,) = client_keyset({"keys": [jwk]})
    assert len(key.kid) == 43


def test_keys_for_other_uses_are_left_out() -> None:
    """RFC 7517 §5."""
    jwk: dict[str, Any] = public_jwk(Signer().key.verification())
    others: list[Any] = [{**jwk, "kid": "e", "use": "enc"}, {**jwk, "kid": "x", "alg": "ES999"}, {"kty": "XYZ"}]
    assert len(client_keyset({"keys": [jwk, *others]})) == 1
    assert len(client_keyset({"keys": others})) == 0


def test_bad_sets_are_refused_whole() -> None:
    """N01, N02, N27."""
    jwk: dict[str, Any] = public_jwk(Signer().key.verification())
    sets: list[Any] = [
        [],
        [jwk, jwk],
        [{**jwk, "d": "AAAA"}],
        [{"kty": "oct", "k": "AAAA"}],
        [{**jwk, "x": "AAAA"}],
        [{**jwk, "kid": str(number)} for number in range(11)],
        ["key"],
        "keys",
        None,
    ]
    for keys in sets:
        with pytest.raises(KeyRefused):
            client_keyset({"keys": keys})
    with pytest.raises(KeyRefused):
        parse_client_jwks(b"{}")
