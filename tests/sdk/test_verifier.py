"""Access tokens: good ones are read, all others refused, and the key server is left in peace."""

import asyncio
import base64
import json
from typing import Any

import pytest

from airside.core.clock import FixedClock
from airside.core.errors import Misconfigured, Unavailable
from airside.core.strict_json import Json
from airside.fetch import Fetcher
from airside.protocols.jose import Reason, TokenRefused, UnknownKey
from airside.sdk import VerifiedToken, Verifier
from airside.sdk.keys import FETCH_EVERY, MAX_AGE, REFRESH_AFTER
from tests.sdk.peer import AUDIENCE, CLIENT_ID, Peer, new_key


async def _reason(verifier: Verifier, token: str) -> str:
    with pytest.raises(TokenRefused) as refused:
        await verifier.verify(token)
    return refused.value.reason


async def test_token_is_read_into_typed_claims(verifier: Verifier, peer: Peer) -> None:
    token = await verifier.verify(peer.token())
    assert token.subject == "usr_01jd0000000000000000000001"
    assert token.actor == "user:usr_01jd0000000000000000000001"
    assert token.scopes == {"notes:read", "notes:write"}
    assert (token.tenant_id, token.client_id) == ("ten_01jd0000000000000000000002", CLIENT_ID)
    assert (token.roles, token.methods, token.assurance) == (("member",), ("pwd",), "aal1")
    assert token.expires_at == token.issued_at + 900


async def test_token_of_a_client_acts_as_the_client(verifier: Verifier, peer: Peer) -> None:
    token = await verifier.verify(peer.token(sub=CLIENT_ID, without="sid"))
    assert (token.actor, token.session_id) == (f"client:{CLIENT_ID}", None)


async def test_token_without_scope_has_none(verifier: Verifier, peer: Peer) -> None:
    assert (await verifier.verify(peer.token(without="scope"))).scopes == frozenset()


async def test_token_says_who_acts_for_its_subject(verifier: Verifier, peer: Peer) -> None:
    """RFC 8693 §4.1: who does so now comes first."""
    assert (await verifier.verify(peer.token())).acting == ()
    act: Json = {"sub": "cli_2", "act": {"sub": "cli_1"}}
    assert (await verifier.verify(peer.token(act=act))).acting == ("cli_2", "cli_1")


def test_verified_token_can_not_be_made_up() -> None:
    """Proof is a type: the verifier alone holds its mint."""
    forged: Any = object()
    with pytest.raises(TypeError):
        VerifiedToken(
            "u", "c", "t", "j", None, None, frozenset(), (), None, (), None, 0, 0, "k", None, None, (), {}, forged
        )


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"iss": "https://localhost/t/other"}, Reason.ISSUER),
        ({"aud": "https://other.example"}, Reason.AUDIENCE),
        ({"aud": []}, Reason.AUDIENCE),
        ({"without": "aud"}, Reason.AUDIENCE),
        ({"without": "exp"}, Reason.CLAIM),
        ({"without": "iat"}, Reason.CLAIM),
        ({"without": "sub"}, Reason.CLAIM),
        ({"without": "jti"}, Reason.CLAIM),
        ({"without": "client_id"}, Reason.CLAIM),
        ({"without": "tenant_id"}, Reason.CLAIM),
        ({"exp": 1}, Reason.EXPIRED),
        ({"nbf": 4_000_000_000}, Reason.NOT_YET),
        ({"iat": 4_000_000_000}, Reason.NOT_YET),
        ({"scope": ["notes:read"]}, Reason.CLAIM),
        ({"roles": "administrator"}, Reason.CLAIM),
        ({"roles": [1]}, Reason.CLAIM),
        ({"sub": ""}, Reason.CLAIM),
        ({"auth_time": True}, Reason.CLAIM),
        ({"act": {}}, Reason.CLAIM),
        ({"act": "cli_1"}, Reason.CLAIM),
        ({"act": {"sub": ""}}, Reason.CLAIM),
        ({"act": {"sub": "cli_1", "iss": "https://localhost"}}, Reason.CLAIM),
        ({"act": {"sub": "cli_1", "act": []}}, Reason.CLAIM),
        ({"typ": "JWT"}, Reason.TYPE),
        ({"typ": "logout+jwt"}, Reason.TYPE),
    ],
    ids=str,
)
async def test_token_that_is_not_ours_or_not_in_force_is_refused(
    verifier: Verifier, peer: Peer, changed: dict[str, object], reason: Reason
) -> None:
    """N05, N06."""
    assert await _reason(verifier, peer.token(**changed)) == reason  # type: ignore[arg-type]  # claims of any shape


