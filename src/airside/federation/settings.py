"""How a connection's provider is spoken with: one typed object for each kind. Values only.

Structs, so that they are read from and written to JSON strictly: an unknown field or a value of another kind is
refused.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec
from msgspec import Meta, Struct

from airside.core.errors import InvalidInput
from airside.core.strict_json import Json
from airside.federation.presets import demand_preset
from airside.federation.settings_oidc import OidcSettings, Uri, Word
from airside.fetch.model import Refused
from airside.fetch.target import parse
from airside.protocols.saml import MAX_CERTIFICATES, CertificateRefused, read_certificate

ConnectionKind = Literal["saml", "oidc"]

MAX_CERTIFICATE: Final = 8 * 1024


class SamlSettings(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A SAML 2.0 identity provider.

    Attributes:
        entity_id: what it calls itself, and every `Issuer` of its must say.
        sso_url: where it takes an AuthnRequest.
        sso_binding: how: a signed query, or a form that the browser posts.
        slo_url: where it takes logout messages; None where it takes none.
        slo_response_url: where it takes our answers to its logout messages, if that is another address.
        slo_binding: how.
        certificates: the keys it signs with, as PEM: several while it rolls over. They are pinned, whatever their
            validity dates say.
        sign_requests: whether our requests are signed.
        want_encrypted: whether only encrypted assertions are taken.
        idp_initiated: whether an answer is taken that no login of ours waits for.
        name_id_format: which kind of NameID is asked for, and then taken; None for the provider's choice.
        subject_attribute: the attribute that a person is known by for good, where the NameID is another at every
            sign-in; None for the NameID.
        metadata_url: where its metadata is read from, again from time to time; None where it was given by value.
        email_trusted: whether an address that it names counts as its person's own when an account is made. Never for
            linking an account that is there.
    """

    entity_id: Annotated[str, Meta(min_length=1, max_length=1024)]
    sso_url: Uri
    certificates: Annotated[
        tuple[Annotated[str, Meta(min_length=1, max_length=MAX_CERTIFICATE)], ...],
        Meta(min_length=1, max_length=MAX_CERTIFICATES),
    ]
    sso_binding: Literal["redirect", "post"] = "redirect"
    slo_url: Uri | None = None
    slo_response_url: Uri | None = None
    slo_binding: Literal["redirect", "post"] = "redirect"
    sign_requests: bool = True
    want_encrypted: bool = False
    idp_initiated: bool = False
    name_id_format: Word | None = None
    subject_attribute: Word | None = None
    metadata_url: Uri | None = None
    email_trusted: bool = False

    @property
    def urls(self) -> Mapping[str, str | None]:
        """Every address in it, by field."""
        return {
            "sso_url": self.sso_url,
            "slo_url": self.slo_url,
            "slo_response_url": self.slo_response_url,
            "metadata_url": self.metadata_url,
        }


Settings: TypeAlias = SamlSettings | OidcSettings
SHAPES: Final[Mapping[ConnectionKind, type[SamlSettings] | type[OidcSettings]]] = {
    "saml": SamlSettings,
    "oidc": OidcSettings,
}


def kind_of(settings: Settings) -> ConnectionKind:
    """Which kind of connection has these settings."""
    return "saml" if isinstance(settings, SamlSettings) else "oidc"


def parse_settings(kind: ConnectionKind, value: Json) -> Settings:
    """The settings that `value` spells: what isn't named has its default.

    Raises:
        InvalidInput: an unknown field, or a value of another kind or out of range.
    """
    try:
        return msgspec.convert(value, SHAPES[kind])
    except msgspec.ValidationError as error:
        raise InvalidInput(str(error), pointer="settings") from None


def render_settings(settings: Settings) -> dict[str, Json]:
    """Every setting as JSON, those that have their default too: lists, where the struct has tuples."""
    whole = {field: getattr(settings, field) for field in settings.__struct_fields__}
    return msgspec.json.decode(msgspec.json.encode(whole), type=dict[str, Any])


def merged(settings: Settings, patch: Mapping[str, Json]) -> Settings:
    """`settings`, of which those that `patch` names change, and null is the default (RFC 7396).

    Raises:
        InvalidInput: as `parse_settings`.
    """
    whole = render_settings(settings) | dict(patch)
    return parse_settings(kind_of(settings), {name: value for name, value in whole.items() if value is not None})


def demand_lawful(settings: Settings, exceptions: frozenset[str] = frozenset()) -> None:
    """What no type can say. `exceptions` are the `host:port` that may be spoken with over plain http.

    Raises:
        InvalidInput: an address that isn't https, or that two parsers read differently, or what contradicts itself or
        its
            preset; `pointer` names the field.
    """
    for field, url in settings.urls.items():
        if url is None:
            continue
        try:
            parse(url, exceptions)
        except Refused as refusal:
            raise InvalidInput(refusal.reason, pointer=f"settings.{field}") from None
    if isinstance(settings, OidcSettings):
        demand_preset(settings)
    else:
        _demand_certificates(settings)


def _demand_certificates(settings: SamlSettings) -> None:
    for written in settings.certificates:
        try:
            read_certificate(written)
        except CertificateRefused as refused:
            raise InvalidInput(refused.reason, pointer="settings.certificates") from None
