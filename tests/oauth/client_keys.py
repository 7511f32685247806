"""Keys and certificates as clients register them."""

from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID

from airside.protocols.jose import VerificationKey, public_jwk

EC = ec.generate_private_key(ec.SECP256R1())
RSA = rsa.generate_private_key(65537, 2048)
ED = ed25519.Ed25519PrivateKey.generate()
_MADE: dict[str, tuple[ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey, str]] = {
    "ES256": (EC, "ES256"),
    "ECDH-ES": (EC, "ES256"),
    "EdDSA": (ED, "EdDSA"),
    "RS256": (RSA, "RS256"),
    "PS256": (RSA, "PS256"),
    "RSA-OAEP-256": (RSA, "RS256"),
}


def jwk_of(alg: str, kid: str = "k", /, **changes: Any) -> dict[str, Any]:
    """A lawful public key for `alg`, changed; None takes a member away."""
    private, signs = _MADE[alg]
    made: dict[str, Any] = {**public_jwk(VerificationKey(kid, signs, private.public_key()))}
    if alg != signs:
        made |= {"alg": alg, "use": "enc"}
    return {name: value for name, value in (made | changes).items() if value is not None}


def jwks_of(*keys: dict[str, Any]) -> dict[str, Any]:
    """Keys as a set."""
    return {"keys": list(keys)}


def certificate() -> x509.Certificate:
    """Of `EC`, by itself."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "client.example.test")])
    start = datetime(2026, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(EC.public_key())
    dated = builder.serial_number(1).not_valid_before(start).not_valid_after(start + timedelta(days=3650))
    return dated.sign(EC, hashes.SHA256())


def x5c() -> list[str]:
    """The certificate as RFC 7517 §4.7 writes it."""
    return [b64encode(certificate().public_bytes(serialization.Encoding.DER)).decode()]
