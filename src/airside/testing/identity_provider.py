"""A customer's identity provider: it says who somebody is, and signs that (SAML 2.0 Core §2, §3.3, Metadata §2.4)."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final, cast
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, SignatureConstructionMethod, SignatureMethod
from signxml.signer import XMLSigner

from airside.core.clock import Clock, SystemClock
from airside.core.entropy import Entropy, SystemEntropy
from airside.protocols.saml import HTTP_REDIRECT, new_id
from airside.protocols.saml.instants import write_instant
from airside.protocols.saml.names import BEARER, DS, MD, PERSISTENT, SAML, SAMLP, SUCCESS, VERSION, ds, md, saml, samlp
from airside.protocols.saml.xml import Element

LIFETIME: Final = timedelta(minutes=5)
GROUPS: Final = "groups"
"""The attribute whose values are a person's groups."""
PASSWORD: Final = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"


@dataclass(frozen=True)
class Employee:
    """Somebody as their company knows them. `subject` is theirs for good."""

    subject: str
    email: str
    name: str = "Grace Hopper"
    groups: tuple[str, ...] = ()
    more: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    """Other attributes."""

    @property
    def attributes(self) -> Mapping[str, tuple[str, ...]]:
        """What the provider tells of them."""
        told = {"email": (self.email,), "displayName": (self.name,), **self.more}
        return told | ({GROUPS: self.groups} if self.groups else {})


@dataclass(frozen=True)
class Asked:
    """A request to sign somebody in: its id, where the answer goes, and who asked."""

    request_id: str | None
    acs: str
    audience: str


class IdentityProvider:
    """One provider and its key. `metadata` describes it; nothing listens at its addresses."""

    def __init__(
        self,
        entity_id: str = "https://idp.example/metadata",
        *,
        clock: Clock | None = None,
        entropy: Entropy | None = None,
    ) -> None:
        self.entity_id = entity_id
        self.origin = f"https://{urlsplit(entity_id).netloc}"
        self._clock = clock or SystemClock()
        self._entropy = entropy or SystemEntropy()
        self._key = rsa.generate_private_key(65537, 2048)
        self._certificate = self._self_signed()

    @property
    def metadata(self) -> bytes:
        """What a service provider is given."""
        root = etree.Element(md("EntityDescriptor"), {"entityID": self.entity_id}, nsmap={"md": MD, "ds": DS})
        role = etree.SubElement(root, md("IDPSSODescriptor"), {"protocolSupportEnumeration": SAMLP})
        info = etree.SubElement(etree.SubElement(role, md("KeyDescriptor"), {"use": "signing"}), ds("KeyInfo"))
        written = base64.b64encode(self._certificate.public_bytes(Encoding.DER)).decode()
        etree.SubElement(etree.SubElement(info, ds("X509Data")), ds("X509Certificate")).text = written
        etree.SubElement(role, md("SingleSignOnService"), {"Binding": HTTP_REDIRECT, "Location": f"{self.origin}/sso"})
        return etree.tostring(root)

    def response(self, asked: Asked, employee: Employee) -> bytes:
        """The answer that `employee` is who they are, signed as a whole."""
        root = self._head(samlp("Response"), {"Destination": asked.acs} | _answering(asked))
        status = etree.SubElement(root, samlp("Status"))
        etree.SubElement(status, samlp("StatusCode"), {"Value": SUCCESS})
        root.append(self._assertion(asked, employee))
        signer = XMLSigner(
            method=SignatureConstructionMethod.enveloped,
            signature_algorithm=SignatureMethod.RSA_SHA256,
            c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
        )
        root[0].addnext(etree.Element(ds("Signature"), {"Id": "placeholder"}, nsmap={"ds": DS}))
        signed: Any = cast(Any, signer).sign(
            root, key=self._key, cert=[self._certificate], reference_uri="#" + str(root.get("ID")), id_attribute="ID"
        )
        return etree.tostring(signed)

    def _assertion(self, asked: Asked, employee: Employee) -> Element:
        now = self._clock.now()
        until = write_instant(now + LIFETIME)
        root = self._head(saml("Assertion"), {})
        subject = etree.SubElement(root, saml("Subject"))
        etree.SubElement(subject, saml("NameID"), {"Format": PERSISTENT}).text = employee.subject
        confirmation = etree.SubElement(subject, saml("SubjectConfirmation"), {"Method": BEARER})
        data = {"Recipient": asked.acs, "NotOnOrAfter": until} | _answering(asked)
        etree.SubElement(confirmation, saml("SubjectConfirmationData"), data)
        window = {"NotBefore": write_instant(now - LIFETIME), "NotOnOrAfter": until}
        restriction = etree.SubElement(etree.SubElement(root, saml("Conditions"), window), saml("AudienceRestriction"))
        etree.SubElement(restriction, saml("Audience")).text = asked.audience
        began = {"AuthnInstant": write_instant(now), "SessionIndex": new_id(self._entropy)}
        context = etree.SubElement(etree.SubElement(root, saml("AuthnStatement"), began), saml("AuthnContext"))
        etree.SubElement(context, saml("AuthnContextClassRef")).text = PASSWORD
        statement = etree.SubElement(root, saml("AttributeStatement"))
        for name, values in employee.attributes.items():
            attribute = etree.SubElement(statement, saml("Attribute"), {"Name": name})
            for value in values:
                etree.SubElement(attribute, saml("AttributeValue")).text = value
        return root

    def _head(self, kind: str, more: Mapping[str, str]) -> Element:
        said = {"ID": new_id(self._entropy), "Version": VERSION, "IssueInstant": write_instant(self._clock.now())}
        root = etree.Element(kind, said | dict(more), nsmap={"samlp": SAMLP, "saml": SAML})
        etree.SubElement(root, saml("Issuer")).text = self.entity_id
        return root

    def _self_signed(self) -> x509.Certificate:
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "idp.example")])
        now = self._clock.now()
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(self._key.public_key())
        builder = builder.serial_number(x509.random_serial_number())
        builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=365))
        return builder.sign(self._key, hashes.SHA256())


def _answering(asked: Asked) -> dict[str, str]:
    return {} if asked.request_id is None else {"InResponseTo": asked.request_id}
