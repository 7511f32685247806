"""OAuth formats: parameters, redirect URIs, PKCE, scopes and credentials as RFC 6749 and its successors write them.

Owns reading and comparing what a client sends. Doesn't own which clients exist, what they may ask for, or any
grant: the `oauth` room does. Takes the stricter of two readings everywhere (RFC 9700).
"""

from airside.protocols.oauth.assertion import ASSERTION_TYPE, check_client_assertion
from airside.protocols.oauth.client_jwks import (
    CLIENT_ALGORITHMS,
    MAX_CLIENT_JWKS,
    RsaAlgorithm,
    client_keyset,
    parse_client_jwks,
)
from airside.protocols.oauth.credentials import BasicCredentials, parse_basic, parse_bearer
from airside.protocols.oauth.dpop import (
    DPOP,
    DPOP_ALGORITHMS,
    MAX_PROOF_AGE,
    DpopProof,
    DpopRefused,
    is_thumbprint,
    parse_dpop_token,
    verify_proof,
)
from airside.protocols.oauth.form import MAX_FIELDS, MAX_FORM, parse_form
from airside.protocols.oauth.messages import ErrorCode, TokenResponse, error_body
from airside.protocols.oauth.pkce import S256, challenge_of, check_challenge, check_method, proves
from airside.protocols.oauth.redirect import check_redirect_uri, redirect_matches
from airside.protocols.oauth.scope import MAX_SCOPES, format_scope, parse_scope

__all__ = [
    "ASSERTION_TYPE",
    "CLIENT_ALGORITHMS",
    "DPOP",
    "DPOP_ALGORITHMS",
    "MAX_CLIENT_JWKS",
    "MAX_FIELDS",
    "MAX_FORM",
    "MAX_PROOF_AGE",
    "MAX_SCOPES",
    "S256",
    "BasicCredentials",
    "DpopProof",
    "DpopRefused",
    "ErrorCode",
    "RsaAlgorithm",
    "TokenResponse",
    "challenge_of",
    "check_challenge",
    "check_client_assertion",
    "check_method",
    "check_redirect_uri",
    "client_keyset",
    "error_body",
    "format_scope",
    "is_thumbprint",
    "parse_basic",
    "parse_bearer",
    "parse_client_jwks",
    "parse_dpop_token",
    "parse_form",
    "parse_scope",
    "proves",
    "redirect_matches",
    "verify_proof",
]
