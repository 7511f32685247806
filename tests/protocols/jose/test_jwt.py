"""Claims: for whom, by whom, as what, when."""

from typing import Any

import pytest

from airside.core.strict_json import dumps
from airside.protocols.jose import (
    ANY_AUDIENCE,
    MAX_LEEWAY,
    Expected,
    KeySet,
    Reason,
    SigningKey,
    TokenRefused,
    VerifiedJwt,
    peek_claims,
    sign_compact,
    sign_jwt,
    verify_jwt,
)

NOW = 1_800_000_000
ISSUER = "https://id.example/t/acme"
EXPECTED = Expected("at+jwt", ISSUER, "https://api.example", leeway=30)
CLAIMS: dict[str, Any] = {"iss": ISSUER, "aud": "https://api.example", "iat": NOW, "nbf": NOW, "exp": NOW + 900}
Keys = dict[str, SigningKey]


@pytest.fixture
def token_of(signing_keys: Keys):
    def make(typ: str = "at+jwt", without: str = "", **changes: Any) -> str:
        claims = {name: value for name, value in (CLAIMS | changes).items() if name != without}
        return sign_jwt(signing_keys["ES256"], claims, typ=typ)

    return make


def refused(token: str, keys: KeySet, expected: Expected = EXPECTED, now: float = NOW) -> str:
    with pytest.raises(TokenRefused) as caught:
        verify_jwt(token, keys, expected, now)
    return caught.value.reason


def test_round_trip(token_of: Any, keyset: KeySet):
    verified = verify_jwt(token_of(sub="usr_1"), keyset, EXPECTED, NOW)
    assert verified.claims["sub"] == "usr_1"
    assert (verified.valid_from, verified.valid_until) == (NOW - 30, NOW + 930)


@pytest.mark.parametrize("typ", ["at+jwt", "AT+JWT", "application/at+jwt", "Application/AT+jwt"])
def test_type_is_compared_as_a_media_type(typ: str, token_of: Any, keyset: KeySet):
    verify_jwt(token_of(typ), keyset, EXPECTED, NOW)


@pytest.mark.parametrize("typ", ["JWT", "jwt", "logout+jwt", "", "text/at+jwt", "at+jwt ", "application/x/at+jwt"])
def test_token_with_unexpected_type_header_is_refused(typ: str, token_of: Any, keyset: KeySet):
    """N06: one kind of token taken for another."""
    assert refused(token_of(typ), keyset) == Reason.TYPE


def test_token_without_type_is_refused(signing_keys: Keys, keyset: KeySet):
    """N06"""
    from tests.protocols.jose.test_jws import signed

    token = signed(signing_keys["ES256"], {"alg": "ES256", "kid": "key-ES256"}, dumps(CLAIMS))
    assert refused(token, keyset) == Reason.TYPE


@pytest.mark.parametrize("issuer", [ISSUER + "/", ISSUER.upper(), "https://id.example/t/other", "", None, [ISSUER]])
def test_another_issuer_is_refused(issuer: Any, token_of: Any, keyset: KeySet):
    """N05"""
    assert refused(token_of(iss=issuer), keyset) == Reason.ISSUER


@pytest.mark.parametrize(
    "audience",
    [
        "https://api.example/",
        "https://other.example",
        "",
        None,
        [],
        {},
        7,
        [""],
        ["https://api.example", 7],
        ["a"] * 40,
    ],
)
def test_another_or_malformed_audience_is_refused(audience: Any, token_of: Any, keyset: KeySet):
    """N05"""
    assert refused(token_of(aud=audience), keyset) == Reason.AUDIENCE


def test_one_of_several_audiences_is_enough(token_of: Any, keyset: KeySet):
    verify_jwt(token_of(aud=["https://other.example", "https://api.example"]), keyset, EXPECTED, NOW)


