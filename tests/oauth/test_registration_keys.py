"""Keys that a client registers: public, strong, named, and of use."""

from typing import Any

import pytest

from airside.core.errors import InvalidInput
from airside.oauth.registration_keys import check_jwks, encryption_algorithms, signing_algorithms
from airside.oauth.settings import MAX_JWKS_KEYS
from tests.oauth.client_keys import jwk_of, jwks_of, x5c


@pytest.mark.parametrize(
    "keys",
    [
        [jwk_of("ES256")],
        [jwk_of("ES256", alg=None)],
        [jwk_of("ES256", use=None)],
        [jwk_of("ES256", kid=None), jwk_of("PS256", kid=None)],
        [jwk_of("PS256", "a"), jwk_of("EdDSA", "b"), jwk_of("RS256", "c")],
        [jwk_of("RSA-OAEP-256", "e"), jwk_of("ECDH-ES", "f")],
        [jwk_of("ES256", x5c=x5c())],
    ],
)
def test_public_keys_pass(keys: list[dict[str, Any]]) -> None:
    check_jwks(jwks_of(*keys), "jwks")


@pytest.mark.parametrize(
    "jwks",
    [
        {},
        {"keys": []},
        {"keys": "k"},
        {"keys": [1]},
        jwks_of(*(jwk_of("ES256", f"k{number}") for number in range(MAX_JWKS_KEYS + 1))),
        jwks_of(jwk_of("ES256"), jwk_of("EdDSA")),
        jwks_of(jwk_of("ES256", kid=None), jwk_of("ES256", kid=None)),
        jwks_of(jwk_of("ES256", kid=None), jwk_of("ES256", kid=1)),
        jwks_of(jwk_of("ES256", kid="")),
        jwks_of(jwk_of("ES256", kid="k" * 257)),
        jwks_of(jwk_of("ES256", x="A")),
        jwks_of(jwk_of("ES256", crv="P-384")),
        jwks_of(jwk_of("ES256", alg="ES384")),
        jwks_of(jwk_of("ES256", alg="RS256")),
        jwks_of(jwk_of("ES256", alg="none")),
        jwks_of(jwk_of("RS256", alg="HS256")),
        jwks_of(jwk_of("EdDSA", crv="Ed448")),
        jwks_of(jwk_of("RS256", e="AQ")),
        jwks_of(jwk_of("ES256", padding="x" * 40_000)),
        jwks_of(jwk_of("ES256", x5c=[])),
        jwks_of(jwk_of("ES256", x5c=["!"])),
        jwks_of(jwk_of("RS256", x5c=x5c())),
    ],
)
def test_other_sets_are_refused(jwks: dict[str, Any]) -> None:
    """N02, N42: RFC 7517 §4, RFC 7518 §6; a certificate that isn't of its key vouches for nothing."""
    with pytest.raises(InvalidInput) as caught:
        check_jwks(jwks, "settings.jwks")
    assert caught.value.data["pointer"] == "settings.jwks"


@pytest.mark.parametrize("member", ["d", "p", "q", "dp", "dq", "qi", "oth", "k"])
def test_private_or_symmetric_key_is_refused_and_never_repeated(member: str) -> None:
    """N01, N37: a client that sends its private key has lost it; we don't keep it."""
    with pytest.raises(InvalidInput) as caught:
        check_jwks(jwks_of(jwk_of("ES256", **{member: "the-secret"})), "jwks")
    assert "the-secret" not in str(caught.value)


def test_key_is_for_one_purpose_where_it_says_so() -> None:
    assert signing_algorithms(jwk_of("ES256")) == {"ES256"}
    assert encryption_algorithms(jwk_of("ES256")) == frozenset()
    assert signing_algorithms(jwk_of("RSA-OAEP-256")) == frozenset()
    assert encryption_algorithms(jwk_of("RSA-OAEP-256")) == {"RSA-OAEP-256"}
    assert signing_algorithms(jwk_of("RS256", alg=None)) == {"RS256"}
    assert signing_algorithms(jwk_of("RS256", alg=None), "PS256") == {"PS256"}
