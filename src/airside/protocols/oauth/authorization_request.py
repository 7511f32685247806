"""The two ends of a front channel as a relying party sees them: the request it leads a browser away with, and the
answer that the browser brings back (RFC 6749 §4.1.1, §4.1.2; RFC 9207). Pure.
"""

import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from airside.core.errors import InvalidInput, Refusal
from airside.core.secret import Secret

MAX_CODE: Final = 8 * 1024
"""Some issuers seal a whole session into a code."""
_CODE: Final = re.compile(r"[\x20-\x7e]+")
KNOWN_ERRORS: Final = frozenset(
    {
        "access_denied",
        "invalid_request",
        "unauthorized_client",
        "unsupported_response_type",
        "invalid_scope",
        "server_error",
        "temporarily_unavailable",
        "interaction_required",
        "login_required",
        "account_selection_required",
        "consent_required",
        "user_cancelled_authorize",
    }
)
"""RFC 6749 §4.1.2.1, OpenID Connect Core §3.1.2.6, and the one that Apple says. Any other word of a stranger's is
`other`: it is written nowhere."""


class ProviderRefused(Refusal):
    """The provider gave no code, or an answer that isn't one to this request. `reason` is of a closed vocabulary."""

    code = "provider_refused"


def authorization_address(endpoint: str, parameters: Mapping[str, str]) -> str:
    """Where the browser is led. A query that `endpoint` has already is kept (RFC 6749 §3.1).

    Raises:
        InvalidInput: `endpoint` has a fragment, or says itself what is ours to say.
    """
    parts = urlsplit(endpoint)
    said = {name for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    if parts.fragment or "#" in endpoint or said & parameters.keys():
        raise InvalidInput("an authorization endpoint that can't be added to")
    return f"{endpoint}{'&' if parts.query else '?'}{urlencode(parameters)}"


def read_code(answer: Mapping[str, str], issuer: str, *, names_itself: bool) -> Secret[str]:
    """The code in `answer`, which came back with the `state` of a request that `issuer` was led away with.

    Who answers is compared first: what another issuer says, even that it is an error, is of no concern (RFC 9207 §2.4).
    From one that `names_itself` an answer without `iss` is refused.

    Raises:
        ProviderRefused: another `iss`, or none where there has to be one; an error; no code, or a malformed one.
    """
    said = answer.get("iss")
    if said != issuer and (said is not None or names_itself):
        raise ProviderRefused("issuer")
    if "error" in answer:
        raise ProviderRefused(error_reason(answer["error"]))
    code = answer.get("code", "")
    if not 0 < len(code) <= MAX_CODE or _CODE.fullmatch(code) is None:
        raise ProviderRefused("no_code")
    return Secret(code)


def error_reason(word: object) -> str:
    """What the journal calls the provider's `error`: itself where it is a known word."""
    return f"provider_said_{word if isinstance(word, str) and word in KNOWN_ERRORS else 'other'}"
