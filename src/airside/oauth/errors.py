"""The refusals of OAuth. Inner reasons here; the outward words of RFC 6749 in `problems.py`."""

from typing import ClassVar

from airside.core.errors import Refusal, Unauthenticated
from airside.oauth.model import AuthorizationRequest, ResponseMode


class OAuthRefusal(Refusal):
    """A refusal that RFC 6749 §5.2 or §4.1.2.1 has a word for."""

    code: ClassVar[str] = "invalid_request"


class InvalidRequest(OAuthRefusal):
    """A parameter is missing, repeated, malformed, or at odds with another."""

    code = "invalid_request"


class InvalidClient(OAuthRefusal):
    """Client authentication failed: unknown, disabled, no or several credentials, or a wrong one.

    `challenge` tells whether the client tried the Authorization header (then 401 with WWW-Authenticate is a must).
    """

    code = "invalid_client"

    def __init__(self, reason: str = "", *, challenge: bool = False) -> None:
        super().__init__(reason)
        self.challenge = challenge


class InvalidDpopProof(OAuthRefusal):
    """A DPoP proof proves nothing for this request, or one is missing (RFC 9449 §5)."""

    code = "invalid_dpop_proof"


class UseDpopNonce(OAuthRefusal):
    """The proof needs the server's `nonce`: no failure, but how the first proof of a client begins (RFC 9449 §8)."""

    code = "use_dpop_nonce"

    def __init__(self, nonce: str) -> None:
        super().__init__("nonce")
        self.nonce = nonce


class InvalidGrant(OAuthRefusal):
    """The code or refresh token is unknown, expired, spent, revoked, another client's, or doesn't fit the request."""

    code = "invalid_grant"


class UnauthorizedClient(OAuthRefusal):
    """The client isn't registered for this grant or response type."""

    code = "unauthorized_client"


class UnsupportedGrantType(OAuthRefusal):
    """No such grant here."""

    code = "unsupported_grant_type"


class UnsupportedResponseType(OAuthRefusal):
    """Only `code` is spoken (OAuth 2.1)."""

    code = "unsupported_response_type"


class InvalidScope(OAuthRefusal):
    """Malformed, or more than the client (or the original grant) has."""

    code = "invalid_scope"


class AccessDenied(OAuthRefusal):
    """The user, or the state of their account, says no."""

    code = "access_denied"


class AuthorizationPending(OAuthRefusal):
    """Nobody has answered the device yet (RFC 8628 §3.5). No failure: it is charged to nobody."""

    code = "authorization_pending"


class SlowDown(OAuthRefusal):
    """The device asked before its time, and waits five seconds longer from now on (RFC 8628 §3.5)."""

    code = "slow_down"


class ExpiredToken(OAuthRefusal):
    """Nobody answered the device in time (RFC 8628 §3.5)."""

    code = "expired_token"


class LoginRequired(OAuthRefusal):
    """`prompt=none`, and nobody is signed in recently enough (OpenID Connect Core §3.1.2.6)."""

    code = "login_required"


class UnmetAuthenticationRequirements(OAuthRefusal):
    """The client insists on an assurance that nobody can reach here (OpenID Connect Core Error Code
    unmet_authentication_requirements 1.0)."""

    code = "unmet_authentication_requirements"


class ConsentRequired(OAuthRefusal):
    """`prompt=none`, and the user would have to be asked first (OpenID Connect Core §3.1.2.6)."""

    code = "consent_required"


class InvalidTarget(OAuthRefusal):
    """A resource that isn't one of the client's, or no URI (RFC 8707 §2)."""

    code = "invalid_target"


class InvalidRequestObject(OAuthRefusal):
    """A request object that isn't signed by its client, not for us, out of its time, or missing where the client is
    registered for one (RFC 9101 §6)."""

    code = "invalid_request_object"


class InvalidRequestUri(OAuthRefusal):
    """A reference to nothing that this client has pushed lately (RFC 9126 §4)."""

    code = "invalid_request_uri"


class RequestUriNotSupported(OAuthRefusal):
    """A request object by reference to somewhere else, which isn't fetched (OpenID Connect Core §3.1.2.6)."""

    code = "request_uri_not_supported"


class InvalidClientMetadata(OAuthRefusal):
    """A client that registers itself says something that isn't lawful or isn't spoken here (RFC 7591 §3.2.2). `field`
    names the member, as the RFC spells it; empty where it is the whole."""

    code = "invalid_client_metadata"

    def __init__(self, field: str = "") -> None:
        super().__init__(field or "metadata")
        self.field = field


class InvalidRedirectUri(InvalidClientMetadata):
    """A redirect URI that can't be registered (RFC 7591 §3.2.2)."""

    code = "invalid_redirect_uri"


class UnapprovedSoftwareStatement(OAuthRefusal):
    """Software statements aren't taken (RFC 7591 §3.2.2)."""

    code = "unapproved_software_statement"


class NoToken(Unauthenticated):
    """A protected resource was asked without any token: it says only which kind it takes (RFC 6750 §3.1)."""


class UnsafeRequest(Refusal):
    """Client or redirect URI unproven: the user is told on a page, and nobody is redirected (RFC 6749 §4.1.2.1)."""

    code = "invalid_request"


class AuthorizationRefused(Refusal):
    """A refusal that the client may hear: redirect URI proven. Carries where to, how, and what `state` to return."""

    code = "authorization_refused"

    def __init__(self, cause: OAuthRefusal, redirect_uri: str, state: str | None, mode: ResponseMode = "query") -> None:
        super().__init__(cause.reason)
        self.cause = cause
        self.redirect_uri = redirect_uri
        self.state = state
        self.mode: ResponseMode = mode

    @classmethod
    def of(cls, request: AuthorizationRequest, cause: OAuthRefusal) -> "AuthorizationRefused":
        """The answer to `request`, which can't be granted."""
        return cls(cause, request.redirect_uri, request.state, request.details.response_mode)
