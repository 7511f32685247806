"""JOSE: signed tokens, held to the strict reading.

Owns compact JWS (RFC 7515), JWK and its thumbprint (RFC 7517, 7638), JWT claims (RFC 7519, RFC 8725), and a
bounded cache of what has been verified. Doesn't own where keys come from, who is revoked, or which claims an
access token has: `tokens` and `sdk` do. JWE is only written, in `jwe.py`, which is imported by its name
alone. No MACs, no unencoded payloads, no keys out of a token, proofs of possession excepted (`embedded.py`).
"""

from airside.protocols.jose.algorithms import ALGORITHMS
from airside.protocols.jose.cache import CachedVerifier
from airside.protocols.jose.embedded import VerifiedPossession, verify_possession
from airside.protocols.jose.jwk import key_from_jwk, keyset_from_jwks, public_jwk, thumbprint
from airside.protocols.jose.jws import MAX_TOKEN, VerifiedJws, sign_compact, verify_compact
from airside.protocols.jose.jwt import (
    ANY_AUDIENCE,
    MAX_LEEWAY,
    AnyAudience,
    Expected,
    VerifiedJwt,
    peek_claims,
    sign_jwt,
    verify_jwt,
)
from airside.protocols.jose.keys import KeySet, SigningKey, VerificationKey
from airside.protocols.jose.refusals import KeyRefused, Reason, TokenRefused, UnknownKey
from airside.protocols.jose.segments import b64url_decode, b64url_encode

__all__ = [
    "ALGORITHMS",
    "ANY_AUDIENCE",
    "MAX_LEEWAY",
    "MAX_TOKEN",
    "AnyAudience",
    "CachedVerifier",
    "Expected",
    "KeyRefused",
    "KeySet",
    "Reason",
    "SigningKey",
    "TokenRefused",
    "UnknownKey",
    "VerificationKey",
    "VerifiedJws",
    "VerifiedJwt",
    "VerifiedPossession",
    "b64url_decode",
    "b64url_encode",
    "key_from_jwk",
    "keyset_from_jwks",
    "peek_claims",
    "public_jwk",
    "sign_compact",
    "sign_jwt",
    "thumbprint",
    "verify_compact",
    "verify_jwt",
    "verify_possession",
]
