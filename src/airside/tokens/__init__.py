"""Tokens: signed ones that carry their truth, and opaque ones that are looked up.

Owns a tenant's signing keys and JWKS, access tokens (RFC 9068) and ID tokens (OpenID Connect Core §2), their
verification, refresh families with rotation and reuse detection (RFC 9700 §4.14). Doesn't own who may have a
token: grants, clients, sessions and roles are words here, handed down by the rooms above.
Owns a tenant's signing keys, their rotation and the JWK set, access tokens (RFC 9068, or opaque) and ID tokens (OpenID
Connect Core §2), their verification, and refresh families with rotation and reuse detection (RFC 9700 §4.14). Doesn't
own who may have a token: grants, clients, sessions and roles are words here, handed down by the rooms above.
"""

from airside.tokens.identity import IdTokenVerifier, VerifiedIdToken
from airside.tokens.issue import TokenIssuer, act_claim
from airside.tokens.keys import SigningKeys
from airside.tokens.model import (
    ACCESS_TOKEN_LIFETIME,
    ID_TOKEN_LIFETIME,
    MAX_ACTORS,
    REFRESH_ABSOLUTE,
    REFRESH_IDLE,
    AccessGrant,
    Confirmation,
    FoundRefresh,
    IssuedToken,
    RefreshExpired,
    RefreshFamily,
    RefreshMisbound,
    RefreshRefused,
    RefreshReused,
    RefreshRevoked,
    RefreshUnknown,
    Rotation,
)
from airside.tokens.opaque import is_opaque
from airside.tokens.possession import DpopNonceNeeded, Possession
from airside.tokens.refresh import RefreshFamilies
from airside.tokens.rotation import KeyRotation, KeyStatus
from airside.tokens.single_use import SpentProofs
from airside.tokens.verify import TokenRevoked, TokenVerifier, VerifiedToken, peek_tenant

__all__ = [
    "ACCESS_TOKEN_LIFETIME",
    "ID_TOKEN_LIFETIME",
    "MAX_ACTORS",
    "REFRESH_ABSOLUTE",
    "REFRESH_IDLE",
    "AccessGrant",
    "Confirmation",
    "DpopNonceNeeded",
    "FoundRefresh",
    "IdTokenVerifier",
    "IssuedToken",
    "KeyRotation",
    "KeyStatus",
    "Possession",
    "RefreshExpired",
    "RefreshFamilies",
    "RefreshFamily",
    "RefreshMisbound",
    "RefreshRefused",
    "RefreshReused",
    "RefreshRevoked",
    "RefreshUnknown",
    "Rotation",
    "SigningKeys",
    "SpentProofs",
    "TokenIssuer",
    "TokenRevoked",
    "TokenVerifier",
    "VerifiedIdToken",
    "VerifiedToken",
    "act_claim",
    "is_opaque",
    "peek_tenant",
]
