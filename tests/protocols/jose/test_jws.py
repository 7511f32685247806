"""Compact JWS: the six of a verifier, and the classes of attack."""

import hashlib
import hmac
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from airside.protocols.jose import (
    MAX_TOKEN,
    KeyRefused,
    KeySet,
    Reason,
    SigningKey,
    TokenRefused,
    UnknownKey,
    VerificationKey,
    VerifiedJws,
    b64url_decode,
    b64url_encode,
    public_jwk,
    sign_compact,
    verify_compact,
)

ALGORITHMS = ("ES256", "RS256", "PS256", "EdDSA")
Keys = dict[str, SigningKey]


def signed(key: SigningKey, header: Any, payload: bytes = b"{}") -> str:
    """A token with any header at all, well signed."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    data = f"{b64url_encode(text)}.{b64url_encode(payload)}"
    return f"{data}.{b64url_encode(key.sign(data.encode()))}"


def refused(token: str, keys: KeySet) -> str:
    with pytest.raises(TokenRefused) as caught:
        verify_compact(token, keys)
    return caught.value.reason


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_round_trip(alg: str, signing_keys: Keys, keyset: KeySet):
    token = sign_compact(signing_keys[alg], b"payload", typ="JWT")
    verified = verify_compact(token, keyset)
    assert verified.payload == b"payload"
    assert (verified.header.alg, verified.header.kid, verified.header.typ) == (alg, f"key-{alg}", "JWT")


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_signature_by_another_key_of_the_same_name_is_refused(alg: str, signing_keys: Keys):
    other = signing_keys["PS256" if alg == "RS256" else "RS256" if alg == "PS256" else alg]
    if alg in ("ES256", "EdDSA"):
        from airside.protocols.jose.keys import generate

        other = SigningKey(other.kid, alg, generate(alg))
    keys = KeySet([VerificationKey(f"key-{alg}", alg, other.private.public_key())])
    assert refused(sign_compact(signing_keys[alg], b"{}", typ="JWT"), keys) == Reason.SIGNATURE


@pytest.mark.parametrize("alg", ALGORITHMS)
def test_corrupted_payload_or_signature_is_refused(alg: str, signing_keys: Keys, keyset: KeySet):
    head, body, tail = sign_compact(signing_keys[alg], b"payload", typ="JWT").split(".")
    signature = bytearray(b64url_decode(tail))
    signature[5] ^= 1
    assert refused(f"{head}.{b64url_encode(b'Payload')}.{tail}", keyset) == Reason.SIGNATURE
    assert refused(f"{head}.{body}.{b64url_encode(bytes(signature))}", keyset) == Reason.SIGNATURE


def test_truncated_token_is_refused_wherever_it_is_cut(signing_keys: Keys, keyset: KeySet):
    token = sign_compact(signing_keys["ES256"], b"payload", typ="JWT")
    for end in range(len(token)):
        refused(token[:end], keyset)


def test_oversized_token_is_refused_before_anything_is_decoded(signing_keys: Keys, keyset: KeySet):
    token = sign_compact(signing_keys["ES256"], b"x" * MAX_TOKEN, typ="JWT")
    assert refused(token, keyset) == Reason.TOO_LARGE


def test_wire_format_is_what_rfc_7515_writes(signing_keys: Keys):
    token = sign_compact(signing_keys["ES256"], b"{}", typ="at+jwt")
    head, body, tail = token.split(".")
    assert b64url_decode(head) == b'{"alg":"ES256","kid":"key-ES256","typ":"at+jwt"}'
    assert body == "e30"
    assert len(b64url_decode(tail)) == 64


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "", "HS256", "RS256", "ES384", "es256", "ES256 "])
def test_algorithm_other_than_the_key_s_is_refused(alg: str, signing_keys: Keys, keyset: KeySet):
    """N01: none, MAC, another asymmetric one, another spelling."""
    token = signed(signing_keys["ES256"], {"alg": alg, "kid": "key-ES256"})
    assert refused(token, keyset) == Reason.ALGORITHM


def test_public_key_used_as_a_mac_secret_is_refused(signing_keys: Keys, keyset: KeySet):
    """N01: the classic confusion of RS256 with HS256."""
    pem = (
        signing_keys["RS256"]
        .private.public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    header = b64url_encode(json.dumps({"alg": "HS256", "kid": "key-RS256"}).encode())
    mac = hmac.new(pem, f"{header}.e30".encode(), hashlib.sha256).digest()
    assert refused(f"{header}.e30.{b64url_encode(mac)}", keyset) == Reason.ALGORITHM


def test_unsigned_token_is_refused(signing_keys: Keys, keyset: KeySet):
    """N01"""
    header = b64url_encode(b'{"alg":"none","kid":"key-ES256"}')
    assert refused(f"{header}.e30.", keyset) == Reason.ALGORITHM


def test_rsa_key_for_pkcs1_takes_no_pss_and_the_other_way_round(signing_keys: Keys):
    """N01: one key, two algorithms: the algorithm belongs to the key."""
    key = signing_keys["RS256"]
    twin = SigningKey(key.kid, "PS256", key.private)
    assert refused(sign_compact(twin, b"{}", typ="JWT"), KeySet([key.verification()])) == Reason.ALGORITHM


@pytest.mark.parametrize("name", ["jwk", "jku", "x5u", "x5c"])
def test_key_brought_along_in_the_header_is_refused(name: str, signing_keys: Keys, keyset: KeySet):
    """N02: even the right key: a token doesn't choose how it is verified."""
    key = signing_keys["ES256"]
    value = {"jwk": public_jwk(key.verification()), "x5c": ["MIIB"]}.get(name, "https://evil.example/jwks")
    assert refused(signed(key, {"alg": "ES256", "kid": key.kid, name: value}), keyset) == Reason.EMBEDDED_KEY


