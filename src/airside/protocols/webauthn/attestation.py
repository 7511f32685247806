"""Attestation (WebAuthn §6.5): whether the maker of an authenticator vouches for it, in a chain to a trusted root.

The library has verified the statement by then. For `apple` and `android-key` it also verified the chain to the roots
that Apple and Google publish. For `packed` and `tpm` the roots are the operator's: without them nobody is believed,
for anybody can make a certificate. Certificates' dates are compared with the machine's clock, by OpenSSL.
"""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from cryptography.x509 import (
    BasicConstraints,
    Certificate,
    ExtensionNotFound,
    ObjectIdentifier,
    UnrecognizedExtension,
    Version,
    load_der_x509_certificate,
)
from cryptography.x509.oid import NameOID
from webauthn.helpers import validate_certificate_chain
from webauthn.helpers.cose import COSEAlgorithmIdentifier

from airside.protocols.webauthn.refusals import CeremonyRefused, Reason, refusing

FORMATS: Final = frozenset({"none", "packed", "tpm", "apple", "android-key"})
"""Those taken. U2F can't verify its user, SafetyNet is no more."""
MAX_CHAIN: Final = 6
"""Certificates in one statement."""

_AAGUID: Final = ObjectIdentifier("1.3.6.1.4.1.45724.1.1.4")
_OCTETS: Final = b"\x04\x10"  # DER: an OCTET STRING of 16
_MAKERS: Final = frozenset({"apple", "android-key"})
_WEAK: Final = COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_1


def is_vouched_for(form: str, statement: dict[str, Any], aaguid: UUID, roots: Sequence[bytes]) -> bool:
    """Whether a verified `statement` comes from a maker among `roots` (PEM), for this very model.

    Raises:
        CeremonyRefused: the certificate names another model, or isn't one for attestation (§8.2.1).
    """
    if form in _MAKERS:
        return True
    chain: list[bytes] = statement.get("x5c") or []
    if form not in ("packed", "tpm") or not chain:
        return False
    with refusing(Reason.ATTESTATION):
        if len(chain) > MAX_CHAIN:
            raise CeremonyRefused(Reason.ATTESTATION)
        certificate = load_der_x509_certificate(chain[0])
        _demand_model(certificate, aaguid)
        if form == "packed":
            _demand_packed(certificate)
    if not roots or statement.get("alg") == _WEAK:
        return False
    try:
        with refusing(Reason.ATTESTATION):
            return validate_certificate_chain(x5c=chain, pem_root_certs_bytes=list(roots))
    except CeremonyRefused:
        return False


def _demand_model(certificate: Certificate, aaguid: UUID) -> None:
    try:
        extension = certificate.extensions.get_extension_for_oid(_AAGUID)
    except ExtensionNotFound:
        return
    value = extension.value
    named = isinstance(value, UnrecognizedExtension) and value.value == _OCTETS + aaguid.bytes
    if extension.critical or not named:
        raise CeremonyRefused(Reason.ATTESTATION)


def _demand_packed(certificate: Certificate) -> None:
    units = [str(each.value) for each in certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATIONAL_UNIT_NAME)]
    constraints = certificate.extensions.get_extension_for_class(BasicConstraints).value
    if certificate.version is not Version.v3 or units != ["Authenticator Attestation"] or constraints.ca:
        raise CeremonyRefused(Reason.ATTESTATION)
