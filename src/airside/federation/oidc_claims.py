"""What a verified ID token, a userinfo answer or a profile means as external claims. Pure."""

import contextlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from airside.core.errors import InvalidInput, TooLarge
from airside.core.strict_json import Json, dumps, loads_object
from airside.federation.model import ExternalClaims
from airside.federation.settings import OidcSettings
from airside.protocols.oauth import ProviderRefused, VerifiedIdToken

MAX_ATTRIBUTES: Final = 100
MAX_VALUES: Final = 1000
"""Groups of one person."""
MAX_VALUE: Final = 1024
MAX_EMAIL: Final = 254
MAX_NAME: Final = 200
MAX_APPLE_USER: Final = 4 * 1024
_OF_PROTOCOL: Final = frozenset(
    {"iss", "aud", "exp", "iat", "nbf", "nonce", "at_hash", "c_hash", "s_hash", "azp", "jti", "auth_time", "sid"}
)
"""Claims that say something of the token and nothing of the person."""
_METHODS: Final = 16


def external_claims(
    settings: OidcSettings, verified: VerifiedIdToken, told: Mapping[str, Json], first_seen: str = ""
) -> ExternalClaims:
    """Who it is: what the ID token says, and beside it what userinfo `told`, of which nothing overrules the signed
    word. `first_seen` is a name for somebody whose claims have none.

    Raises:
        ProviderRefused: more than a person has: cut short, it might be other groups than theirs.
    """
    claims: dict[str, Json] = {**told, **verified.claims}
    return ExternalClaims(
        subject=verified.subject,
        email=_short(claims.get("email"), MAX_EMAIL),
        email_verified=_email_verified(settings, verified.claims, told),
        name=_name(claims) or first_seen,
        attributes=attributes_of(claims),
        amr=_words(verified.claims.get("amr"))[:_METHODS],
        acr=_short(verified.claims.get("acr"), MAX_VALUE),
        session_index=_short(verified.claims.get("sid"), MAX_VALUE),
        authenticated_at=_moment(verified.claims.get("auth_time")),
    )


def attributes_of(claims: Mapping[str, Json]) -> Mapping[str, tuple[str, ...]]:
    """What `claims` say of the person, each as texts; an object has none.

    Raises:
        ProviderRefused: too many, or too long.
    """
    found = {name: _words(value) for name, value in claims.items() if name not in _OF_PROTOCOL}
    said = {name: words for name, words in found.items() if words}
    if len(said) > MAX_ATTRIBUTES or any(len(words) > MAX_VALUES for words in said.values()):
        raise ProviderRefused("too_many_attributes")
    if any(len(word) > MAX_VALUE for words in said.values() for word in (*words,)):
        raise ProviderRefused("attribute_too_long")
    return said


def apple_name(field: str) -> str:
    """The name in Apple's `user` field, which comes once, unsigned, through the browser: good for a first name to go
    by and for nothing else. Empty where there is none that can be read."""
    name: Json = None
    with contextlib.suppress(InvalidInput, TooLarge):
        name = loads_object(field.encode("utf-8", "replace"), max_bytes=MAX_APPLE_USER).get("name")
    if not isinstance(name, dict):
        return ""
    parts = (_short(name.get("firstName"), MAX_NAME), _short(name.get("lastName"), MAX_NAME))
    return _short(" ".join(part for part in parts if part), MAX_NAME)


def _name(claims: Mapping[str, Json]) -> str:
    whole = _short(claims.get("name"), MAX_NAME)
    parts = (_short(claims.get("given_name"), MAX_NAME), _short(claims.get("family_name"), MAX_NAME))
    return whole or _short(" ".join(part for part in parts if part), MAX_NAME)


def _email_verified(settings: OidcSettings, signed: Mapping[str, Json], told: Mapping[str, Json]) -> bool | None:
    """What is said of the address by whoever says the address: of another address it would prove nothing (N17)."""
    name = settings.email_verified_claim
    if name in signed or ("email" in signed and signed["email"] != told.get("email")):
        return _verified(signed.get(name))
    return _verified(told.get(name))


def _verified(value: Json) -> bool | None:
    """Apple writes it as a text, Microsoft as a text or a number; what is neither yes nor silence is no."""
    if value is None:
        return None
    return value is True or value in ("true", "1") or (value == 1 and type(value) is int)


def _words(value: Json) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [value]
    return tuple(_word(each) for each in values if isinstance(each, str | int | float) and each != "")


def _word(value: str | float) -> str:
    return value if isinstance(value, str) else dumps(value).decode()


def _short(value: Json, longest: int) -> str:
    """A text that is short and printable, or none."""
    return value if isinstance(value, str) and len(value) <= longest and value.isprintable() else ""


def _moment(value: Json) -> datetime | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 2**33:
        return None
    return datetime.fromtimestamp(value, UTC)
