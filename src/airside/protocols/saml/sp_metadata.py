"""Our metadata (Metadata §2.4.4): what an administrator hands to the identity provider."""

from collections.abc import Sequence
from dataclasses import dataclass

from lxml import etree

from airside.protocols.saml.certificates import PinnedCertificate
from airside.protocols.saml.encryption import OAEP_MGF1P
from airside.protocols.saml.names import DS, HTTP_POST, HTTP_REDIRECT, MD, SAMLP, XENC11, ds, md
from airside.protocols.saml.xml import Element

_CONTENT = tuple(f"{XENC11}aes{bits}-gcm" for bits in (256, 128))
"""What we would have them encrypt with: an encrypted assertion in CBC is only read in a signed response."""


@dataclass(frozen=True, slots=True)
class ServiceProvider:
    """What one connection shows of us. Several certificates of a kind stand there while a key rolls over."""

    entity_id: str
    acs: str
    slo: str
    signing: Sequence[PinnedCertificate]
    encryption: Sequence[PinnedCertificate] = ()
    name_id_format: str | None = None
    signs_requests: bool = True


def write_metadata(provider: ServiceProvider) -> bytes:
    """The document at `…/metadata`."""
    root = etree.Element(md("EntityDescriptor"), {"entityID": provider.entity_id}, nsmap={"md": MD, "ds": DS})
    role = etree.SubElement(
        root,
        md("SPSSODescriptor"),
        {
            "protocolSupportEnumeration": SAMLP,
            "AuthnRequestsSigned": "true" if provider.signs_requests else "false",
            "WantAssertionsSigned": "true",
        },
    )
    for certificate in provider.signing:
        _key(role, "signing", certificate)
    for certificate in provider.encryption:
        described = _key(role, "encryption", certificate)
        for algorithm in (*_CONTENT, OAEP_MGF1P):
            etree.SubElement(described, md("EncryptionMethod"), {"Algorithm": algorithm})
    for binding in (HTTP_REDIRECT, HTTP_POST):
        etree.SubElement(role, md("SingleLogoutService"), {"Binding": binding, "Location": provider.slo})
    if provider.name_id_format is not None:
        etree.SubElement(role, md("NameIDFormat")).text = provider.name_id_format
    etree.SubElement(
        role,
        md("AssertionConsumerService"),
        {"Binding": HTTP_POST, "Location": provider.acs, "index": "0", "isDefault": "true"},
    )
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _key(role: Element, use: str, certificate: PinnedCertificate) -> Element:
    described = etree.SubElement(role, md("KeyDescriptor"), {"use": use})
    data = etree.SubElement(etree.SubElement(described, ds("KeyInfo")), ds("X509Data"))
    etree.SubElement(data, ds("X509Certificate")).text = certificate.base64
    return described
