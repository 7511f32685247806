"""Authorization responses: back to the proven redirect URI, with `iss` (RFC 9207), the way the client asked for. Pure.

By query (RFC 6749 §4.1.2), by fragment (OAuth 2.0 Multiple Response Type Encoding Practices §2.1), or as a form that
the browser posts (OAuth 2.0 Form Post Response Mode §2).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import urlencode

from airside.core.secret import Secret
from airside.oauth.errors import AuthorizationRefused
from airside.oauth.model import AuthorizationRequest, ResponseMode
from airside.oauth.problems import redirect_error


@dataclass(frozen=True, slots=True)
class Redirect:
    """On to `location`: the client's."""

    location: str


@dataclass(frozen=True, slots=True)
class FormPost:
    """A form whose `fields` go to `action`: the client's."""

    action: str
    fields: Mapping[str, str]


Reply: TypeAlias = Redirect | FormPost


def success(request: AuthorizationRequest, *, code: Secret[str], issuer: str) -> Reply:
    """How the browser takes the code to the client."""
    answer = {"code": code.reveal(), "state": request.state, "iss": issuer}
    return _reply(request.redirect_uri, request.details.response_mode, answer)


def refusal(cause: AuthorizationRefused, *, issuer: str) -> Reply:
    """How the browser takes the error to the client."""
    answer = {"error": redirect_error(cause.cause).value, "state": cause.state, "iss": issuer}
    return _reply(cause.redirect_uri, cause.mode, answer)


def _reply(redirect_uri: str, mode: ResponseMode, answer: Mapping[str, str | None]) -> Reply:
    given = {name: value for name, value in answer.items() if value is not None}
    match mode:
        case "form_post":
            return FormPost(redirect_uri, given)
        case "fragment":
            return Redirect(f"{redirect_uri}#{urlencode(given)}")
        case "query":
            # The registered URI may have a query of its own (RFC 6749 §3.1.2), never a fragment.
            return Redirect(f"{redirect_uri}{'&' if '?' in redirect_uri else '?'}{urlencode(given)}")
