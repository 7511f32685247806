"""Their metadata (Metadata §2.4.3), read from bytes: where to send people, and which keys to pin.

A signature on it isn't looked at: an administrator brought it, or named the address that it was fetched from, and
that is what makes it true. Comments are lawful in it and are dropped; a document type and entities are refused.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

from lxml import etree

from airside.protocols.saml.certificates import MAX_CERTIFICATES, PinnedCertificate, read_certificate
from airside.protocols.saml.instants import read_instant
from airside.protocols.saml.names import HTTP_POST, HTTP_REDIRECT, SAMLP, ds, md
from airside.protocols.saml.refusals import CertificateRefused, MetadataRefused, SamlRefused
from airside.protocols.saml.xml import Element, children

MAX_METADATA: Final = 512 * 1024
MAX_ENTITY_ID: Final = 1024
MAX_LOCATION: Final = 2048
_MAX_ELEMENTS: Final = 2_048
_MAX_DEPTH: Final = 32


@dataclass(frozen=True, slots=True)
class IdpMetadata:
    """What a connection needs to know of its identity provider. Endpoints by binding; `certificates` sign."""

    entity_id: str
    sso: Mapping[str, str]
    slo: Mapping[str, str]
    slo_answers: Mapping[str, str]
    certificates: tuple[PinnedCertificate, ...]
    name_id_formats: tuple[str, ...]
    wants_signed_requests: bool
    valid_until: datetime | None


def read_idp_metadata(document: bytes, entity_id: str | None = None) -> IdpMetadata:
    """The identity provider that `document` describes; of several, the one that is named.

    Raises:
        MetadataRefused: too large, not well-formed, with a document type, or no identity provider with an endpoint
            and a key in it; or several, and none is named.
    """
    root = _parse(document)
    described = [
        (entity, role)
        for entity in root.iter(md("EntityDescriptor"))
        for role in children(entity, md("IDPSSODescriptor"))
        if SAMLP in (role.get("protocolSupportEnumeration") or "").split()
        and (entity_id is None or entity.get("entityID") == entity_id)
    ]
    if len(described) != 1:
        raise MetadataRefused("no identity provider, or several", count=len(described))
    [(entity, role)] = described
    sso = _endpoints(role, "SingleSignOnService")
    certificates = _certificates(role)
    name = (entity.get("entityID") or "").strip()
    if not sso or not certificates or not 0 < len(name) <= MAX_ENTITY_ID:
        raise MetadataRefused("no name, no endpoint for redirect or POST, or no signing certificate")
    formats = tuple((one.text or "").strip() for one in children(role, md("NameIDFormat")))
    return IdpMetadata(
        entity_id=name,
        sso=sso,
        slo=_endpoints(role, "SingleLogoutService"),
        slo_answers=_endpoints(role, "SingleLogoutService", "ResponseLocation"),
        certificates=certificates,
        name_id_formats=tuple(name for name in formats if name)[:16],
        wants_signed_requests=role.get("WantAuthnRequestsSigned") in ("true", "1"),
        valid_until=_valid_until(role, entity, root),
    )


def _parse(document: bytes) -> Element:
    if not 0 < len(document) <= MAX_METADATA:
        raise MetadataRefused("empty, or too large", bytes=len(document))
    try:
        document.decode("utf-8")
        if b"<!DOCTYPE" in document or b"<!ENTITY" in document or document.count(b"<") > 2 * _MAX_ELEMENTS:
            raise MetadataRefused("a document type, an entity, or too many elements")
        if b"\x00" in document:
            raise MetadataRefused("an encoding in which the looks above see nothing")
        root = etree.fromstring(
            document,
            etree.XMLParser(
                encoding="utf-8",  # whatever it says of itself: as what was looked at, it is read (N26)
                resolve_entities=False,
                load_dtd=False,
                no_network=True,
                huge_tree=False,
                remove_comments=True,
                remove_pis=True,
                collect_ids=False,
            ),
        )
    except (etree.LxmlError, ValueError):
        raise MetadataRefused("not well-formed UTF-8") from None
    _demand_depth(root)
    return root


def _demand_depth(root: Element) -> None:
    pending = [(root, 1)]
    while pending:
        element, depth = pending.pop()
        if depth > _MAX_DEPTH or not isinstance(element.tag, str):
            raise MetadataRefused("too deep, or not of elements alone")
        pending.extend((child, depth + 1) for child in element)


def _endpoints(role: Element, name: str, attribute: str = "Location") -> Mapping[str, str]:
    """By binding, those that we speak; the first of each. An address that isn't http or https is left out (N10)."""
    found: dict[str, str] = {}
    for endpoint in children(role, md(name)):
        binding, location = endpoint.get("Binding") or "", (endpoint.get(attribute) or "").strip()
        if binding in (HTTP_REDIRECT, HTTP_POST) and _is_address(location):
            found.setdefault(binding, location)
    return MappingProxyType(found)


def _is_address(location: str) -> bool:
    if len(location) > MAX_LOCATION or not location.isascii() or not location.isprintable() or " " in location:
        return False
    try:
        parts = urlsplit(location)
        return parts.scheme in ("https", "http") and bool(parts.hostname) and not parts.username and not parts.fragment
    except ValueError:
        return False


def _certificates(role: Element) -> tuple[PinnedCertificate, ...]:
    """Those that sign: a key descriptor without a use is for both (Metadata §2.4.1.1). One that can't be pinned is
    left out, for another may stand beside it."""
    found: dict[str, PinnedCertificate] = {}
    for described in children(role, md("KeyDescriptor")):
        if described.get("use") not in (None, "signing"):
            continue
        for element in described.iter(ds("X509Certificate")):
            try:
                certificate = read_certificate(element.text or "")
            except CertificateRefused:
                continue
            found.setdefault(certificate.fingerprint, certificate)
    if len(found) > MAX_CERTIFICATES:
        raise MetadataRefused("too many signing certificates", count=len(found))
    return tuple(found.values())


def _valid_until(*elements: Element) -> datetime | None:
    written = [element.get("validUntil") for element in elements]
    try:
        return min((read_instant(value) for value in written if value), default=None)
    except SamlRefused:
        raise MetadataRefused("validUntil isn't an instant") from None
