"""DPoP proofs: the checks of RFC 9449 §4.3, one by one."""

import hashlib
import hmac
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from airside.core.errors import Unauthenticated
from airside.protocols.jose import b64url_encode, sign_compact
from airside.protocols.oauth import DpopProof, DpopRefused, is_thumbprint, parse_dpop_token, verify_proof
from tests.senders import Holder, unique

URL = "https://id.example.test/t/acme/oauth2/token"
NOW = 1_800_000_000.0
HOLDER = Holder()


def verify(proof: str, **changes: Any) -> DpopProof:
    asked: dict[str, Any] = {"method": "POST", "urls": (URL,), "now": NOW} | changes
    return verify_proof(proof, **asked)


def refused(proof: str, **changes: Any) -> str:
    with pytest.raises(DpopRefused) as caught:
        verify(proof, **changes)
    return caught.value.reason


@pytest.mark.parametrize("alg", ["ES256", "PS256", "EdDSA"])
def test_proof_names_the_key_of_its_holder(alg: str) -> None:
    """RFC 9449 §4.2, §6.1: the round trip."""
    holder = Holder(alg)
    proven = verify(holder.proof(URL, NOW, nonce="n-1", jti="j-1"))
    assert (proven.jkt, proven.jti, proven.nonce, proven.issued_at) == (holder.jkt, "j-1", "n-1", int(NOW))


def test_address_is_compared_without_query_and_fragment_and_by_its_parts() -> None:
    """RFC 9449 §4.3, check 9."""
    for url in (URL + "?a=b", URL + "#f", URL.replace("https://id", "HTTPS://ID"), URL.replace(".test/", ".test:443/")):
        verify(HOLDER.proof(url, NOW))


@pytest.mark.parametrize(
    "url",
    [
        "https://other.example.test/t/acme/oauth2/token",
        "http://id.example.test/t/acme/oauth2/token",
        "https://id.example.test:8443/t/acme/oauth2/token",
        "https://id.example.test/t/acme/oauth2/par",
        "https://id.example.test/t/acme/oauth2/token/",
        "https://id.example.test/t/ACME/oauth2/token",
        "https://x@id.example.test/t/acme/oauth2/token",
        "//id.example.test/t/acme/oauth2/token",
        "https://[",
        "",
        7,
        None,
    ],
)
def test_proof_for_another_address_is_refused(url: Any) -> None:
    """RFC 9449 §4.3, check 9: the wrong context."""
    assert refused(HOLDER.proof(URL, NOW, htu=url)) == "htu"


def test_proof_for_another_method_is_refused() -> None:
    """RFC 9449 §4.3, check 8: methods are spelt exactly."""
    for method in ("GET", "post", None, ["POST"]):
        assert refused(HOLDER.proof(URL, NOW, htm=method)) == "htm"


def test_proof_is_good_for_a_minute() -> None:
    """RFC 9449 §4.3, check 11; N05."""
    verify(HOLDER.proof(URL, NOW - 60))
    verify(HOLDER.proof(URL, NOW + 10))
    for moment in (NOW - 61, NOW + 11):
        assert "iat" in refused(HOLDER.proof(URL, moment))
    for moment in (None, True, str(int(NOW)), [int(NOW)]):
        assert refused(HOLDER.proof(URL, NOW, iat=moment)) == "iat"


def test_proof_may_say_more_of_its_time() -> None:
    """RFC 9449 §4.2: other claims are passed over; it is `iat` that counts."""
    verify(HOLDER.proof(URL, NOW, nbf=int(NOW), exp=int(NOW) + 300))
    assert "iat" in refused(HOLDER.proof(URL, NOW - 120, nbf=int(NOW), exp=int(NOW) + 300))


def test_proof_of_another_token_is_refused() -> None:
    """RFC 9449 §4.3, check 12: `ath`."""
    verify(HOLDER.proof(URL, NOW, access_token="the-token"), access_token="the-token")
    assert refused(HOLDER.proof(URL, NOW, access_token="another"), access_token="the-token") == "ath"
    assert refused(HOLDER.proof(URL, NOW), access_token="the-token") == "ath"
    assert refused(HOLDER.proof(URL, NOW, ath=[1]), access_token="the-token") == "ath"


def test_proof_without_an_id_is_refused() -> None:
    """RFC 9449 §4.2: without `jti` a replay can't be told."""
    for jti in (None, "", 5, "x" * 257):
        assert refused(HOLDER.proof(URL, NOW, jti=jti)) == "jti"


@pytest.mark.parametrize("typ", [None, "JWT", "at+jwt", "application/dpop+jwt", "DPOP+JWT", 5])
def test_other_types_are_no_proofs(typ: Any) -> None:
    """N06: RFC 9449 §4.3, check 4."""
    assert refused(HOLDER.proof(URL, NOW, header={"typ": typ})) == "type"


@pytest.mark.parametrize("alg", ["none", "HS256", "ES384", "es256", "", None, 5])
def test_algorithms_that_prove_nothing_are_refused(alg: Any) -> None:
    """N01: RFC 9449 §4.3, check 5."""
    assert refused(HOLDER.proof(URL, NOW, header={"alg": alg})) in ("algorithm", "embedded_key")


