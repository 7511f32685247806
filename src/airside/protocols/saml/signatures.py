"""XML signatures: verified and made by signxml; which, by whom and over what is decided here.

Only what `verified_element` returns is ever read: the canonical bytes that were signed, parsed again.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final, cast

from cryptography.exceptions import InvalidSignature as InvalidSignatureOfKey
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from lxml import etree
from signxml.algorithms import CanonicalizationMethod, DigestAlgorithm, SignatureConstructionMethod, SignatureMethod
from signxml.exceptions import SignXMLException
from signxml.signer import XMLSigner
from signxml.verifier import SignatureConfiguration, VerifyResult, XMLVerifier

from airside.protocols.saml.certificates import MAX_CERTIFICATES, PinnedCertificate
from airside.protocols.saml.lenience import Lenience
from airside.protocols.saml.names import SAML, ds, saml
from airside.protocols.saml.profile import (
    DIGEST_METHODS,
    SHA1_DIGEST,
    SHA1_SIGNATURE,
    SIGNATURE_METHODS,
    demand_signature,
)
from airside.protocols.saml.refusals import CertificateRefused, Reason, SamlRefused
from airside.protocols.saml.xml import Element, parser

# It writes whole messages to its log when that listens to everything; nobody may switch that on by accident (N37).
logging.getLogger("signxml").setLevel(logging.WARNING)

_STRONG_METHODS: Final = frozenset(SignatureMethod(uri) for uri in SIGNATURE_METHODS)
_STRONG_DIGESTS: Final = frozenset(DigestAlgorithm(uri) for uri in DIGEST_METHODS)
_ALL_METHODS: Final = _STRONG_METHODS | {SignatureMethod(SHA1_SIGNATURE)}
_ALL_DIGESTS: Final = _STRONG_DIGESTS | {DigestAlgorithm(SHA1_DIGEST)}
_ECDSA: Final[dict[str, SignatureMethod]] = {
    "secp256r1": SignatureMethod.ECDSA_SHA256,
    "secp384r1": SignatureMethod.ECDSA_SHA384,
    "secp521r1": SignatureMethod.ECDSA_SHA512,
}


def verified_element(
    root: Element, holder: Element, certificates: Iterable[PinnedCertificate], lenience: Lenience
) -> Element:
    """What the signature in `holder` signs, and only that, as the root of a tree of its own.

    `holder` is `root`, or the assertion that is its child. What comes back is what `holder` was, unless the signature
    is over the whole document: then it is what `root` was.

    Raises:
        SamlRefused: the signature isn't as the profile wants it, or none of the pinned keys made it.
    """
    signature = next(holder.iterchildren(ds("Signature")))
    signed_id = demand_signature(signature, lenience)
    pinned = tuple(certificates)
    if not 0 < len(pinned) <= MAX_CERTIFICATES:
        raise SamlRefused(Reason.SIGNATURE, certificates=len(pinned))
    document = etree.tostring(root)
    location = "./" if holder is root else f"./{saml('Assertion')}/"
    for certificate in pinned:
        signed = _verified_by(document, location, certificate, lenience)
        if signed is not None:
            return _demand_same(signed, holder if signed_id else root)
    raise SamlRefused(Reason.SIGNATURE)


def _verified_by(document: bytes, location: str, certificate: PinnedCertificate, lenience: Lenience) -> Element | None:
    config = SignatureConfiguration(
        location=location,
        signature_methods=_ALL_METHODS if lenience.sha1 else _STRONG_METHODS,
        digest_algorithms=_ALL_DIGESTS if lenience.sha1 else _STRONG_DIGESTS,
        ignore_ambiguous_key_info=True,  # nothing of KeyInfo is read: the key is pinned
        verification_time=certificate.certificate.not_valid_before_utc,  # pinned whatever its dates
    )
    verifier = XMLVerifier()
    try:
        result = cast(
            VerifyResult,
            verifier.verify(  # pyright: ignore[reportUnknownMemberType]  # its signature is half annotated
                document,
                x509_cert=certificate.certificate,
                id_attribute="ID",
                parser=parser(),
                expect_config=config,
            ),
        )
    except (SignXMLException, InvalidSignatureOfKey, UnsupportedAlgorithm, etree.LxmlError, ValueError, TypeError):
        return None
    return result.signed_xml


def _demand_same(signed: Element, expected: Element) -> Element:
    """The element that was signed is the one that will be read (N23)."""
    if signed.tag != expected.tag or signed.get("ID") != expected.get("ID"):
        raise SamlRefused(Reason.SIGNATURE)
    return signed


@dataclass(frozen=True, slots=True)
class MessageSigner:
    """Our private key and the certificate that our metadata shows for it: RSA from 2048 bits, or a NIST curve.

    Raises:
        CertificateRefused: they don't belong together.
    """

    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey = field(repr=False)
    certificate: PinnedCertificate

    def __post_init__(self) -> None:
        if self.key.public_key().public_numbers() != self.certificate.key.public_numbers():
            raise CertificateRefused("key and certificate don't belong together")

    @property
    def method(self) -> SignatureMethod:
        """The algorithm that this key signs with."""
        return SignatureMethod.RSA_SHA256 if isinstance(self.key, rsa.RSAPrivateKey) else _ECDSA[self.key.curve.name]

    def sign(self, root: Element) -> bytes:
        """`root` as XML, with a signature over its ID standing right after its Issuer, where the schema wants it."""
        issuer = next(root.iterchildren(f"{{{SAML}}}Issuer"))
        issuer.addnext(etree.Element(ds("Signature"), {"Id": "placeholder"}, nsmap={"ds": ds("")[1:-1]}))
        signer = XMLSigner(
            method=SignatureConstructionMethod.enveloped,
            signature_algorithm=self.method,
            digest_algorithm=DigestAlgorithm.SHA256,
            c14n_algorithm=CanonicalizationMethod.EXCLUSIVE_XML_CANONICALIZATION_1_0,
        )
        signed: Any = signer.sign(  # pyright: ignore[reportUnknownMemberType]  # half annotated
            root,
            key=self.key,
            cert=[self.certificate.certificate],
            reference_uri="#" + (root.get("ID") or ""),
            id_attribute="ID",
        )
        return etree.tostring(cast(Element, signed))
