"""NameID and EncryptedID: who a message is about (Core §2.2)."""

from collections.abc import Sequence

from cryptography.hazmat.primitives.asymmetric import rsa

from airside.protocols.saml.encryption import decrypt
from airside.protocols.saml.model import MAX_NAME_ID, NameId
from airside.protocols.saml.names import ENTITY, UNSPECIFIED, saml
from airside.protocols.saml.refusals import Reason, SamlRefused
from airside.protocols.saml.xml import Element, at_most_one, parse, text


def read_subject_name(holder: Element, audience: str, keys: Sequence[rsa.RSAPrivateKey]) -> NameId:
    """The one NameID in a Subject or LogoutRequest that has been verified, decrypted if need be.

    Raises:
        SamlRefused: none, two, empty, too long, meant for another service provider, or not to be decrypted.
    """
    plain = at_most_one(holder, saml("NameID"), Reason.SUBJECT)
    encrypted = at_most_one(holder, saml("EncryptedID"), Reason.SUBJECT)
    if (plain is None) == (encrypted is None):
        raise SamlRefused(Reason.SUBJECT)
    if encrypted is not None:
        plain = parse(decrypt(encrypted, keys, covered=True))
    if plain is None or plain.tag != saml("NameID"):
        raise SamlRefused(Reason.SUBJECT)
    value = text(plain, Reason.SUBJECT)
    qualifier = plain.get("SPNameQualifier")
    if len(value) > MAX_NAME_ID or qualifier not in (None, audience):
        raise SamlRefused(Reason.SUBJECT)
    return NameId(
        value=value,
        format=plain.get("Format") or UNSPECIFIED,
        name_qualifier=plain.get("NameQualifier") or None,
        sp_name_qualifier=qualifier,
    )


def demand_issuer(element: Element, issuer: str) -> None:
    """Let pass only an element whose one Issuer is exactly `issuer` (Profiles §4.1.4.2).

    Raises:
        SamlRefused: another's, or nobody's.
    """
    found = at_most_one(element, saml("Issuer"), Reason.ISSUER)
    if found is None or text(found, Reason.ISSUER) != issuer or found.get("Format") not in (None, ENTITY):
        raise SamlRefused(Reason.ISSUER)
