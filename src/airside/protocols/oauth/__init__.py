"""OAuth formats: parameters, redirect URIs, PKCE, scopes and credentials as RFC 6749 and its successors write them.

Owns reading and comparing what a client sends, and, where we are the client, what a foreign server answers. Doesn't
own which clients exist, what they may ask for, or any
grant: the `oauth` room does. Takes the stricter of two readings everywhere (RFC 9700).
"""

from airside.protocols.oauth.assertion import ASSERTION_TYPE, check_client_assertion
from airside.protocols.oauth.authorization_request import (
    KNOWN_ERRORS,
    ProviderRefused,
    authorization_address,
    error_reason,
    read_code,
)
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
from airside.protocols.oauth.form import MAX_FIELDS, MAX_FORM, MalformedForm, parse_form
from airside.protocols.oauth.half_hash import half_hash
from airside.protocols.oauth.id_token import (
    CLOCK_LEEWAY,
    ExpectedIdToken,
    VerifiedIdToken,
    VerifiedLogoutToken,
    verify_id_token,
    verify_logout_token,
)
from airside.protocols.oauth.messages import ErrorCode, TokenResponse, error_body
from airside.protocols.oauth.pkce import S256, challenge_of, check_challenge, check_method, proves
from airside.protocols.oauth.provider_keys import MAX_PROVIDER_JWKS, provider_keyset
from airside.protocols.oauth.provider_metadata import (
    MAX_METADATA,
    ProviderMetadata,
    discovery_address,
    read_provider_metadata,
)
from airside.protocols.oauth.redirect import check_redirect_uri, redirect_matches
from airside.protocols.oauth.scope import MAX_SCOPES, format_scope, parse_scope
from airside.protocols.oauth.token_answer import TokenAnswer, read_list, read_token_answer, read_userinfo

__all__ = [
    "ASSERTION_TYPE",
    "CLIENT_ALGORITHMS",
    "CLOCK_LEEWAY",
    "DPOP",
    "DPOP_ALGORITHMS",
    "KNOWN_ERRORS",
    "MAX_CLIENT_JWKS",
    "MAX_FIELDS",
    "MAX_FORM",
    "MAX_METADATA",
    "MAX_PROOF_AGE",
    "MAX_PROVIDER_JWKS",
    "MAX_SCOPES",
    "S256",
    "BasicCredentials",
    "DpopProof",
    "DpopRefused",
    "ErrorCode",
    "ExpectedIdToken",
    "MalformedForm",
    "ProviderMetadata",
    "ProviderRefused",
    "RsaAlgorithm",
    "TokenAnswer",
    "TokenResponse",
    "VerifiedIdToken",
    "VerifiedLogoutToken",
    "authorization_address",
    "challenge_of",
    "check_challenge",
    "check_client_assertion",
    "check_method",
    "check_redirect_uri",
    "client_keyset",
    "discovery_address",
    "error_body",
    "error_reason",
    "format_scope",
    "half_hash",
    "is_thumbprint",
    "parse_basic",
    "parse_bearer",
    "parse_client_jwks",
    "parse_dpop_token",
    "parse_form",
    "parse_scope",
    "proves",
    "provider_keyset",
    "read_code",
    "read_list",
    "read_provider_metadata",
    "read_token_answer",
    "read_userinfo",
    "redirect_matches",
    "verify_id_token",
    "verify_logout_token",
    "verify_proof",
]
