"""Client metadata as clients write it (RFC 7591 §2, OpenID Connect Dynamic Client Registration 1.0 §2). Pure.

What we don't know is ignored, as the RFC demands, and bound to nothing; what we know and can't take is refused. Such a
client is somebody else's, always, and no member makes it anything else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NoReturn

from airside.core.errors import InvalidInput
from airside.core.strict_json import Json
from airside.oauth.changes import ClientChange
from airside.oauth.errors import InvalidClientMetadata, InvalidRedirectUri, UnapprovedSoftwareStatement
from airside.oauth.model import Client, ClientDraft
from airside.oauth.scope_words import MANAGEMENT
from airside.oauth.settings import ClientSettings, parse_settings, render_settings
from airside.protocols.oauth import format_scope, parse_scope
from airside.tenancy import TenantPolicy

METADATA: Final = (
    *("token_endpoint_auth_method", "jwks", "jwks_uri"),
    *("tls_client_auth_subject_dn", "tls_client_auth_san_dns", "tls_client_auth_san_uri"),
    *("tls_client_auth_san_ip", "tls_client_auth_san_email"),
    *("tls_client_certificate_bound_access_tokens", "dpop_bound_access_tokens"),
    *("require_pushed_authorization_requests", "require_signed_request_object", "request_object_signing_alg"),
    *("id_token_signed_response_alg", "userinfo_signed_response_alg", "introspection_signed_response_alg"),
    *("id_token_encrypted_response_alg", "id_token_encrypted_response_enc"),
    *("subject_type", "sector_identifier_uri", "default_max_age", "post_logout_redirect_uris"),
    *("backchannel_logout_uri", "backchannel_logout_session_required"),
    *("frontchannel_logout_uri", "frontchannel_logout_session_required"),
    *("client_uri", "logo_uri", "policy_uri", "tos_uri", "contacts"),
)
"""The settings that a client says of itself. No other is ever taken from outside, whatever settings there will be."""

GRANTS: Final = frozenset({"authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"})
"""Grants in which a person says yes: the only ones for a client that nobody of the tenant registered."""

UNNAMED: Final = "Unnamed application"
_NAMES: Final = {"grants": "grant_types", "scopes": "scope", "name": "client_name"}


@dataclass(frozen=True, slots=True)
class Offer:
    """What a tenant lets clients from outside have."""

    scopes: frozenset[str]
    audiences: tuple[str, ...]


def read_metadata(body: Mapping[str, Json], offer: Offer) -> ClientDraft:
    """The client that `body` describes, not yet judged.

    Raises:
        InvalidRedirectUri, InvalidClientMetadata: a member of another kind, or of a value that isn't spoken here.
        UnapprovedSoftwareStatement: software statements aren't taken.
    """
    if body.get("software_statement") is not None:
        raise UnapprovedSoftwareStatement
    redirect_uris = _texts(body, "redirect_uris", ())
    if _texts(body, "response_types", ("code",)) != ("code",):
        _refuse("response_types")
    grants = frozenset(_texts(body, "grant_types", ("authorization_code",)))
    if not grants <= GRANTS:
        _refuse("grant_types")
    settings = _settings(body)
    name = body.get("client_name")
    if not isinstance(name, str | None):
        _refuse("client_name")
    return ClientDraft(
        name=name or UNNAMED,
        public=settings.token_endpoint_auth_method == "none",
        grants=grants,
        audiences=offer.audiences,
        redirect_uris=redirect_uris,
        scopes=_scopes(body, offer),
        settings=settings,
    )


def outward(refusal: InvalidInput) -> InvalidRedirectUri | InvalidClientMetadata:
    """What RFC 7591 §3.2.2 calls a draft that isn't lawful."""
    pointer = str(refusal.data.get("pointer") or "").removeprefix("settings.")
    if pointer == "redirect_uris":
        return InvalidRedirectUri(pointer)
    return InvalidClientMetadata(_NAMES.get(pointer, pointer))


def metadata_of(client: Client) -> dict[str, Json]:
    """The client as it is registered, in the same members (RFC 7591 §3.2.1)."""
    said = {name: value for name, value in render_settings(client.settings).items() if name in METADATA}
    return {
        "client_id": client.word,
        "client_id_issued_at": int(client.created_at.timestamp()),
        "client_name": client.name,
        "redirect_uris": list(client.redirect_uris),
        "grant_types": [*sorted(client.grants)],
        "response_types": ["code"],
        "scope": format_scope(client.scopes),
        **{name: value for name, value in said.items() if value is not None},
    }


def offer_of(issuer: str, policy: TenantPolicy, scopes: frozenset[str]) -> Offer:
    """What the tenant at `issuer` lets clients from outside have: never its own management interfaces."""
    audiences = tuple(audience for audience in policy.clients.audiences if audience != issuer)
    return Offer(scopes, audiences or (f"{issuer}/oauth2/userinfo",))


def change_of(draft: ClientDraft) -> ClientChange:
    """Everything that the client may say of itself; what is ours stays."""
    said = render_settings(draft.settings)
    return ClientChange(
        name=draft.name,
        grants=draft.grants,
        redirect_uris=draft.redirect_uris,
        scopes=draft.scopes,
        audiences=draft.audiences,
        settings={name: said[name] for name in METADATA},
    )


def demand_outsider(draft: ClientDraft) -> None:
    """Let pass only what a client that nobody of the tenant registered may be, whoever changes it.

    Raises:
        InvalidInput: first-party, with a scope of our own interfaces, or with a grant in which nobody is asked.
    """
    if draft.settings.party != "third":
        raise InvalidInput("a client from outside is always a third party", pointer="settings.party")
    if draft.scopes & MANAGEMENT:
        raise InvalidInput("a client from outside never manages the tenant", pointer="scopes")
    if not draft.grants <= GRANTS:
        raise InvalidInput("a client from outside never acts by itself", pointer="grants")


def _settings(body: Mapping[str, Json]) -> ClientSettings:
    said = {name: body[name] for name in METADATA if body.get(name) is not None}
    try:
        return parse_settings({**said, "party": "third"})
    except InvalidInput as cause:
        raise InvalidClientMetadata(_at(cause)) from cause


def _at(refusal: InvalidInput) -> str:
    """The member that a validation error speaks of: `… - at `$.jwks_uri`` names it."""
    place = refusal.reason.rpartition("`$.")[2].split("`")[0].split("[")[0]
    return place if place in METADATA else ""


def _scopes(body: Mapping[str, Json], offer: Offer) -> frozenset[str]:
    """What was asked for, as far as it is offered; all that is offered where nothing was asked for."""
    asked = body.get("scope")
    if asked is None:
        return offer.scopes
    if not isinstance(asked, str):
        _refuse("scope")
    try:
        found = parse_scope(asked) & offer.scopes
    except InvalidInput:
        _refuse("scope")
    if not found:
        _refuse("scope")
    return found


def _texts(body: Mapping[str, Json], name: str, default: tuple[str, ...]) -> tuple[str, ...]:
    value = body.get(name)
    if value is None:
        return default
    texts = tuple(each for each in value if isinstance(each, str)) if isinstance(value, list) else ()
    if not isinstance(value, list) or len(texts) != len(value):
        _refuse(name)
    return texts


def _refuse(name: str) -> NoReturn:
    raise InvalidRedirectUri(name) if name == "redirect_uris" else InvalidClientMetadata(name)
