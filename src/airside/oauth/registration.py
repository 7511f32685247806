"""What may be registered as a client. Pure: judged once, here, so that nobody later asks again."""

import re
from dataclasses import dataclass
from typing import Final

from airside.core.errors import InvalidInput
from airside.oauth.model import (
    DEVICE_CODE,
    JWT_BEARER,
    MAX_AUDIENCE,
    MAX_AUDIENCES,
    MAX_NAME,
    MAX_REDIRECT_URIS,
    TOKEN_EXCHANGE,
    ClientDraft,
    GrantName,
    known_grants,
)
from airside.oauth.registration_settings import lawful_settings
from airside.oauth.settings import ClientSettings
from airside.protocols.oauth import check_redirect_uri, format_scope, parse_scope

CONFIDENTIAL_ONLY: Final[frozenset[GrantName]] = frozenset({"client_credentials", TOKEN_EXCHANGE, JWT_BEARER})
"""Grants in which a client has to prove itself, for nothing else does."""
BEGINNINGS: Final[frozenset[GrantName]] = frozenset({"authorization_code", DEVICE_CODE})
"""Grants in which a person signs in, so that a refresh token may follow."""

_AUDIENCE: Final = re.compile(rf"[!-~]{{1,{MAX_AUDIENCE}}}")


@dataclass(frozen=True, slots=True)
class Lawful:
    """What is kept of a draft once it is known to be lawful."""

    draft: ClientDraft
    grants: frozenset[GrantName]
    settings: ClientSettings


def validated(draft: ClientDraft, exceptions: frozenset[str] = frozenset()) -> Lawful:
    """The draft's grants and settings, once the whole draft is known to be lawful.

    A public client has no secret, so it can't act for itself, nor by a token or an assertion for anybody; a client of
    the code grant needs somewhere to go; a refresh token begins with a sign-in; a token must say whom it is for.
    `exceptions` are the `host:port` that `fetch` takes although they aren't public.

    Raises:
        InvalidInput: with `pointer` naming the field.
    """
    _check_name(draft.name)
    grants = known_grants(draft.grants)
    if not grants or len(grants) != len(draft.grants):
        raise InvalidInput("an unknown grant, or none", pointer="grants")
    if draft.public and grants & CONFIDENTIAL_ONLY:
        raise InvalidInput("a public client has no credentials of its own", pointer="grants")
    if "refresh_token" in grants and not grants & BEGINNINGS:
        raise InvalidInput("refresh_token needs a grant in which people sign in", pointer="grants")
    _check_speaking(draft.settings, grants)
    _check_redirect_uris(draft, needed="authorization_code" in grants)
    _check_scopes(draft.scopes)
    _check_audiences(draft.audiences)
    return Lawful(draft, grants, lawful_settings(draft, exceptions))


def _check_speaking(settings: ClientSettings, grants: frozenset[GrantName]) -> None:
    if JWT_BEARER in grants and settings.jwks is None and settings.jwks_uri is None:
        raise InvalidInput("jwt-bearer needs jwks or jwks_uri", pointer="settings.jwks")
    if settings.party == "third" and settings.speaks_for_users:
        raise InvalidInput("users are asked about others' applications", pointer="settings.party")
    if JWT_BEARER not in grants and settings.jwt_bearer_subjects != "self":
        raise InvalidInput("belongs to jwt-bearer", pointer="settings.jwt_bearer_subjects")
    if TOKEN_EXCHANGE not in grants and settings.token_exchange != "delegation":
        raise InvalidInput("belongs to token-exchange", pointer="settings.token_exchange")


def _check_name(name: str) -> None:
    if not 0 < len(name.strip()) <= MAX_NAME or not name.isprintable():
        raise InvalidInput("a name is 1 to 200 printable characters", pointer="name")


def _check_redirect_uris(draft: ClientDraft, *, needed: bool) -> None:
    uris = draft.redirect_uris
    if bool(uris) is not needed:
        raise InvalidInput("redirect URIs belong to authorization_code, and it to them", pointer="redirect_uris")
    if len(uris) > MAX_REDIRECT_URIS or len(set(uris)) != len(uris):
        raise InvalidInput("a redirect URI twice, or too many", pointer="redirect_uris")
    for uri in uris:
        try:
            check_redirect_uri(uri, native=draft.public)
        except InvalidInput as cause:
            raise InvalidInput(cause.reason, pointer="redirect_uris") from cause


def _check_scopes(scopes: frozenset[str]) -> None:
    try:
        same = parse_scope(format_scope(scopes)) == scopes
    except InvalidInput:
        same = False
    if not same:
        raise InvalidInput("a malformed scope, or too many", pointer="scopes")


def _check_audiences(audiences: tuple[str, ...]) -> None:
    if not 0 < len(audiences) <= MAX_AUDIENCES or len(set(audiences)) != len(audiences):
        raise InvalidInput("a client needs 1 to 10 different audiences", pointer="audiences")
    if not all(_AUDIENCE.fullmatch(audience) for audience in audiences):
        raise InvalidInput("a malformed audience", pointer="audiences")
