"""FAPI 2.0 Security Profile (Final): whether a client fits, and what it implies. Pure."""

from typing import Final

from msgspec.structs import replace

from airside.core.errors import InvalidInput
from airside.core.strict_json import Json
from airside.oauth.model import ClientDraft
from airside.oauth.settings import ClientSettings

ALGORITHMS: Final = frozenset({"ES256", "PS256", "EdDSA"})
"""§5.4.1: whatever is signed, by whichever side."""

METHODS: Final = frozenset({"private_key_jwt", "tls_client_auth", "self_signed_tls_client_auth"})
"""§5.3.2.1: how clients prove themselves."""

GRANTS: Final = frozenset({"authorization_code", "refresh_token", "client_credentials"})
"""§5.3.2.2: people sign in by a code and in no other way; a program may act for itself."""

_ALGORITHM_FIELDS: Final = (
    "id_token_signed_response_alg",
    "userinfo_signed_response_alg",
    "introspection_signed_response_alg",
    "request_object_signing_alg",
)


def conforming(draft: ClientDraft) -> ClientSettings:
    """The draft's settings with all that the profile implies switched on.

    Raises:
        InvalidInput: it doesn't fit; every reason is named at once.
    """
    reasons = misfits(draft)
    if reasons:
        raise InvalidInput(f"fapi2: {'; '.join(reasons)}", pointer="settings.profile")
    return replace(draft.settings, require_pushed_authorization_requests=True)


def misfits(draft: ClientDraft) -> tuple[str, ...]:
    """Why the draft doesn't fit the profile; empty where it does."""
    settings = draft.settings
    # A client that nobody signs in to gets no ID token, however it would be signed.
    fields = _ALGORITHM_FIELDS if "authorization_code" in draft.grants else _ALGORITHM_FIELDS[1:]
    named = {name: getattr(settings, name) for name in fields}
    weak = [name for name, value in named.items() if value is not None and value not in ALGORITHMS]
    pinned = [key.get("alg") for key in _keys(settings)]
    reasons = {
        "the client must be confidential": draft.public,
        f"token_endpoint_auth_method must be one of {', '.join(sorted(METHODS))}": (
            settings.token_endpoint_auth_method not in METHODS
        ),
        "access tokens must be bound by DPoP or to a certificate": not settings.sender_constrained,
        f"grants must be among {', '.join(sorted(GRANTS))}": not draft.grants <= GRANTS,
        "require_pkce must not be false": not settings.require_pkce,
        "redirect_uris must be https": not all(uri.startswith("https://") for uri in draft.redirect_uris),
        f"ES256, PS256 and EdDSA alone may sign: {', '.join(weak)}": bool(weak),
        "jwks must have no key for RS256": "RS256" in pinned,
    }
    return tuple(reason for reason, applies in reasons.items() if applies)


def _keys(settings: ClientSettings) -> list[dict[str, Json]]:
    keys: Json = (settings.jwks or {}).get("keys")
    return [key for key in keys if isinstance(key, dict)] if isinstance(keys, list) else []
