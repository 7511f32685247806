"""Who is known to an identity provider that a test starts, and the keys that it signs with."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Person:
    """Somebody with a password and what is said of them."""

    password: str
    email: str
    name: str
    groups: tuple[str, ...]


PEOPLE = {
    "grace": Person("the nanosecond wire", "grace@engines.example", "Grace", ("engineers", "staff")),
    "joan": Person("the codebreaker of hut 8", "joan@engines.example", "Joan", ("staff",)),
}


@dataclass(frozen=True)
class Pair:
    """A private key and its certificate, both PEM."""

    key: str
    certificate: str


def signing_pair(name: str) -> Pair:
    """RSA, 2048 bits, certified by itself for a year."""
    key = rsa.generate_private_key(65537, 2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=365))
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return Pair(secret.decode(), certificate.public_bytes(Encoding.PEM).decode())
