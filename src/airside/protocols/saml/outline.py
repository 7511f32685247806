"""What a response is like that was refused, for whoever tries a connection and looks for what is wrong with it.

Two kinds of things, and never one for the other: what its envelope says of itself, which anybody may have written, and
the attributes in a part that a pinned key signed. Neither proves anything.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives.asymmetric import rsa

from airside.protocols.saml.assertion import read_attributes
from airside.protocols.saml.certificates import PinnedCertificate
from airside.protocols.saml.lenience import STRICT
from airside.protocols.saml.names import ds, saml, samlp
from airside.protocols.saml.refusals import SamlRefused
from airside.protocols.saml.response import signed_assertion
from airside.protocols.saml.xml import Element, parse

MAX_NAMED: Final = 4
"""Of several values or elements, how many are named."""


@dataclass(frozen=True, slots=True)
class Outline:
    """A response that was refused.

    Attributes:
        claims: what its envelope says of itself, by a name of ours: unverified, and whatever characters it holds.
        attributes: of the assertion, if a pinned key signed it; empty for any other.
    """

    claims: Mapping[str, str] = field(default_factory=dict[str, str])
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]], repr=False)


def outline(
    document: bytes, certificates: Sequence[PinnedCertificate], decryption_keys: Sequence[rsa.RSAPrivateKey] = ()
) -> Outline:
    """What can be told of `document` without believing it. Nothing is decrypted for it that `verify_response` wouldn't.

    Raises nothing: of what is no XML within bounds there is nothing to tell but its size.
    """
    size = {"bytes": str(len(document))}
    try:
        root = parse(document)
    except SamlRefused:
        return Outline(size)
    claims = dict(_claims(root)) | size
    try:
        return Outline(claims, read_attributes(signed_assertion(root, certificates, decryption_keys, STRICT)))
    except SamlRefused:
        return Outline(claims)


def _claims(root: Element) -> Iterator[tuple[str, str]]:
    """Names and addresses, times and kinds; nothing of a person."""
    yield "message", _local(root)
    assertion = root.find(saml("Assertion"))
    holders = [parent for each in root.iter(ds("Signature")) if (parent := each.getparent()) is not None]
    found: dict[str, Sequence[str | None]] = {
        "holds": [_local(each) for each in root.iter(saml("Assertion"), saml("EncryptedAssertion"))],
        "signed": [_local(each) for each in holders],
        "algorithm": [each.get("Algorithm") for each in root.iter(ds("SignatureMethod"))],
        "status": [each.get("Value") for each in root.iter(samlp("StatusCode"))],
        "issuer": [each.text for each in root.iter(saml("Issuer"))],
        "destination": [root.get("Destination")],
        "issued": [root.get("IssueInstant")],
    }
    if assertion is not None:
        conditions = [assertion.find(saml("Conditions"))]
        found |= {
            "audience": [each.text for each in assertion.iter(saml("Audience"))],
            "recipient": [each.get("Recipient") for each in assertion.iter(saml("SubjectConfirmationData"))],
            "name_id": [each.get("Format") for each in assertion.iter(saml("NameID"))],
            "not_before": [each.get("NotBefore") for each in conditions if each is not None],
            "until": [each.get("NotOnOrAfter") for each in conditions if each is not None],
        }
    for name, values in found.items():
        said = dict.fromkeys(value.strip() for value in values if value and value.strip())
        if said:
            yield name, ", ".join(list(said)[:MAX_NAMED])


def _local(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]
