"""The signature algorithms we take (RFC 7518 §3, RFC 8037 §3.1): asymmetric ones only, each bound to its kind of key.

`none`, MACs and everything not in `ALGORITHMS` don't exist here: there is nothing to switch off.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeAlias

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from airside.protocols.jose.refusals import KeyRefused, Reason, TokenRefused

PublicKey: TypeAlias = rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey
PrivateKey: TypeAlias = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
Verify: TypeAlias = Callable[[bytes, bytes], None]
Sign: TypeAlias = Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True)
class Algorithm:
    """One row of RFC 7518's table. `verifier` and `signer` bind a key, and refuse one of another kind."""

    name: str
    kty: str
    digest: str
    verifier: Callable[[PublicKey], Verify]
    signer: Callable[[PrivateKey], Sign]
    curve: str = ""


def _ecdsa(name: str, curve: str, kind: type[ec.EllipticCurve], digest: type[hashes.HashAlgorithm]) -> Algorithm:
    algorithm = digest()
    scheme = ec.ECDSA(algorithm)
    half = (kind().key_size + 7) // 8

    def verifier(key: PublicKey) -> Verify:
        if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, kind):
            raise KeyRefused("key and algorithm don't belong together", alg=name)

        def verify(signature: bytes, data: bytes) -> None:
            if len(signature) != 2 * half:
                raise TokenRefused(Reason.SIGNATURE)
            r, s = int.from_bytes(signature[:half]), int.from_bytes(signature[half:])
            try:
                key.verify(encode_dss_signature(r, s), data, scheme)
            except InvalidSignature:
                raise TokenRefused(Reason.SIGNATURE) from None

        return verify

    def signer(key: PrivateKey) -> Sign:
        if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, kind):
            raise KeyRefused("key and algorithm don't belong together", alg=name)

        def sign(data: bytes) -> bytes:
            r, s = decode_dss_signature(key.sign(data, scheme))
            return r.to_bytes(half) + s.to_bytes(half)

        return sign

    return Algorithm(name, "EC", algorithm.name, verifier, signer, curve)


def _rsa(name: str, digest: type[hashes.HashAlgorithm], scheme: padding.PKCS1v15 | padding.PSS) -> Algorithm:
    algorithm = digest()

    def verifier(key: PublicKey) -> Verify:
        if not isinstance(key, rsa.RSAPublicKey):
            raise KeyRefused("key and algorithm don't belong together", alg=name)

        def verify(signature: bytes, data: bytes) -> None:
            try:
                key.verify(signature, data, scheme, algorithm)
            except InvalidSignature:
                raise TokenRefused(Reason.SIGNATURE) from None

        return verify

    def signer(key: PrivateKey) -> Sign:
        if not isinstance(key, rsa.RSAPrivateKey):
            raise KeyRefused("key and algorithm don't belong together", alg=name)
        return lambda data: key.sign(data, scheme, algorithm)

    return Algorithm(name, "RSA", algorithm.name, verifier, signer)


def _pss(name: str, digest: type[hashes.HashAlgorithm]) -> Algorithm:
    """RFC 7518 §3.5: MGF1 with the same hash, a salt as long as the hash."""
    return _rsa(name, digest, padding.PSS(padding.MGF1(digest()), digest().digest_size))


def _ed25519_verifier(key: PublicKey) -> Verify:
    if not isinstance(key, ed25519.Ed25519PublicKey):
        raise KeyRefused("key and algorithm don't belong together", alg="EdDSA")

    def verify(signature: bytes, data: bytes) -> None:
        try:
            key.verify(signature, data)
        except InvalidSignature:
            raise TokenRefused(Reason.SIGNATURE) from None

    return verify


def _ed25519_signer(key: PrivateKey) -> Sign:
    if not isinstance(key, ed25519.Ed25519PrivateKey):
        raise KeyRefused("key and algorithm don't belong together", alg="EdDSA")
    return key.sign


_ROWS: Final = (
    _ecdsa("ES256", "P-256", ec.SECP256R1, hashes.SHA256),
    _ecdsa("ES384", "P-384", ec.SECP384R1, hashes.SHA384),
    _ecdsa("ES512", "P-521", ec.SECP521R1, hashes.SHA512),
    _rsa("RS256", hashes.SHA256, padding.PKCS1v15()),
    _rsa("RS384", hashes.SHA384, padding.PKCS1v15()),
    _rsa("RS512", hashes.SHA512, padding.PKCS1v15()),
    _pss("PS256", hashes.SHA256),
    _pss("PS384", hashes.SHA384),
    _pss("PS512", hashes.SHA512),
    Algorithm("EdDSA", "OKP", "sha512", _ed25519_verifier, _ed25519_signer, "Ed25519"),
)

ALGORITHMS: Final[Mapping[str, Algorithm]] = MappingProxyType({row.name: row for row in _ROWS})


def algorithm(name: str) -> Algorithm:
    """The row of `name`, spelt exactly.

    Raises:
        KeyRefused: there is none.
    """
    row = ALGORITHMS.get(name)
    if row is None:
        raise KeyRefused("unsupported algorithm")
    return row
