"""The refusals of OAuth. Inner reasons here; the outward words of RFC 6749 in `problems.py`."""

from typing import ClassVar

from airside.core.errors import Refusal


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


class LoginRequired(OAuthRefusal):
    """`prompt=none`, and nobody is signed in recently enough (OpenID Connect Core §3.1.2.6)."""

    code = "login_required"


class RequestNotSupported(OAuthRefusal):
    """A request object by value, which isn't spoken here (OpenID Connect Core §3.1.2.6)."""

    code = "request_not_supported"


class RequestUriNotSupported(OAuthRefusal):
    """A request object by reference, which isn't spoken here (OpenID Connect Core §3.1.2.6)."""

    code = "request_uri_not_supported"


class UnsafeRequest(Refusal):
    """Client or redirect URI unproven: the user is told on a page, and nobody is redirected (RFC 6749 §4.1.2.1)."""

    code = "invalid_request"


class AuthorizationRefused(Refusal):
    """A refusal that the client may hear: redirect URI proven. Carries where to and what `state` to return."""

    code = "authorization_refused"

    def __init__(self, cause: OAuthRefusal, redirect_uri: str, state: str | None) -> None:
        super().__init__(cause.reason)
        self.cause = cause
        self.redirect_uri = redirect_uri
        self.state = state