async def test_corrupted_truncated_and_oversized_tokens_are_refused(verifier: Verifier, peer: Peer) -> None:
    """N38."""
    token = peer.token()
    head, body, tail = token.split(".")
    for bad in (
        f"{head}.{body}.{tail[:-8]}AAAAAAAA",
        f"{head}.{body}.{tail[:-2]}",
        f"{head}.{body}.",
        f"{head}.{body}",
        "",
        f" {token}",
        f"{token}=",
        f"{head}.{body}x.{tail}",
        "x" * 20_000,
        f"{head}.{'a' * 20_000}.{tail}",
    ):
        with pytest.raises(TokenRefused):
            await verifier.verify(bad)


async def test_algorithm_none_and_mac_with_the_public_key_are_refused(verifier: Verifier, peer: Peer) -> None:
    """N01."""
    _head, body, tail = peer.token().split(".")
    for alg in ("none", "HS256", "RS256", "es256"):
        header = json.dumps({"alg": alg, "kid": "k1", "typ": "at+jwt"}).encode()
        head = base64.urlsafe_b64encode(header).rstrip(b"=").decode()
        assert await _reason(verifier, f"{head}.{body}.{tail}") == Reason.ALGORITHM


async def test_token_of_another_key_by_the_same_name_is_refused(verifier: Verifier, peer: Peer) -> None:
    assert await _reason(verifier, peer.token(new_key("k1"))) == Reason.SIGNATURE


async def test_token_seen_before_ends_all_the_same(verifier: Verifier, peer: Peer, moment: FixedClock) -> None:
    token = peer.token()
    await verifier.verify(token)
    moment.advance(899)
    await verifier.verify(token)
    moment.advance(60)
    assert await _reason(verifier, token) == Reason.EXPIRED


async def test_cached_verification_asks_nobody(verifier: Verifier, peer: Peer) -> None:
    token = peer.token()
    assert verifier.verify_cached(token) is None
    await verifier.verify(token)
    asked = peer.asked.total()
    assert verifier.verify_cached(token) is await verifier.verify(token)
    assert verifier.verify_cached(peer.token(new_key("k2"))) is None
    assert peer.asked.total() == asked


async def test_new_key_is_found_once_the_pause_is_over(verifier: Verifier, peer: Peer, moment: FixedClock) -> None:
    await verifier.verify(peer.token())
    peer.keys.append(new_key("k2"))
    with pytest.raises(UnknownKey):
        await verifier.verify(peer.token(peer.keys[1]))
    moment.advance(FETCH_EVERY)
    await verifier.verify(peer.token(peer.keys[1]))
    assert peer.asked["jwks"] == 2


async def test_concurrent_first_tokens_share_one_fetch(verifier: Verifier, peer: Peer) -> None:
    await asyncio.gather(*(verifier.verify(peer.token()) for _ in range(50)))
    assert (peer.asked["openid-configuration"], peer.asked["jwks"]) == (1, 1)


