"""The one table of this room: refusal → OAuth error (RFC 6749 §4.1.2.1 and §5.2).

What isn't in the table is nobody's fault outside: it goes on to the server's own last door, silent to the caller
and loud in the log. So does a tenant that isn't there, which is the same 404 everywhere.
"""

from dataclasses import dataclass, field
from typing import Final

from airside.core.errors import (
    Forbidden,
    InvalidInput,
    LimitExceeded,
    Refusal,
    TooLarge,
    Unauthenticated,
    Unavailable,
)
from airside.oauth.errors import (
    AccessDenied,
    AuthorizationPending,
    AuthorizationRefused,
    ConsentRequired,
    ExpiredToken,
    InvalidClient,
    InvalidClientMetadata,
    InvalidDpopProof,
    InvalidGrant,
    InvalidRedirectUri,
    InvalidRequest,
    InvalidRequestObject,
    InvalidRequestUri,
    InvalidScope,
    InvalidTarget,
    LoginRequired,
    NoToken,
    OAuthRefusal,
    RequestUriNotSupported,
    SlowDown,
    UnapprovedSoftwareStatement,
    UnauthorizedClient,
    UnmetAuthenticationRequirements,
    UnsafeRequest,
    UnsupportedGrantType,
    UnsupportedResponseType,
    UseDpopNonce,
)
from airside.protocols.oauth import ErrorCode, MalformedForm
from airside.shield import come_again

TABLE: Final[dict[type[Refusal], tuple[int, ErrorCode, str]]] = {
    InvalidRequest: (400, ErrorCode.INVALID_REQUEST, "A parameter is missing, repeated or malformed."),
    InvalidClient: (401, ErrorCode.INVALID_CLIENT, "Client authentication failed."),
    InvalidGrant: (
        400,
        ErrorCode.INVALID_GRANT,
        "The grant is invalid, expired, spent or was issued to another client.",
    ),
    InvalidDpopProof: (400, ErrorCode.INVALID_DPOP_PROOF, "The DPoP proof is missing, malformed, old or used."),
    UseDpopNonce: (400, ErrorCode.USE_DPOP_NONCE, "The DPoP proof needs the nonce of the DPoP-Nonce header."),
    UnauthorizedClient: (400, ErrorCode.UNAUTHORIZED_CLIENT, "The client may not use this grant."),
    UnsupportedGrantType: (400, ErrorCode.UNSUPPORTED_GRANT_TYPE, "This grant isn't supported."),
    UnsupportedResponseType: (400, ErrorCode.UNSUPPORTED_RESPONSE_TYPE, "Only response_type=code is supported."),
    InvalidScope: (400, ErrorCode.INVALID_SCOPE, "The scope is malformed or more than the client may ask for."),
    AccessDenied: (400, ErrorCode.ACCESS_DENIED, "The request was denied."),
    AuthorizationPending: (400, ErrorCode.AUTHORIZATION_PENDING, "Nobody has answered yet."),
    SlowDown: (400, ErrorCode.SLOW_DOWN, "Too soon: wait five seconds longer between two requests."),
    ExpiredToken: (400, ErrorCode.EXPIRED_TOKEN, "Nobody answered in time; begin anew."),
    LoginRequired: (400, ErrorCode.LOGIN_REQUIRED, "The user has to sign in."),
    UnmetAuthenticationRequirements: (
        400,
        ErrorCode.UNMET_AUTHENTICATION_REQUIREMENTS,
        "The user can't be authenticated as strongly as was asked.",
    ),
    InvalidTarget: (400, ErrorCode.INVALID_TARGET, "The resource is malformed or none of the client's."),
    InvalidRequestObject: (400, ErrorCode.INVALID_REQUEST_OBJECT, "The request object is missing or invalid."),
    InvalidRequestUri: (400, ErrorCode.INVALID_REQUEST_URI, "The request_uri is unknown, expired or spent."),
    ConsentRequired: (400, ErrorCode.CONSENT_REQUIRED, "The user has to be asked."),
    InvalidClientMetadata: (400, ErrorCode.INVALID_CLIENT_METADATA, "The client can't be registered so."),
    InvalidRedirectUri: (400, ErrorCode.INVALID_REDIRECT_URI, "A redirect URI can't be registered."),
    UnapprovedSoftwareStatement: (
        400,
        ErrorCode.UNAPPROVED_SOFTWARE_STATEMENT,
        "Software statements aren't taken here.",
    ),
    RequestUriNotSupported: (400, ErrorCode.REQUEST_URI_NOT_SUPPORTED, "Only pushed requests are referred to."),
    UnsafeRequest: (400, ErrorCode.INVALID_REQUEST, "The client or its redirect URI isn't known here."),
    AuthorizationRefused: (400, ErrorCode.INVALID_REQUEST, "The request was refused."),
    Unauthenticated: (401, ErrorCode.INVALID_TOKEN, "The access token is missing, expired, revoked or malformed."),
    Forbidden: (403, ErrorCode.INSUFFICIENT_SCOPE, "The access token doesn't reach this."),
    InvalidInput: (400, ErrorCode.INVALID_REQUEST, "The request can't be understood."),
    MalformedForm: (
        400,
        ErrorCode.INVALID_REQUEST,
        "The parameters are malformed: each comes once, and a space is spelled + or %20.",
    ),
    TooLarge: (413, ErrorCode.INVALID_REQUEST, "The request is too large."),
    LimitExceeded: (429, ErrorCode.TEMPORARILY_UNAVAILABLE, "Too many failed requests; try again later."),
    Unavailable: (503, ErrorCode.TEMPORARILY_UNAVAILABLE, "A needed part is away; try again."),
}


