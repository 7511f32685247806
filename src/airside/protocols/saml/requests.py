"""What we ask: AuthnRequest (Core §3.4.1, Profiles §4.1.4.1)."""

from dataclasses import dataclass
from datetime import datetime

from lxml import etree

from airside.core.entropy import Entropy
from airside.protocols.saml.instants import write_instant
from airside.protocols.saml.names import HTTP_POST, SAML, SAMLP, VERSION, saml, samlp
from airside.protocols.saml.xml import Element


@dataclass(frozen=True, slots=True)
class AuthnRequest:
    """A request to sign somebody in. `destination` is the identity provider's endpoint, `acs` ours."""

    id: str
    issued_at: datetime
    issuer: str
    destination: str
    acs: str
    name_id_format: str | None = None
    force_authn: bool = False

    def element(self) -> Element:
        """The request as XML, unsigned."""
        root = message("AuthnRequest", self.id, self.issued_at, self.issuer, self.destination)
        root.set("AssertionConsumerServiceURL", self.acs)
        root.set("ProtocolBinding", HTTP_POST)
        if self.force_authn:
            root.set("ForceAuthn", "true")
        policy = etree.SubElement(root, samlp("NameIDPolicy"), {"AllowCreate": "true"})
        if self.name_id_format is not None:
            policy.set("Format", self.name_id_format)
        return root

    def document(self) -> bytes:
        """The bytes of it, for a binding that signs beside the message."""
        return etree.tostring(self.element())


def new_id(entropy: Entropy) -> str:
    """An ID for a message: 160 random bits (Core §1.3.4), beginning as an xs:ID must."""
    return "_" + entropy.bytes(20).hex()


def message(kind: str, id: str, issued_at: datetime, issuer: str, destination: str) -> Element:
    """The beginning of every message: who, when, to where."""
    root = etree.Element(
        samlp(kind),
        {"ID": id, "Version": VERSION, "IssueInstant": write_instant(issued_at), "Destination": destination},
        nsmap={"samlp": SAMLP, "saml": SAML},
    )
    etree.SubElement(root, saml("Issuer")).text = issuer
    return root
