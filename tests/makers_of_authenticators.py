"""Certificate authorities of authenticators' makers, for attestation."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from airside.core.clock import SystemClock
from tests.authenticator import MODEL, Maker

UNIT: Final = "Authenticator Attestation"
_MODEL_EXTENSION: Final = x509.ObjectIdentifier("1.3.6.1.4.1.45724.1.1.4")


@dataclass(frozen=True)
class Authority:
    """A maker's root, and what it signs."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def pem(self) -> bytes:
        """The root, as an operator keeps it."""
        return self.certificate.public_bytes(Encoding.PEM)

    def maker(
        self, *, model: UUID | None = MODEL, unit: str = UNIT, ca: bool = False, critical: bool = False, days: int = 30
    ) -> Maker:
        """An attestation key with the certificate of WebAuthn §8.2.1, or one with something wrong."""
        key = ec.generate_private_key(ec.SECP256R1())
        extensions: list[tuple[x509.ExtensionType, bool]] = [(x509.BasicConstraints(ca=ca, path_length=None), True)]
        if model is not None:
            value = x509.UnrecognizedExtension(_MODEL_EXTENSION, b"\x04\x10" + model.bytes)
            extensions.append((value, critical))
        leaf = _signed(_name("Model X", unit), self.certificate.subject, key.public_key(), self.key, extensions, days)
        return Maker(key, (leaf,))


def authority(name: str = "Maker Root") -> Authority:
    """A new maker."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name(name, "Roots")
    extensions: list[tuple[x509.ExtensionType, bool]] = [(x509.BasicConstraints(ca=True, path_length=0), True)]
    return Authority(key, _signed(subject, subject, key.public_key(), key, extensions, 30))


def _name(common: str, unit: str) -> x509.Name:
    pairs = (
        (NameOID.COUNTRY_NAME, "SE"),
        (NameOID.ORGANIZATION_NAME, "Maker"),
        (NameOID.ORGANIZATIONAL_UNIT_NAME, unit),
        (NameOID.COMMON_NAME, common),
    )
    return x509.Name([x509.NameAttribute(kind, value) for kind, value in pairs])


def _signed(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePublicKey,
    signer: ec.EllipticCurvePrivateKey,
    extensions: Sequence[tuple[x509.ExtensionType, bool]],
    days: int,
) -> x509.Certificate:
    end = SystemClock().now() + timedelta(days=days)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key)
    builder = builder.serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(end - timedelta(days=365)).not_valid_after(end)
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    return builder.sign(signer, SHA256())