async def test_waiter_that_gives_up_does_not_stop_the_fetch(verifier: Verifier, peer: Peer) -> None:
    leaving = asyncio.create_task(verifier.verify(peer.token()))
    staying = asyncio.create_task(verifier.verify(peer.token()))
    await asyncio.sleep(0)
    leaving.cancel()
    assert (await staying).subject
    assert peer.asked["jwks"] == 1


async def test_key_taken_away_takes_its_tokens_away(verifier: Verifier, peer: Peer, moment: FixedClock) -> None:
    """N19: even a token that was verified before."""
    token = peer.token(exp=4_000_000_000)
    await verifier.verify(token)
    peer.keys[0] = new_key("k2")
    moment.advance(REFRESH_AFTER)
    assert verifier.verify_cached(token) is not None  # and asks for newer keys behind it
    with pytest.raises(UnknownKey):
        await verifier.verify(peer.token(new_key("k3")))  # waits for what is under way
    assert peer.asked["jwks"] == 2
    with pytest.raises(UnknownKey):
        await verifier.verify(token)


async def test_known_keys_hold_while_the_server_is_away_but_not_for_ever(
    verifier: Verifier, peer: Peer, moment: FixedClock
) -> None:
    """Fail secure: after a day of silence nobody can vouch for a key."""
    token = peer.token(exp=4_000_000_000)
    await verifier.verify(token)
    peer.down.add("everything")
    moment.advance(MAX_AGE - 1)
    await verifier.verify(token)
    moment.advance(1)
    with pytest.raises(Unavailable):
        await verifier.verify(token)
    assert verifier.verify_cached(token) is None


async def test_nothing_verifies_before_keys_are_there(verifier: Verifier, peer: Peer) -> None:
    peer.down.add("jwks")
    with pytest.raises(Unavailable) as refused:
        await verifier.verify(peer.token())
    assert refused.value.retry_after == pytest.approx(FETCH_EVERY)


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://localhost/t/other"},
        {"issuer": None},
        {"jwks_uri": "https://keys.example/jwks"},
        {"jwks_uri": "http://localhost/jwks"},
        {"jwks_uri": 7},
    ],
    ids=str,
)
async def test_metadata_of_another_issuer_or_origin_is_not_believed(
    verifier: Verifier, peer: Peer, metadata: dict[str, object]
) -> None:
    """N02: keys come from the issuer's own origin or not at all."""
    peer.metadata.update(metadata)  # type: ignore[arg-type]  # what a hostile server may say
    with pytest.raises(Unavailable):
        await verifier.verify(peer.token())
    assert peer.asked["jwks"] == 0


@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"[]",
        b'{"keys":[]}',
        b'{"keys":[{"kty":"oct","k":"AAAA","kid":"k1","alg":"HS256"}]}',
        b'{"keys":[],"keys":[]}',
    ],
)
async def test_key_document_that_is_none_changes_nothing(
    verifier: Verifier, peer: Peer, moment: FixedClock, document: bytes
) -> None:
    await verifier.verify(peer.token())
    peer.jwks = document
    moment.advance(FETCH_EVERY)
    with pytest.raises(UnknownKey):
        await verifier.verify(peer.token(new_key("k2")))
    assert peer.asked["jwks"] == 2
    await verifier.verify(peer.token())


@pytest.mark.parametrize(
    "issuer",
    [
        "http://id.example/t/acme",
        "https://id.example/t/acme/",
        "https://id.example/t/acme?x",
        "https://u@id.example",
        "",
        "id",
    ],
)
def test_issuer_that_is_no_plain_https_address_is_refused(fetcher: Fetcher, moment: FixedClock, issuer: str) -> None:
    with pytest.raises(Misconfigured):
        Verifier(issuer, AUDIENCE, fetcher=fetcher, clock=moment)


def test_unset_audience_is_refused(peer: Peer, fetcher: Fetcher, moment: FixedClock) -> None:
    """N04."""
    with pytest.raises(Misconfigured):
        Verifier(peer.issuer, "", fetcher=fetcher, clock=moment)
