"""Authorization responses: back to the proven redirect URI by query (RFC 6749 §4.1.2), with `iss` (RFC 9207). Pure."""

from urllib.parse import urlencode

from airside.core.secret import Secret
from airside.oauth.errors import AuthorizationRefused
from airside.oauth.problems import redirect_error


def success_location(redirect_uri: str, *, code: Secret[str], state: str | None, issuer: str) -> str:
    """Where the browser takes the code."""
    return _location(redirect_uri, {"code": code.reveal(), "state": state, "iss": issuer})


def refusal_location(refusal: AuthorizationRefused, *, issuer: str) -> str:
    """Where the browser takes the error."""
    error = redirect_error(refusal.cause).value
    return _location(refusal.redirect_uri, {"error": error, "state": refusal.state, "iss": issuer})


def _location(redirect_uri: str, parameters: dict[str, str | None]) -> str:
    # The registered URI may have a query of its own (RFC 6749 §3.1.2), never a fragment.
    given = urlencode({name: value for name, value in parameters.items() if value is not None})
    return f"{redirect_uri}{'&' if '?' in redirect_uri else '?'}{given}"
