"""Reading an authorization request (RFC 6749 §4.1.1, OAuth 2.1, RFC 7636, OpenID Connect Core §3.1.2.1). Pure.

Two halves, because their refusals travel differently: `proven_redirect` comes first and refuses on a page; once the
redirect URI is proven, `read` may refuse by a redirect to it. By what way the parameters came (plainly, signed,
pushed) is no matter here: `intake` knows.
"""

import re
from collections.abc import Mapping
from typing import Final

from airside.core.errors import InvalidInput
from airside.core.principal import Assurance
from airside.oauth.claims_parameter import (
    ClaimsRequest,
    essential_values,
    read_claims_parameter,
    voluntary_values,
)
from airside.oauth.errors import (
    AuthorizationRefused,
    InvalidRequest,
    InvalidScope,
    OAuthRefusal,
    UnauthorizedClient,
    UnmetAuthenticationRequirements,
    UnsafeRequest,
    UnsupportedResponseType,
)
from airside.oauth.model import AuthorizationRequest, Client, Prompt, RequestDetails, ResponseMode
from airside.oauth.narrowing import requested_audience
from airside.protocols.oauth import check_challenge, check_method, is_thumbprint, parse_scope, redirect_matches

MAX_STATE: Final = 2048
MAX_NONCE: Final = 512
MAX_ACR_VALUES: Final = 512
MAX_LOGIN_HINT: Final = 254
MAX_LOCALES: Final = 10
ASSURANCES: Final[tuple[Assurance, ...]] = ("aal1", "aal2", "aal3")
MODES: Final[tuple[ResponseMode, ...]] = ("query", "fragment", "form_post")
_MODES: Final[dict[str, ResponseMode]] = {mode: mode for mode in MODES}
PROMPTS: Final = frozenset({"none", "login", "consent", "select_account"})
OPENID: Final = "openid"
_VISIBLE: Final = re.compile(r"[ -~]+")  # VSCHAR, RFC 6749 appendix A
_SECONDS: Final = re.compile(r"[0-9]{1,9}")
_LANGUAGE: Final = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,7}")  # RFC 5646 §2.1, near enough to be looked up


def proven_redirect(client: Client | None, presented: str | None) -> tuple[Client, str]:
    """The client and the redirect URI, if it is one that the client registered. It is always named.

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


def refused(cause: OAuthRefusal, redirect_uri: str, parameters: Mapping[str, str]) -> AuthorizationRefused:
    """The refusal of a request that isn't fully read, told the way it asks for as far as that can be told."""
    state, mode = parameters.get("state"), parameters.get("response_mode")
    return AuthorizationRefused(
        cause,
        redirect_uri,
        state if _is_state(state) else None,
        _known_mode(redirect_uri, mode) or "query",
    )


def read(client: Client, redirect_uri: str, parameters: Mapping[str, str]) -> AuthorizationRequest:
    """The request, once client and redirect URI are proven. `id_token_hint` isn't read: that takes more than words.

    Raises:
        AuthorizationRefused: it can't be granted whoever signs in; the client is told through its redirect URI.
    """
    try:
        return _read(client, redirect_uri, parameters)
    except OAuthRefusal as cause:
        raise refused(cause, redirect_uri, parameters) from cause


def _read(client: Client, redirect_uri: str, parameters: Mapping[str, str]) -> AuthorizationRequest:
    # 1. How the answer travels.
    state = parameters.get("state")
    if state is not None and not _is_state(state):
        raise InvalidRequest("malformed state")
    mode = _mode(redirect_uri, parameters.get("response_mode"))
    # 2. RFC 6749 §3.1.1: response_type is required.
    response_type = parameters.get("response_type")
    if response_type is None:
        raise InvalidRequest("response_type is missing")
    if response_type != "code":
        raise UnsupportedResponseType
    if "authorization_code" not in client.grants:
        raise UnauthorizedClient("authorization_code")
    # 3. What it asks for.
    scopes = _scopes(client, parameters.get("scope"))
    prompts = _prompts(parameters.get("prompt"))
    claims = read_claims_parameter(parameters["claims"]) if "claims" in parameters and OPENID in scopes else None
    resource = parameters.get("resource")
    return AuthorizationRequest(
        client_id=client.client_id,
        redirect_uri=redirect_uri,
        scopes=scopes,
        code_challenge=_challenge(client, parameters),
        state=state,
        nonce=_nonce(parameters.get("nonce")),
        prompt=_login_or_none(prompts),
        max_age=_max_age(client, parameters.get("max_age")),
        acr=_acr(client, parameters.get("acr_values"), claims),
        login_hint=_login_hint(parameters.get("login_hint")),
        details=RequestDetails(
            response_mode=mode,
            resources=() if resource is None else requested_audience(resource, client.audiences),
            claims=claims,
            ui_locales=_locales(parameters.get("ui_locales")),
            consent_asked="consent" in prompts,
            dpop_jkt=_thumbprint(parameters.get("dpop_jkt")),
        ),
    )