@pytest.mark.parametrize("name", ["iss", "aud", "exp", "iat"])
def test_missing_claim_is_refused(name: str, token_of: Any, keyset: KeySet):
    """N04, N05"""
    refused(token_of(without=name), keyset)


def test_token_without_nbf_is_good_from_its_iat(token_of: Any, keyset: KeySet):
    verify_jwt(token_of(without="nbf"), keyset, EXPECTED, NOW)


@pytest.mark.parametrize("name", ["exp", "iat", "nbf"])
@pytest.mark.parametrize("value", [True, "1800000000", None, [], {}, -1, 1e308, 10**60, 253_402_300_800])
def test_date_that_is_no_date_is_refused(name: str, value: Any, token_of: Any, keyset: KeySet):
    """N05: booleans, texts, 1e308, years beyond 9999."""
    assert refused(token_of(**{name: value}), keyset) == Reason.CLAIM


@pytest.mark.parametrize(
    ("now", "reason"),
    [(NOW + 930, Reason.EXPIRED), (NOW + 10**6, Reason.EXPIRED), (NOW - 30.001, Reason.NOT_YET), (0, Reason.NOT_YET)],
)
def test_token_out_of_its_time_is_refused(now: float, reason: str, token_of: Any, keyset: KeySet):
    """N05"""
    assert refused(token_of(), keyset, now=now) == reason


@pytest.mark.parametrize("now", [NOW - 30, NOW, NOW + 929.999])
def test_token_in_its_time_is_taken(now: float, token_of: Any, keyset: KeySet):
    verify_jwt(token_of(), keyset, EXPECTED, now)


def test_later_of_iat_and_nbf_counts(token_of: Any, keyset: KeySet):
    assert refused(token_of(nbf=NOW + 100), keyset) == Reason.NOT_YET
    assert refused(token_of(iat=NOW + 100), keyset) == Reason.NOT_YET


@pytest.mark.parametrize("payload", [b"", b"[]", b'"x"', b'{"a":1,"a":2}', b"{", b"\xff", b'{"exp":1e999}'])
def test_payload_that_is_not_one_strict_object_is_refused(payload: bytes, signing_keys: Keys, keyset: KeySet):
    """N04"""
    assert refused(sign_compact(signing_keys["ES256"], payload, typ="at+jwt"), keyset) == Reason.MALFORMED


@pytest.mark.parametrize(
    "wrong", [{"typ": ""}, {"issuer": ""}, {"audience": ""}, {"leeway": MAX_LEEWAY + 1}, {"leeway": -1}]
)
def test_expectation_that_would_let_anything_pass_cannot_be_made(wrong: dict[str, Any]):
    """N04: an unset audience, issuer or type is no wildcard."""
    good: dict[str, Any] = {"typ": "at+jwt", "issuer": ISSUER, "audience": "a"}
    with pytest.raises(ValueError, match=r"must be named|leeway"):
        Expected(**(good | wrong))


def test_any_audience_still_wants_one(token_of: Any, keyset: KeySet):
    anyone = Expected("at+jwt", ISSUER, ANY_AUDIENCE)
    verify_jwt(token_of(aud="https://whoever.example"), keyset, anyone, NOW)
    assert refused(token_of(without="aud"), keyset, anyone) == Reason.AUDIENCE


def test_verified_token_cannot_be_made_without_verifying(token_of: Any, keyset: KeySet):
    verified = verify_jwt(token_of(), keyset, EXPECTED, NOW)
    with pytest.raises(TypeError):
        VerifiedJwt(verified.header, {"sub": "usr_root"}, 0, 2**40, None)  # type: ignore[arg-type]  # the attack
    with pytest.raises(TypeError):
        verified.claims["sub"] = "usr_root"  # type: ignore[index]  # the attack


def test_peeking_verifies_nothing_and_returns_plain_claims(token_of: Any):
    claims = peek_claims(token_of(sub="usr_1"))
    assert claims["sub"] == "usr_1"
    assert not isinstance(claims, VerifiedJwt)
