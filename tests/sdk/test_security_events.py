"""Applications take a security event once, if its transmitter signed it for them."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from airside.core.clock import epoch
from airside.core.errors import Misconfigured
from airside.fetch import Fetcher
from airside.protocols.jose import SigningKey, TokenRefused, sign_jwt
from airside.protocols.secevent import SESSION_REVOKED, SET_TYPE, iss_sub
from airside.sdk import SecurityEventReplayed, SecurityEventVerifier
from tests.sdk.peer import CLIENT_ID, Peer, new_key


@pytest.fixture
async def taker(peer: Peer, fetcher: Fetcher) -> AsyncIterator[SecurityEventVerifier]:
    made = SecurityEventVerifier(peer.issuer, CLIENT_ID, fetcher=fetcher, clock=peer.clock)
    yield made
    await made.stop()


def token(peer: Peer, key: SigningKey | None = None, *, typ: str = SET_TYPE, **claims: Any) -> str:
    said: dict[str, Any] = {
        "iss": peer.issuer,
        "aud": CLIENT_ID,
        "iat": epoch(peer.clock.now()),
        "jti": "set_1",
        "sub_id": iss_sub(peer.issuer, "usr_1"),
        "events": {SESSION_REVOKED: {"event_timestamp": 1}},
    }
    return sign_jwt(key or peer.keys[0], said | claims, typ=typ)


async def test_event_is_taken_once(taker: SecurityEventVerifier, peer: Peer) -> None:
    async with taker.taking(token(peer)) as event:
        assert (event.jti, event.kind) == ("set_1", SESSION_REVOKED)
    with pytest.raises(SecurityEventReplayed):
        async with taker.taking(token(peer)):
            raise AssertionError
    async with taker.taking(token(peer, jti="set_2")):
        pass


async def test_what_failed_while_it_was_taken_may_come_again(taker: SecurityEventVerifier, peer: Peer) -> None:
    with pytest.raises(ZeroDivisionError):
        async with taker.taking(token(peer)):
            raise ZeroDivisionError
    async with taker.taking(token(peer)) as event:
        assert event.jti == "set_1"


async def test_no_other_token_and_no_other_key_passes(taker: SecurityEventVerifier, peer: Peer) -> None:
    for text in (peer.token(), token(peer, typ="at+jwt"), token(peer, new_key("k1")), token(peer, aud="cli_other")):
        with pytest.raises(TokenRefused):
            async with taker.taking(text):
                raise AssertionError
    assert peer.asked.total() <= 2


def test_audience_must_be_named(peer: Peer, fetcher: Fetcher) -> None:
    with pytest.raises(Misconfigured):
        SecurityEventVerifier(peer.issuer, "", fetcher=fetcher, clock=peer.clock)