def _is_state(state: str | None) -> bool:
    return state is not None and len(state) <= MAX_STATE and _VISIBLE.fullmatch(state) is not None


def _mode(redirect_uri: str, text: str | None) -> ResponseMode:
    """OAuth 2.0 Multiple Response Type Encoding Practices §2.1; the default of `code` is `query`."""
    mode = _known_mode(redirect_uri, text or "query")
    if mode is None:
        raise InvalidRequest("response_mode")
    return mode


def _known_mode(redirect_uri: str, text: str | None) -> ResponseMode | None:
    # Only a web server takes a form: an app behind a private-use scheme doesn't.
    if text == "form_post" and not redirect_uri.startswith(("https://", "http://")):
        return None
    return _MODES.get(text or "")


def _challenge(client: Client, parameters: Mapping[str, str]) -> str | None:
    """RFC 7636 §4.3, S256 only. Whoever may go without sends neither half (N08)."""
    method, challenge = parameters.get("code_challenge_method"), parameters.get("code_challenge")
    if method is None and challenge is None and not client.needs_pkce:
        return None
    try:
        check_method(method)
        return check_challenge(challenge)
    except InvalidInput as cause:
        raise InvalidRequest(cause.reason) from cause


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


def _prompts(text: str | None) -> frozenset[str]:
    prompts = frozenset(text.split(" ")) if text is not None else frozenset[str]()
    if not prompts <= PROMPTS or ("none" in prompts and len(prompts) > 1):
        raise InvalidRequest("prompt has a value that isn't spoken here, or none beside another")
    return prompts


def _login_or_none(prompts: frozenset[str]) -> Prompt | None:
    """A browser holds one session here, so that choosing an account is signing in anew."""
    if "none" in prompts:
        return "none"
    return "login" if prompts & {"login", "select_account"} else None


def _max_age(client: Client, text: str | None) -> int | None:
    if text is None:
        return client.settings.default_max_age
    if not _SECONDS.fullmatch(text):
        raise InvalidRequest("max_age isn't a number of seconds")
    return int(text)


def _acr(client: Client, text: str | None, claims: ClaimsRequest | None) -> Assurance | None:
    """The least assurance that satisfies the client: any of those it names does. `acr_values` and a wish in `claims`
    are voluntary, so that names that we don't know are passed over; where it insists on such a name alone, nobody can
    satisfy it (OpenID Connect Core §3.1.2.1, §5.5.1.1)."""
    if text is not None and len(text) > MAX_ACR_VALUES:
        raise InvalidRequest("acr_values over its cap")
    essential = essential_values(claims, "acr")
    least = _least(essential)
    if essential and least is None:
        raise UnmetAuthenticationRequirements
    wished = voluntary_values(claims, "acr") if text is None else tuple(text.split(" "))
    if not essential and not wished:
        return client.settings.default_acr
    names = {least, _least(wished)}
    return next((assurance for assurance in reversed(ASSURANCES) if assurance in names), None)


def _least(names: tuple[str, ...]) -> Assurance | None:
    return next((assurance for assurance in ASSURANCES if assurance in names), None)


def _thumbprint(text: str | None) -> str | None:
    """RFC 9449 §10: the key that the code will be bound to."""
    if text is not None and not is_thumbprint(text):
        raise InvalidRequest("dpop_jkt isn't a thumbprint")
    return text


def _login_hint(text: str | None) -> str | None:
    """A hint that nobody could fill in is none."""
    return text if text is not None and len(text) <= MAX_LOGIN_HINT and text.isprintable() else None


def _locales(text: str | None) -> tuple[str, ...]:
    """Languages, best first. None of them is an error (OpenID Connect Core §3.1.2.1)."""
    tags = (text or "").split(" ", MAX_LOCALES)[:MAX_LOCALES]
    return tuple(tag for tag in tags if _LANGUAGE.fullmatch(tag))
