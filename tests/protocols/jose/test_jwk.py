"""JWK in and out, held to joserfc."""

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc import jwk as joserfc

from airside.core.errors import InvalidInput
from airside.core.strict_json import dumps
from airside.protocols.jose import (
    KeyRefused,
    KeySet,
    SigningKey,
    VerificationKey,
    b64url_encode,
    key_from_jwk,
    keyset_from_jwks,
    public_jwk,
    thumbprint,
)
from airside.protocols.jose.weakness import refuse_weak_rsa

Keys = dict[str, SigningKey]
ALGORITHMS = ("ES256", "RS256", "PS256", "EdDSA")


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_round_trip(alg: str, signing_keys: Keys):
    key = signing_keys[alg].verification()
    assert key_from_jwk(public_jwk(key)) == key
    assert keyset_from_jwks(dumps({"keys": [public_jwk(key)]})).get(key.kid) == key


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_joserfc_reads_our_keys_and_gives_the_same_thumbprint(alg: str, signing_keys: Keys):
    key = signing_keys[alg].verification()
    data: Any = public_jwk(key)
    theirs = joserfc.import_key(data)
    assert theirs.thumbprint() == thumbprint(key.public)
    written: Any = theirs.as_dict(private=False)
    assert key_from_jwk({**written, "kid": key.kid, "alg": alg}) == key


def test_thumbprint_of_rfc_7638():
    """RFC 7638 §3.1's own example."""
    n = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMst"
        "n64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n9"
        "1CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
    )
    key = key_from_jwk({"kty": "RSA", "n": n, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"})
    assert thumbprint(key.public) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


@pytest.mark.parametrize(
    "change",
    [
        {"d": "AQAB"},
        {"k": "AQAB"},
        {"use": "enc"},
        {"key_ops": ["sign"]},
        {"key_ops": "verify"},
        {"alg": "ES384"},
        {"alg": "none"},
        {"alg": "HS256"},
        {"alg": None},
        {"alg": 7},
        {"kty": "RSA"},
        {"kty": "oct"},
        {"crv": "P-384"},
        {"crv": "secp256k1"},
        {"kid": ""},
        {"kid": None},
        {"kid": "k" * 300},
        {"x": "AA"},
        {"x": "+/+/"},
        {"x": 7},
        {"y": b64url_encode(bytes(32))},
        {"x": b64url_encode(bytes(33))},
    ],
)
def test_malformed_key_is_refused(change: dict[str, Any], signing_keys: Keys):
    """N42: points off the curve and keys for other uses among them."""
    with pytest.raises(KeyRefused):
        key_from_jwk(public_jwk(signing_keys["ES256"].verification()) | change)


def test_key_is_pinned_to_the_algorithm_the_caller_names(signing_keys: Keys):
    jwk = public_jwk(signing_keys["RS256"].verification())
    with pytest.raises(KeyRefused):
        key_from_jwk(jwk, alg="PS256")
    del jwk["alg"]
    assert key_from_jwk(jwk, alg="PS256").alg == "PS256"
    with pytest.raises(KeyRefused):
        key_from_jwk(jwk)


@pytest.mark.parametrize("exponent", [1, 3, 17, 65536, 2**32 + 1])
def test_low_even_or_huge_exponent_is_refused(exponent: int, signing_keys: Keys):
    """N42"""
    private = signing_keys["RS256"].private
    assert isinstance(private, rsa.RSAPrivateKey)
    modulus = private.public_key().public_numbers().n
    with pytest.raises(KeyRefused):
        refuse_weak_rsa(rsa.RSAPublicNumbers(exponent, modulus))


def test_short_even_or_huge_modulus_is_refused():
    """N42, N27"""
    for modulus in (2**1023 + 1, 2**2047 + 2, 2**9000 + 1):
        with pytest.raises(KeyRefused):
            refuse_weak_rsa(rsa.RSAPublicNumbers(65537, modulus))


def test_short_key_is_refused_wherever_it_comes_from():
    """N42"""
    key = rsa.generate_private_key(65537, 1024)
    with pytest.raises(KeyRefused):
        VerificationKey("k", "RS256", key.public_key())
    with pytest.raises(KeyRefused):
        SigningKey("k", "RS256", key)


def test_keys_for_other_uses_are_left_out_of_a_set(signing_keys: Keys):
    ours = public_jwk(signing_keys["ES256"].verification())
    others: list[dict[str, Any]] = [
        {**ours, "kid": "enc", "use": "enc"},
        {**ours, "kid": "new", "alg": "ML-DSA-44"},
        {"kty": "AKP", "kid": "other"},
    ]
    assert [key.kid for key in keyset_from_jwks(dumps({"keys": [ours, *others]}))] == ["key-ES256"]


NO_SETS: list[Any] = [None, {}, "x", [], ["x"], [{"kty": "oct", "k": "AQAB", "alg": "HS256", "kid": "m"}], [{}] * 65]


@pytest.mark.parametrize("keys", NO_SETS)
def test_document_that_is_no_set_of_public_keys_is_refused(keys: Any):
    with pytest.raises(KeyRefused):
        keyset_from_jwks(dumps({"keys": keys}))


def test_two_keys_of_one_name_refuse_the_set(signing_keys: Keys):
    jwk = public_jwk(signing_keys["ES256"].verification())
    with pytest.raises(KeyRefused):
        keyset_from_jwks(dumps({"keys": [jwk, jwk]}))


@pytest.mark.parametrize("text", [b"", b"[]", b'{"keys":[],"keys":[]}', b"{" * 50])
def test_text_that_is_no_strict_json_is_refused(text: bytes):
    with pytest.raises(InvalidInput):
        keyset_from_jwks(text)


def test_fingerprint_tells_sets_apart(signing_keys: Keys):
    one, two = signing_keys["ES256"].verification(), signing_keys["EdDSA"].verification()
    assert KeySet([one, two]).fingerprint == KeySet([two, one]).fingerprint
    assert KeySet([one]).fingerprint != KeySet([two]).fingerprint
    renamed = VerificationKey("other", one.alg, one.public)
    assert KeySet([one]).fingerprint != KeySet([renamed]).fingerprint