@dataclass(frozen=True, slots=True)
class OAuthError:
    """An error as the caller sees it. `headers` go with it."""

    status: int
    error: ErrorCode
    description: str
    headers: dict[str, str] = field(default_factory=dict[str, str])


def oauth_error(refusal: Refusal, realm: str) -> OAuthError | None:
    """The outward form of `refusal`; the nearest class of the table speaks. `realm` is the issuer.

    It never says more than its row: inner reasons are for the log. None where no row explains it.
    """
    row = next((TABLE[kind] for kind in type(refusal).__mro__ if kind in TABLE), None)
    if row is None:
        return None
    status, error, description = row
    return OAuthError(status, error, description, _headers(refusal, status, error, realm))


def redirect_error(cause: OAuthRefusal) -> ErrorCode:
    """The error code for a redirect back to the client (RFC 6749 §4.1.2.1)."""
    return next((TABLE[kind][1] for kind in type(cause).__mro__ if kind in TABLE), ErrorCode.SERVER_ERROR)


def _headers(refusal: Refusal, status: int, error: ErrorCode, realm: str) -> dict[str, str]:
    if isinstance(refusal, InvalidClient):
        # RFC 6749 §5.2: a challenge by the scheme the client tried; RFC 9110 §15.5.2: 401 always has one.
        return {"www-authenticate": f'Basic realm="{realm}", charset="UTF-8"'}
    if isinstance(refusal, UseDpopNonce):
        return {"dpop-nonce": refusal.nonce}
    if isinstance(refusal, NoToken):
        # RFC 6750 §3.1: whoever presented nothing has made no error yet.
        return {"www-authenticate": f'Bearer realm="{realm}"'}
    if isinstance(refusal, Forbidden) and refusal.data.get("scope"):
        scope = refusal.data["scope"]
        return {"www-authenticate": f'Bearer realm="{realm}", error="{error}", scope="{scope}"'}
    if status in (401, 403):
        return {"www-authenticate": f'Bearer realm="{realm}", error="{error}"'}
    if isinstance(refusal, (LimitExceeded, Unavailable)):
        return come_again(refusal)
    return {}
