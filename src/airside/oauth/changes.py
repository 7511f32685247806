"""Changing a client: what it becomes, and what no longer fits it then. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import msgspec

from airside.core.strict_json import Json
from airside.oauth.model import Client, ClientDraft
from airside.oauth.settings import ClientSettings, parse_settings, render_settings

REISSUED: Final = frozenset(
    {
        "party",
        "profile",
        "subject_type",
        "sector_identifier_uri",
        "dpop_bound_access_tokens",
        "tls_client_certificate_bound_access_tokens",
        "token_exchange",
        "jwt_bearer_subjects",
    }
)
"""Settings that every token of the client was issued under: what was issued under others ends."""

UNASKED: Final = frozenset({"client_uri", "logo_uri", "policy_uri", "tos_uri", "contacts"})
"""Settings that are only shown: nothing hangs on them."""


@dataclass(frozen=True, slots=True)
class ClientChange:
    """What is to change; None leaves a field as it is. Of `settings`, those that are named change, and null is the
    default (RFC 7396)."""

    name: str | None = None
    grants: frozenset[str] | None = None
    redirect_uris: tuple[str, ...] | None = None
    scopes: frozenset[str] | None = None
    audiences: tuple[str, ...] | None = None
    settings: Mapping[str, Json] | None = None


@dataclass(frozen=True, slots=True)
class Changed:
    """What differs between two states of a client, and what that ends.

    Attributes:
        fields: by name, such as `settings.jwks`.
        ends_waiting: authorization requests and codes that wait.
        ends_tokens: access tokens. Refresh tokens live, and give what still fits.
        ends_families: refresh tokens too.
    """

    fields: tuple[str, ...]
    ends_waiting: bool
    ends_tokens: bool
    ends_families: bool


def changed_draft(client: Client, change: ClientChange) -> ClientDraft:
    """The client as it is to be, not yet judged.

    Raises:
        InvalidInput: an unknown setting, or a value of another kind or out of range.
    """
    return ClientDraft(
        name=client.name if change.name is None else change.name,
        public=client.public,
        grants=client.grants if change.grants is None else change.grants,
        audiences=client.audiences if change.audiences is None else change.audiences,
        redirect_uris=client.redirect_uris if change.redirect_uris is None else change.redirect_uris,
        scopes=client.scopes if change.scopes is None else change.scopes,
        settings=client.settings if change.settings is None else _merged(client.settings, change.settings),
    )


def compared(before: Client, after: Client) -> Changed:
    """What differs, and what no longer fits."""
    fields = [
        name
        for name in ("name", "grants", "redirect_uris", "scopes", "audiences")
        if getattr(before, name) != getattr(after, name)
    ]
    settings = [
        field.name
        for field in msgspec.structs.fields(ClientSettings)
        if getattr(before.settings, field.name) != getattr(after.settings, field.name)
    ]
    lost_grants = before.grants - after.grants
    lost_audiences = not set(before.audiences) <= set(after.audiences)
    families = bool(REISSUED & set(settings)) or "refresh_token" in lost_grants or lost_audiences
    lost_uris = not set(before.redirect_uris) <= set(after.redirect_uris)
    narrowed = bool(before.scopes - after.scopes) or bool(lost_grants)
    return Changed(
        fields=(*fields, *(f"settings.{name}" for name in settings)),
        ends_waiting=families or narrowed or lost_uris or bool(set(settings) - UNASKED),
        ends_tokens=families or narrowed,
        ends_families=families,
    )


def _merged(settings: ClientSettings, patch: Mapping[str, Json]) -> ClientSettings:
    merged = render_settings(settings) | dict(patch)
    return parse_settings({name: value for name, value in merged.items() if value is not None})
