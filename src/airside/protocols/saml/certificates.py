"""The certificates that a connection pins: containers of public keys, whose dates and issuers prove nothing.

A peer's key is trusted because an administrator said so, not because of who signed its certificate or when it ends
(Metadata Interoperability Profile §2.5, §2.6). Several may be pinned at once, so that a key can be rolled over.
"""

import base64
import binascii
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, cast, final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from airside.protocols.jose.refusals import KeyRefused
from airside.protocols.jose.weakness import refuse_weak_rsa
from airside.protocols.saml.lenience import STRICT, Lenience
from airside.protocols.saml.refusals import CertificateRefused

MAX_CERTIFICATE: Final = 16 * 1024
MAX_CERTIFICATES: Final = 10
"""Pinned at once: each may cost one verification."""
_CURVES: Final = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)
_PEM: Final = re.compile(r"-----(?:BEGIN|END) CERTIFICATE-----")


@final
@dataclass(frozen=True, slots=True)
class PinnedCertificate:
    """A certificate whose key is worth verifying with.

    Raises:
        CertificateRefused: its key is neither sound RSA of 2048 to 8192 bits nor on P-256, P-384 or P-521.
    """

    certificate: x509.Certificate
    lenience: Lenience = field(default=STRICT, repr=False)

    def __post_init__(self) -> None:
        try:
            key = self.certificate.public_key()
        except (ValueError, UnsupportedAlgorithm):
            raise CertificateRefused("its key can't be read") from None
        match key:
            case rsa.RSAPublicKey():
                _demand_sound_rsa(key, self.lenience)
            case ec.EllipticCurvePublicKey() if isinstance(key.curve, _CURVES):
                pass
            case _:
                raise CertificateRefused("unsupported kind of key")

    @property
    def key(self) -> rsa.RSAPublicKey | ec.EllipticCurvePublicKey:
        """The public key in it."""
        return cast(rsa.RSAPublicKey | ec.EllipticCurvePublicKey, self.certificate.public_key())

    @property
    def not_after(self) -> datetime:
        """When it says that it ends: for reminders, not for verification."""
        return self.certificate.not_valid_after_utc

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the DER, in hexadecimal: how people compare certificates."""
        return self.certificate.fingerprint(hashes.SHA256()).hex()

    @property
    def base64(self) -> str:
        """The DER as ds:X509Certificate holds it."""
        return base64.b64encode(self.certificate.public_bytes(Encoding.DER)).decode()

    @property
    def pem(self) -> str:
        """The certificate as people hand it on."""
        return self.certificate.public_bytes(Encoding.PEM).decode()


def _demand_sound_rsa(key: rsa.RSAPublicKey, lenience: Lenience) -> None:
    if lenience.short_rsa and key.key_size in range(lenience.min_rsa_bits, STRICT.min_rsa_bits):
        return
    try:
        refuse_weak_rsa(key.public_numbers())
    except KeyRefused as refused:
        raise CertificateRefused(refused.reason, **refused.data) from None


def read_certificate(written: str, lenience: Lenience = STRICT) -> PinnedCertificate:
    """The one certificate in `written`: PEM, or the bare base64 of its DER as metadata holds it.

    Raises:
        CertificateRefused: too long, several, not a certificate, or its key can't be pinned.
    """
    if len(written) > MAX_CERTIFICATE or written.count("BEGIN CERTIFICATE") > 1:
        raise CertificateRefused("too long, or several certificates")
    try:
        der = base64.b64decode("".join(_PEM.sub("", written).split()), validate=True)
        return PinnedCertificate(x509.load_der_x509_certificate(der), lenience)
    except (ValueError, binascii.Error, UnsupportedAlgorithm):
        raise CertificateRefused("not a certificate") from None