@pytest.mark.parametrize("kid", ["../../etc/passwd", "key-ES256' or '1'='1", "KEY-ES256", "key-ES256 ", "key-ES25"])
def test_kid_is_compared_exactly(kid: str, signing_keys: Keys, keyset: KeySet):
    """N02: no path, no query, no folding of case, no prefix."""
    with pytest.raises(UnknownKey):
        verify_compact(signed(signing_keys["ES256"], {"alg": "ES256", "kid": kid}), keyset)


@pytest.mark.parametrize("kid", [None, 7, "", ["key-ES256"], "k" * 300])
def test_missing_or_malformed_kid_is_refused(kid: Any, signing_keys: Keys, keyset: KeySet):
    with pytest.raises(UnknownKey):
        verify_compact(signed(signing_keys["ES256"], {"alg": "ES256", "kid": kid}), keyset)


@pytest.mark.parametrize(
    "extra",
    [
        {"crit": ["exp"], "exp": 1},
        {"crit": []},
        {"crit": "b64"},
        {"crit": None},
        {"crit": ["b64"], "b64": False},
        {"b64": False},
        {"b64": True},
        {"zip": "DEF"},
        {"enc": "A128GCM"},
    ],
)
def test_critical_extension_or_unencoded_payload_is_refused(extra: Any, signing_keys: Keys, keyset: KeySet):
    """N03, N27: whatever it says; we understand none."""
    token = signed(signing_keys["ES256"], {"alg": "ES256", "kid": "key-ES256"} | extra)
    assert refused(token, keyset) == Reason.CRITICAL


@pytest.mark.parametrize(
    "header",
    [
        b'{"alg":"ES256","kid":"key-ES256","alg":"none"}',
        b'{"alg":"ES256","kid":"other","kid":"key-ES256"}',
        b'["ES256"]',
        b"null",
        b"",
        b"{",
        b'{"alg":"ES256","kid":"key-ES256"} x',
        b'\xef\xbb\xbf{"alg":"ES256","kid":"key-ES256"}',
        b'{"alg":"ES256","kid":"key-ES256","x":NaN}',
        b'{"alg":"ES256","kid":"key-ES256","x":"\\ud800"}',
        b'{"alg":"ES256","kid":"key-ES256","x":' + b"[" * 40 + b"]" * 40 + b"}",
    ],
)
def test_header_that_is_not_one_strict_object_is_refused(header: bytes, signing_keys: Keys, keyset: KeySet):
    """N04: a parse error is a refusal; duplicate keys are not "last one wins"."""
    assert refused(signed(signing_keys["ES256"], header), keyset) == Reason.MALFORMED


@pytest.mark.parametrize("dots", [0, 1, 3, 4, 16_000])
def test_other_than_three_parts_is_refused(dots: int, keyset: KeySet):
    """N27"""
    assert refused("." * dots, keyset) == Reason.MALFORMED


def test_oversized_header_is_refused(signing_keys: Keys, keyset: KeySet):
    """N27"""
    token = signed(signing_keys["ES256"], {"alg": "ES256", "kid": "key-ES256", "x": "y" * 5000})
    assert refused(token, keyset) == Reason.TOO_LARGE


@pytest.mark.parametrize("length", [0, 1, 63, 65, 70, 72, 128])
def test_ecdsa_signature_of_another_length_is_refused(length: int, signing_keys: Keys, keyset: KeySet):
    """N42: DER, short and padded forms."""
    head, body, _ = sign_compact(signing_keys["ES256"], b"{}", typ="JWT").split(".")
    assert refused(f"{head}.{body}.{b64url_encode(bytes(length))}", keyset) == Reason.SIGNATURE


@pytest.mark.parametrize("pair", [(0, 0), (0, 1), (1, 0), (2**256 - 1, 2**256 - 1)])
def test_ecdsa_signature_out_of_range_is_refused(pair: tuple[int, int], signing_keys: Keys, keyset: KeySet):
    """N42: r or s of zero, or beyond the order (CVE-2022-21449)."""
    head, body, _ = sign_compact(signing_keys["ES256"], b"{}", typ="JWT").split(".")
    signature = b"".join(number.to_bytes(32) for number in pair)
    assert refused(f"{head}.{body}.{b64url_encode(signature)}", keyset) == Reason.SIGNATURE


def test_key_on_another_curve_is_refused():
    """N42"""
    with pytest.raises(KeyRefused):
        VerificationKey("k", "ES256", ec.generate_private_key(ec.SECP384R1()).public_key())


def test_verified_value_cannot_be_made_without_verifying(signing_keys: Keys, keyset: KeySet):
    verified = verify_compact(sign_compact(signing_keys["ES256"], b"{}", typ="JWT"), keyset)
    with pytest.raises(TypeError):
        VerifiedJws(verified.header, b"forged", None)  # type: ignore[arg-type]  # that is the attack


def test_private_key_never_prints(signing_keys: Keys):
    """N37"""
    assert "private" not in repr(signing_keys["ES256"])