def test_older_rsa_signature_is_no_proof() -> None:
    """FAPI 2.0 Security Profile §5.4.1: RS256 signs nothing; the same key may sign PS256."""
    assert refused(Holder("RS256").proof(URL, NOW)) == "algorithm"


def test_public_key_as_a_mac_key_is_refused() -> None:
    """N01: the classic."""
    head = {"typ": "dpop+jwt", "alg": "HS256", "jwk": HOLDER.jwk}
    data = f"{b64url_encode(json.dumps(head).encode())}.{b64url_encode(b'{}')}"
    pem = HOLDER.key.private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    assert refused(f"{data}.{b64url_encode(hmac.digest(pem, data.encode(), hashlib.sha256))}") == "algorithm"


@pytest.mark.parametrize(
    "header",
    [
        {"jwk": None},
        {"jwk": "https://evil.example/key"},
        {"jwk": {"kty": "oct", "k": "AAAA"}},
        {"jwk": {"kty": "EC", "crv": "P-256", "x": "AAAA", "y": "AAAA"}},
        {"jwk": {**HOLDER.jwk, "d": "AAAA"}},
        {"jwk": {**HOLDER.jwk, "alg": "RS256"}},
        {"jwk": {**HOLDER.jwk, "use": "enc"}},
        {"jku": "https://evil.example/jwks"},
        {"x5u": "https://evil.example/x"},
        {"x5c": ["AAAA"]},
        {"crit": ["exp"], "exp": 1},
        {"b64": False},
        {"zip": "DEF"},
    ],
)
def test_keys_that_arent_bare_public_ones_are_refused(header: dict[str, Any]) -> None:
    """N02, N03, N27: RFC 9449 §4.3, checks 6 and 7."""
    refused(HOLDER.proof(URL, NOW, header=header))


def test_weak_key_is_refused() -> None:
    """N42: 1024 bits prove nothing."""
    numbers = rsa.generate_private_key(65537, 1024).public_key().public_numbers()
    weak = {"kty": "RSA", "e": "AQAB", "n": b64url_encode(numbers.n.to_bytes(128))}
    assert refused(HOLDER.proof(URL, NOW, header={"alg": "PS256", "jwk": weak})) == "embedded_key"


def test_another_key_than_signed_it_is_refused() -> None:
    """N02: the header's key is what the signature is checked with."""
    assert refused(HOLDER.proof(URL, NOW, header={"jwk": Holder().jwk})) == "signature"


def test_corrupted_proofs_are_refused() -> None:
    """Each single letter of a proof counts."""
    proof = HOLDER.proof(URL, NOW)
    for place in range(0, len(proof), 7):
        other = "A" if proof[place] != "A" else "B"
        refused(proof[:place] + other + proof[place + 1 :])


def test_truncated_proofs_are_refused() -> None:
    proof = HOLDER.proof(URL, NOW)
    for length in (0, 1, len(proof) // 2, len(proof) - 1):
        refused(proof[:length])
    refused(proof.rpartition(".")[0])


def test_oversized_proofs_are_refused() -> None:
    """N27."""
    assert refused(HOLDER.proof(URL, NOW, filling="x" * 9000)) == "too large"
    refused("." * 8000)
    refused(HOLDER.proof(URL, NOW, header={"filling": "x" * 5000}))


def test_wire_format_is_as_the_standard_writes_it() -> None:
    """RFC 9449 §4.2, wire format: written by hand, read here."""
    head = json.dumps({"typ": "dpop+jwt", "alg": "ES256", "jwk": HOLDER.jwk}).encode()
    body = json.dumps({"jti": "-BwC3ESc6acc2lTc", "htm": "POST", "htu": URL, "iat": int(NOW)}).encode()
    data = f"{b64url_encode(head)}.{b64url_encode(body)}"
    assert verify(f"{data}.{b64url_encode(HOLDER.key.sign(data.encode()))}").jti == "-BwC3ESc6acc2lTc"


def test_two_headers_joined_are_no_proof() -> None:
    """RFC 9449 §4.3, check 1: not more than one."""
    refused(HOLDER.proof(URL, NOW) + ", " + HOLDER.proof(URL, NOW))


def test_access_token_is_no_proof() -> None:
    """N06."""
    refused(sign_compact(HOLDER.key, b"{}", typ="at+jwt"))


def test_nobody_makes_a_proof_without_a_verification() -> None:
    with pytest.raises(TypeError):
        DpopProof("jkt", "jti", 0, None, object())  # type: ignore[arg-type]  # that is the attack


def test_token_is_read_from_its_scheme() -> None:
    """RFC 9449 §7.1."""
    assert parse_dpop_token("DPoP abc.def") == "abc.def"
    for header in ("Bearer abc", "DPoP", "DPoP  abc", "DPoP a b", "DPoP abc,DPoP def"):
        with pytest.raises(Unauthenticated):
            parse_dpop_token(header)


def test_thumbprints_are_of_one_shape() -> None:
    """RFC 9449 §10: `dpop_jkt`."""
    assert is_thumbprint(HOLDER.jkt)
    assert not any(is_thumbprint(text) for text in ("", HOLDER.jkt[:-1], HOLDER.jkt + "A", "=" * 43, unique() + "\n"))
