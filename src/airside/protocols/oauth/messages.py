"""Answers of the token endpoint (RFC 6749 §5.1, §5.2) and the words an error may be."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from airside.core.secret import Secret
from airside.core.strict_json import Json
from airside.protocols.oauth.scope import format_scope


class ErrorCode(StrEnum):
    """Every error word we say: RFC 6749 §4.1.2.1 and §5.2, RFC 6750 §3.1, RFC 7009 §2.2.1, RFC 9449 §5 and §8, OpenID
    Connect Core §3.1.2.6."""

    """Every error word we say: RFC 6749 §4.1.2.1 and §5.2, RFC 6750 §3.1, RFC 7009 §2.2.1, OIDC Core §3.1.2.6,
    RFC 8707 §2, RFC 9101 §7."""

    INVALID_REQUEST = "invalid_request"
    INVALID_CLIENT = "invalid_client"
    INVALID_GRANT = "invalid_grant"
    INVALID_SCOPE = "invalid_scope"
    INVALID_TOKEN = "invalid_token"
    INVALID_TARGET = "invalid_target"
    INVALID_DPOP_PROOF = "invalid_dpop_proof"
    USE_DPOP_NONCE = "use_dpop_nonce"
    INSUFFICIENT_SCOPE = "insufficient_scope"
    UNAUTHORIZED_CLIENT = "unauthorized_client"
    UNSUPPORTED_GRANT_TYPE = "unsupported_grant_type"
    UNSUPPORTED_RESPONSE_TYPE = "unsupported_response_type"
    UNSUPPORTED_TOKEN_TYPE = "unsupported_token_type"
    ACCESS_DENIED = "access_denied"
    AUTHORIZATION_PENDING = "authorization_pending"
    SLOW_DOWN = "slow_down"
    EXPIRED_TOKEN = "expired_token"
    LOGIN_REQUIRED = "login_required"
    INTERACTION_REQUIRED = "interaction_required"
    CONSENT_REQUIRED = "consent_required"
    UNMET_AUTHENTICATION_REQUIREMENTS = "unmet_authentication_requirements"
    INVALID_REQUEST_OBJECT = "invalid_request_object"
    INVALID_REQUEST_URI = "invalid_request_uri"
    REQUEST_URI_NOT_SUPPORTED = "request_uri_not_supported"
    INVALID_CLIENT_METADATA = "invalid_client_metadata"
    INVALID_REDIRECT_URI = "invalid_redirect_uri"
    UNAPPROVED_SOFTWARE_STATEMENT = "unapproved_software_statement"
    SERVER_ERROR = "server_error"
    TEMPORARILY_UNAVAILABLE = "temporarily_unavailable"


@dataclass(frozen=True, slots=True)
class TokenResponse:
    """A successful answer. `expires_in` in seconds."""

    access_token: Secret[str]
    expires_in: int
    scope: frozenset[str]
    refresh_token: Secret[str] | None = None
    id_token: Secret[str] | None = None
    token_type: str = "Bearer"
    issued_token_type: str | None = None

    def body(self) -> Mapping[str, Json]:
        """The members of RFC 6749 §5.1, and RFC 8693 §2.2.1 after an exchange: here, and only here, the tokens come out
        of their wrapping."""
        members: dict[str, Json] = {
            "access_token": self.access_token.reveal(),
            "token_type": self.token_type,
            "expires_in": self.expires_in,
            "scope": format_scope(self.scope),
        }
        if self.refresh_token is not None:
            members["refresh_token"] = self.refresh_token.reveal()
        if self.id_token is not None:
            members["id_token"] = self.id_token.reveal()
        if self.issued_token_type is not None:
            members["issued_token_type"] = self.issued_token_type
        return members


def error_body(code: ErrorCode, description: str = "") -> Mapping[str, Json]:
    """The members of RFC 6749 §5.2. `description` is ours and fixed, never what the caller sent."""
    return {"error": code.value} | ({"error_description": description} if description else {})
