"""A SAML connection's own keys: what it signs its requests with, and what is encrypted to it.

Each is an RSA key with a certificate of its own making, for that is how SAML shows a key. They are kept as PEM, the
newest first: that one signs, every one decrypts, all are in our metadata until they are dropped.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from airside.core.entropy import Entropy
from airside.core.errors import InvalidInput
from airside.core.secret import Secret
from airside.protocols.saml import CertificateRefused, MessageSigner, PinnedCertificate, read_certificate

MAX_OWN_PAIRS: Final = 3
BITS: Final = 2048
LIFETIME: Final = timedelta(days=3650)
"""What the certificate says of itself. Providers pin the key; many refuse a certificate that has ended."""
_PAIR: Final = re.compile(
    r"(-----BEGIN PRIVATE KEY-----[A-Za-z0-9+/=\s]+-----END PRIVATE KEY-----)\s*"
    r"(-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----)\s*"
)


@dataclass(frozen=True, slots=True)
class SamlKeys:
    """The keys of one connection, the newest first."""

    pairs: tuple[MessageSigner, ...]

    @property
    def signer(self) -> MessageSigner:
        """What signs."""
        return self.pairs[0]

    @property
    def decryption(self) -> tuple[rsa.RSAPrivateKey, ...]:
        """What decrypts."""
        return tuple(pair.key for pair in self.pairs if isinstance(pair.key, rsa.RSAPrivateKey))

    @property
    def certificates(self) -> tuple[PinnedCertificate, ...]:
        """What our metadata shows."""
        return tuple(pair.certificate for pair in self.pairs)


def new_pair(now: datetime, entropy: Entropy) -> Secret[str]:
    """A new key and its certificate as PEM. About 100 ms of CPU: call it in a thread."""
    key = rsa.generate_private_key(65537, BITS)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Airside SAML")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(int.from_bytes(entropy.bytes(16)) | 1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + LIFETIME)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Secret(private.decode() + certificate.public_bytes(serialization.Encoding.PEM).decode())


def renewed_pairs(before: Secret[str] | None, now: datetime, entropy: Entropy) -> Secret[str]:
    """A new pair before those that there are, of which the oldest is dropped where there would be too many."""
    kept = [] if before is None else [match[0] for match in _PAIR.finditer(before.reveal())][: MAX_OWN_PAIRS - 1]
    return Secret("".join([new_pair(now, entropy).reveal(), *kept]))


def saml_keys(pem: Secret[str], *, kept: bool = False) -> SamlKeys:
    """The keys in `pem`. Those that were `kept` were looked at when they were given, and their integrity is the seal's
    business: OpenSSL's primality checks would cost up to 200 ms a load.

    Raises:
        InvalidInput: none, too many, anything else in between, or a key without its own certificate. Nothing of it is
            in the refusal.
    """
    written = pem.reveal().strip()
    found = _PAIR.findall(written)
    if not 0 < len(found) <= MAX_OWN_PAIRS or _PAIR.sub("", written):
        raise InvalidInput("keys are 1 to 3 PEM pairs of a PKCS #8 key and its certificate", pointer="private_keys")
    try:
        return SamlKeys(tuple(_pair(private, certificate, kept) for private, certificate in found))
    except (ValueError, TypeError, CertificateRefused):
        raise InvalidInput("not an RSA key with its own certificate", pointer="private_keys") from None


def _pair(private: str, certificate: str, kept: bool) -> MessageSigner:
    key = serialization.load_pem_private_key(private.encode(), None, unsafe_skip_rsa_key_validation=kept)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise InvalidInput("not an RSA key", pointer="private_keys")
    return MessageSigner(key, read_certificate(certificate))
