"""Reading an authorization request (RFC 6749 §4.1.1, OAuth 2.1, RFC 7636, OpenID Connect Core §3.1.2.1). Pure.

Two halves, because their refusals travel differently: `client_word` and `proven_redirect` come first and refuse on
a page; once the redirect URI is proven, `read` may refuse by a redirect to it.
"""

import re
from collections.abc import Mapping
from typing import Final, NoReturn

from airside.core.errors import InvalidInput
from airside.core.principal import Assurance
from airside.oauth.errors import (
    AuthorizationRefused,
    InvalidRequest,
    InvalidScope,
    OAuthRefusal,
    RequestNotSupported,
    RequestUriNotSupported,
    UnauthorizedClient,
    UnsafeRequest,
    UnsupportedResponseType,
)
from airside.oauth.model import AuthorizationRequest, Client, Prompt
from airside.protocols.oauth import check_challenge, check_method, parse_scope, redirect_matches

MAX_STATE: Final = 2048
MAX_NONCE: Final = 512
MAX_ACR_VALUES: Final = 512
ASSURANCES: Final[tuple[Assurance, ...]] = ("aal1", "aal2", "aal3")
_VISIBLE: Final = re.compile(r"[ -~]+")  # VSCHAR, RFC 6749 appendix A
_SECONDS: Final = re.compile(r"[0-9]{1,9}")


def proven_redirect(client: Client | None, presented: str | None) -> tuple[Client, str]:
    """The client and the redirect URI, if it is one that the client registered.

    Raises:
        UnsafeRequest: no such active client, no redirect URI, or none of its own. Nobody is redirected.
    """
    if client is None or client.state != "active":
        raise UnsafeRequest("unknown or disabled client")
    if presented is None:
        raise UnsafeRequest("redirect_uri is missing")
    native = client.public
    if not any(redirect_matches(registered, presented, native=native) for registered in client.redirect_uris):
        raise UnsafeRequest("redirect_uri isn't registered")
    return client, presented


def read(client: Client, redirect_uri: str, parameters: Mapping[str, str]) -> AuthorizationRequest:
    """The request, once client and redirect URI are proven.

    Raises:
        AuthorizationRefused: it can't be granted whoever signs in; the client is told through its redirect URI.
    """
    state = parameters.get("state")
    if state is not None and (len(state) > MAX_STATE or not _VISIBLE.fullmatch(state)):
        raise AuthorizationRefused(InvalidRequest("malformed state"), redirect_uri, None)
    try:
        return _read(client, redirect_uri, parameters)
    except OAuthRefusal as cause:
        raise AuthorizationRefused(cause, redirect_uri, state) from cause


def _read(client: Client, redirect_uri: str, parameters: Mapping[str, str]) -> AuthorizationRequest:
    # 1. What this endpoint doesn't speak is refused, never ignored.
    if "request" in parameters:
        raise RequestNotSupported
    if "request_uri" in parameters:
        raise RequestUriNotSupported
    if parameters.get("response_mode", "query") != "query":
        raise InvalidRequest("response_mode")
    # 2. RFC 6749 §3.1.1: response_type is required.
    response_type = parameters.get("response_type")
    if response_type is None:
        raise InvalidRequest("response_type is missing")
    if response_type != "code":
        raise UnsupportedResponseType
    if "authorization_code" not in client.grants:
        raise UnauthorizedClient("authorization_code")
    # 3. RFC 7636 §4.3, required of every client, S256 only.
    try:
        check_method(parameters.get("code_challenge_method"))
        challenge = check_challenge(parameters.get("code_challenge"))
    except InvalidInput as cause:
        raise InvalidRequest(cause.reason) from cause
    # 4. What it asks for.
    return AuthorizationRequest(
        client_id=client.client_id,
        redirect_uri=redirect_uri,
        scopes=_scopes(client, parameters.get("scope")),
        code_challenge=challenge,
        state=parameters.get("state"),
        nonce=_nonce(parameters.get("nonce")),
        prompt=_prompt(parameters.get("prompt")),
        max_age=_max_age(parameters.get("max_age")),
        acr=_acr(parameters.get("acr_values")),
    )


def _scopes(client: Client, text: str | None) -> frozenset[str]:
    try:
        scopes = parse_scope(text or "")
    except InvalidInput as cause:
        raise InvalidScope(cause.reason) from cause
    if not scopes or not scopes <= client.scopes:
        raise InvalidScope("no scope, or more than the client has")
    return scopes


def _nonce(text: str | None) -> str | None:
    if text is not None and (len(text) > MAX_NONCE or not _VISIBLE.fullmatch(text)):
        raise InvalidRequest("malformed nonce")
    return text


def _prompt(text: str | None) -> Prompt | None:
    if text in (None, "none", "login"):
        return text
    return _unspoken("prompt")


def _max_age(text: str | None) -> int | None:
    if text is None:
        return None
    if not _SECONDS.fullmatch(text):
        _unspoken("max_age")
    return int(text)


def _acr(text: str | None) -> Assurance | None:
    """The least of the asked-for assurances: any of them satisfies the client. Names that we don't know are passed over
    (OpenID Connect Core §3.1.2.1: `acr_values` is voluntary)."""
    if text is None:
        return None
    if len(text) > MAX_ACR_VALUES:
        raise InvalidRequest("acr_values over its cap")
    asked = text.split(" ")
    return next((assurance for assurance in ASSURANCES if assurance in asked), None)


def _unspoken(name: str) -> NoReturn:
    raise InvalidRequest(f"{name} has a value that isn't spoken here")
