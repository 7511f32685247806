"""The public keys that a client registers by value (RFC 7517, RFC 7591 §2 `jwks`). Pure."""

from collections.abc import Mapping
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from msgspec import json

from airside.core.errors import InvalidInput
from airside.core.strict_json import Json
from airside.oauth.settings import MAX_JWKS_KEYS
from airside.protocols.jose import KeyRefused, TokenRefused, VerificationKey, b64url_decode, key_from_jwk, thumbprint
from airside.protocols.oauth import RsaAlgorithm

MAX_JWKS_BYTES: Final = 32 * 1024
SIGNING: Final = {"RSA": ("RS256", "PS256"), "EC": ("ES256",), "OKP": ("EdDSA",)}
ENCRYPTING: Final = {"RSA": ("RSA-OAEP-256",), "EC": ("ECDH-ES", "ECDH-ES+A256KW")}
_UNNAMED: Final = "unnamed"
_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


def signing_algorithms(jwk: Mapping[str, Json], rsa: RsaAlgorithm = "RS256") -> frozenset[str]:
    """What the key verifies for its client; nothing if it is for encryption. `rsa` is what an RSA key without `alg` is
    pinned to."""
    if jwk.get("use", "sig") != "sig":
        return frozenset()
    found = _allowed(jwk, SIGNING)
    return found if len(found) < 2 else frozenset({rsa})


def encryption_algorithms(jwk: Mapping[str, Json]) -> frozenset[str]:
    """The algorithms by which something may be encrypted to the key; none for one that is for signatures."""
    return _allowed(jwk, ENCRYPTING) if jwk.get("use", "enc") == "enc" else frozenset()


def check_jwks(jwks: Mapping[str, Json], pointer: str) -> None:
    """Let pass a set of one to ten public keys, each of a kind that is of use here and held to the rules of
    `protocols/jose`: strong enough, well-formed, and no two of one name.

    Raises:
        InvalidInput: a private or symmetric key, a weak, repeated or foreign one, or a certificate (`x5c`)
            of another key.
    """
    keys = jwks.get("keys")
    if not isinstance(keys, list) or not 0 < len(keys) <= MAX_JWKS_KEYS or len(json.encode(jwks)) > MAX_JWKS_BYTES:
        raise InvalidInput(f"1 to {MAX_JWKS_KEYS} keys are expected", pointer=pointer)
    names = [_check(jwk, pointer) for jwk in keys]
    if len(set(names)) != len(names):
        raise InvalidInput("two keys of one kid", pointer=pointer)


def _check(jwk: Json, pointer: str) -> str:
    if not isinstance(jwk, dict) or _PRIVATE & jwk.keys():
        raise InvalidInput("only public keys are registered", pointer=pointer)
    usable = sorted(signing_algorithms(jwk)) or sorted(encryption_algorithms(jwk))
    if not usable:
        raise InvalidInput("a key of a kind or for a use that isn't spoken here", pointer=pointer)
    try:
        key = _read(jwk)
    except KeyRefused as cause:
        raise InvalidInput(f"a key is refused: {cause.reason}", pointer=pointer) from None
    if "x5c" in jwk and not _certifies(jwk["x5c"], key):
        raise InvalidInput("x5c doesn't begin with a certificate of its key", pointer=pointer)
    return key.kid


def _read(jwk: dict[str, Json]) -> VerificationKey:
    # Material and name alone: an encryption key is held to the same rules as one that verifies.
    material = {name: jwk[name] for name in ("kty", "crv", "x", "y", "n", "e") if name in jwk}
    alg = {"RSA": "RS256", "EC": "ES256", "OKP": "EdDSA"}[str(jwk["kty"])]
    key = key_from_jwk({"kid": jwk.get("kid", _UNNAMED), **material}, alg=alg)
    return key if "kid" in jwk else VerificationKey(thumbprint(key.public), key.alg, key.public)


def _certifies(chain: Json, key: VerificationKey) -> bool:
    if not isinstance(chain, list) or not chain or not isinstance(chain[0], str):
        return False
    try:
        # RFC 7517 §4.7: base64 with padding, not base64url.
        text = chain[0].rstrip("=").replace("+", "-").replace("/", "_")
        certificate = x509.load_der_x509_certificate(b64url_decode(text))
        theirs = certificate.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    except (ValueError, TokenRefused):
        return False
    return theirs == key.spki()


def _allowed(jwk: Mapping[str, Json], table: Mapping[str, tuple[str, ...]]) -> frozenset[str]:
    kind = jwk.get("kty")
    if not isinstance(kind, str) or (kind == "EC" and jwk.get("crv") != "P-256"):
        return frozenset()
    if kind == "OKP" and jwk.get("crv") != "Ed25519":
        return frozenset()
    found = table.get(kind, ())
    named = jwk.get("alg")
    return frozenset(found) if named is None else frozenset({named} if named in found else ())
