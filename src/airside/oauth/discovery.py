"""Metadata (RFC 8414, OpenID Connect Discovery 1.0): only what is true now. Pure."""

from collections.abc import Mapping, Sequence
from typing import Final, get_args

from airside.core.strict_json import Json
from airside.oauth.claims import SCOPE_CLAIMS
from airside.oauth.client_authentication import METHODS
from airside.oauth.client_proofs import CERTIFICATE_METHODS
from airside.oauth.model import GRANT_NAMES
from airside.oauth.request_objects import ALGORITHMS
from airside.oauth.requests import MODES, PROMPTS
from airside.oauth.settings import SigningAlgorithm
from airside.protocols.jose.jwe import CONTENT_ALGORITHMS, KEY_ALGORITHMS
from airside.protocols.oauth import CLIENT_ALGORITHMS, DPOP_ALGORITHMS, S256

TOKEN_CLAIMS: Final = ("iss", "sub", "aud", "exp", "iat", "jti", "auth_time", "acr", "amr", "sid", "nonce")
DIRECT: Final = frozenset(
    {
        "device_authorization_endpoint",
        "introspection_endpoint",
        "pushed_authorization_request_endpoint",
        "revocation_endpoint",
        "token_endpoint",
        "userinfo_endpoint",
    }
)
"""Endpoints that no browser stands between."""


def metadata(
    issuer: str,
    scopes: Sequence[str],
    *,
    mutual: str | None = None,
    registration: bool = False,
    documents: bool = False,
) -> Mapping[str, Json]:
    """The document at both well-known addresses of `issuer`, whose clients may have `scopes`.

    Args:
        mutual: stands for the issuer in the addresses of the listener that demands clients' certificates, where there
            is one.
        registration: clients may register themselves.
        documents: clients may name themselves by the address of their metadata.
    """
    endpoints = f"{issuer}/oauth2"
    methods: list[Json] = [*METHODS, *(sorted(CERTIFICATE_METHODS) if mutual is not None else ())]
    confidential: list[Json] = [method for method in methods if method != "none"]
    signing: list[Json] = list(CLIENT_ALGORITHMS)
    ours: list[Json] = list(get_args(SigningAlgorithm))
    document: dict[str, Json] = {
        "issuer": issuer,
        "authorization_endpoint": f"{endpoints}/authorize",
        "pushed_authorization_request_endpoint": f"{endpoints}/par",
        "token_endpoint": f"{endpoints}/token",
        "device_authorization_endpoint": f"{endpoints}/device_authorization",
        "revocation_endpoint": f"{endpoints}/revoke",
        "introspection_endpoint": f"{endpoints}/introspect",
        "userinfo_endpoint": f"{endpoints}/userinfo",
        "jwks_uri": f"{endpoints}/jwks",
        **({"registration_endpoint": f"{endpoints}/register"} if registration else {}),
        "response_types_supported": ["code"],
        "response_modes_supported": list(MODES),
        "grant_types_supported": list(GRANT_NAMES),
        "subject_types_supported": ["public", "pairwise"],
        "id_token_signing_alg_values_supported": ours,
        "id_token_encryption_alg_values_supported": [*KEY_ALGORITHMS],
        "id_token_encryption_enc_values_supported": [*CONTENT_ALGORITHMS],
        "userinfo_signing_alg_values_supported": ours,
        "introspection_signing_alg_values_supported": ours,
        "scopes_supported": [*scopes],
        "claims_supported": [*TOKEN_CLAIMS, *(claim for claims in SCOPE_CLAIMS.values() for claim in claims)],
        "acr_values_supported": ["aal1", "aal2", "aal3"],
        "prompt_values_supported": [*sorted(PROMPTS)],
        "token_endpoint_auth_methods_supported": methods,
        "token_endpoint_auth_signing_alg_values_supported": signing,
        "revocation_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_signing_alg_values_supported": signing,
        "introspection_endpoint_auth_methods_supported": confidential,
        "introspection_endpoint_auth_signing_alg_values_supported": signing,
        "dpop_signing_alg_values_supported": list(DPOP_ALGORITHMS),
        "code_challenge_methods_supported": [S256],
        "client_id_metadata_document_supported": documents,
        "authorization_response_iss_parameter_supported": True,
        "end_session_endpoint": f"{endpoints}/logout",
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "frontchannel_logout_supported": True,
        "frontchannel_logout_session_supported": True,
        "claims_parameter_supported": True,
        "request_parameter_supported": True,
        "request_uri_parameter_supported": False,
        "request_object_signing_alg_values_supported": list(ALGORITHMS),
        "require_pushed_authorization_requests": False,
        "require_signed_request_object": False,
    }
    return document if mutual is None else document | _mutual(document, issuer, mutual)


def _mutual(document: Mapping[str, Json], issuer: str, mutual: str) -> dict[str, Json]:
    """RFC 8705 §3.3 and §5: the addresses that clients speak to themselves, on the other listener."""
    aliases: dict[str, Json] = {
        name: mutual + address.removeprefix(issuer)
        for name, address in document.items()
        if name in DIRECT and isinstance(address, str)
    }
    return {"tls_client_certificate_bound_access_tokens": True, "mtls_endpoint_aliases": aliases}
