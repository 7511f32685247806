"""What a verified assertion means as claims: who it is for good, and the address and name among its attributes."""

from collections.abc import Mapping
from typing import Final

import msgspec

from airside.core.errors import Inconsistent
from airside.federation.model import ExternalClaims
from airside.federation.settings import SamlSettings
from airside.protocols.saml import NameId, Reason, SamlRefused, VerifiedAssertion
from airside.protocols.saml.names import EMAIL_ADDRESS, TRANSIENT, UNSPECIFIED

EMAIL_NAMES: Final = (
    "email",
    "mail",
    "emailaddress",
    "emailAddress",
    "urn:oid:0.9.2342.19200300.100.1.3",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
)
DISPLAY_NAMES: Final = (
    "displayName",
    "displayname",
    "name",
    "cn",
    "urn:oid:2.16.840.1.113730.3.1.241",
    "urn:oid:2.5.4.3",
    "http://schemas.microsoft.com/identity/claims/displayname",
)
GIVEN_NAMES: Final = (
    "givenName",
    "firstName",
    "first_name",
    "urn:oid:2.5.4.42",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname",
)
FAMILY_NAMES: Final = (
    "sn",
    "surname",
    "lastName",
    "last_name",
    "urn:oid:2.5.4.4",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname",
)
"""What providers call these out of the box; a connection's mapping may say otherwise."""


def external_claims(settings: SamlSettings, said: VerifiedAssertion) -> ExternalClaims:
    """What `said` says of whom.

    Raises:
        SamlRefused: a NameID that is another at every sign-in and no attribute to know the person by, the attribute
            isn't there or not one, or the NameID isn't of the kind that was asked for.
    """
    return ExternalClaims(
        subject=_subject(settings, said),
        email=_email(said),
        name=_first(said.attributes, DISPLAY_NAMES) or _full_name(said.attributes),
        attributes=dict(said.attributes),
        acr=said.authn_context or "",
        session_index=said.session_index or "",
        authenticated_at=said.authn_instant,
    )


def subject_text(subject: NameId, entity_id: str) -> str:
    """A NameID as one text. A qualifier that says what goes without saying (Core §8.3.7: the provider itself, and us)
    is left out, so that it is the same name whether it was written or not."""
    qualifier = "" if subject.name_qualifier in (None, entity_id) else subject.name_qualifier
    return msgspec.json.encode([subject.value, subject.format, qualifier]).decode()


def name_id_of(text: str) -> NameId | None:
    """The NameID in a subject; None for one that is an attribute's value.

    Raises:
        Inconsistent: it is neither.
    """
    try:
        parts = msgspec.json.decode(text, type=list[str])
    except msgspec.DecodeError:
        raise Inconsistent("a SAML subject of another shape") from None
    return NameId(parts[0], parts[1], parts[2] or None) if len(parts) == 3 else None


def _subject(settings: SamlSettings, said: VerifiedAssertion) -> str:
    if settings.subject_attribute is not None:
        values = said.attributes.get(settings.subject_attribute, ())
        if len(values) != 1 or not values[0]:
            raise SamlRefused(Reason.SUBJECT, attribute="subject_attribute")
        return msgspec.json.encode([settings.subject_attribute, values[0]]).decode()
    wanted = settings.name_id_format
    if said.subject.format == TRANSIENT or (wanted not in (None, UNSPECIFIED) and said.subject.format != wanted):
        raise SamlRefused(Reason.SUBJECT, attribute="Format")
    return subject_text(said.subject, settings.entity_id)


def _email(said: VerifiedAssertion) -> str:
    found = _first(said.attributes, EMAIL_NAMES)
    return found or (said.subject.value if said.subject.format == EMAIL_ADDRESS else "")


def _full_name(attributes: Mapping[str, tuple[str, ...]]) -> str:
    return " ".join(part for part in (_first(attributes, GIVEN_NAMES), _first(attributes, FAMILY_NAMES)) if part)


def _first(attributes: Mapping[str, tuple[str, ...]], names: tuple[str, ...]) -> str:
    return next((attributes[name][0] for name in names if attributes.get(name)), "")
