"""Certificates as identity providers make them for themselves."""

from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

BEGAN = datetime(2024, 1, 1, tzinfo=UTC)


def pem_of(name: str, ends: datetime = BEGAN + timedelta(days=3650)) -> str:
    """A self-signed certificate on P-256 that ends then."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder(who, who, key.public_key(), 1, BEGAN, ends)
    return builder.sign(key, SHA256()).public_bytes(Encoding.PEM).decode()
