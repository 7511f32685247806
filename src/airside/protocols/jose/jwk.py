"""JSON Web Keys (RFC 7517), public ones only, and their thumbprint (RFC 7638)."""

import hashlib
from typing import Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from airside.core.strict_json import Json, dumps, loads_object
from airside.protocols.jose.algorithms import ALGORITHMS, PublicKey, algorithm
from airside.protocols.jose.keys import MAX_KEYS, KeySet, VerificationKey
from airside.protocols.jose.refusals import KeyRefused, TokenRefused
from airside.protocols.jose.segments import b64url_decode, b64url_encode
from airside.protocols.jose.weakness import MAX_RSA_BITS

MAX_JWKS: Final = 256 * 1024
_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_CURVES: Final[dict[str, ec.EllipticCurve]] = {
    "P-256": ec.SECP256R1(),
    "P-384": ec.SECP384R1(),
    "P-521": ec.SECP521R1(),
}
_CURVE_NAMES: Final = {curve.name: name for name, curve in _CURVES.items()}


def key_from_jwk(jwk: dict[str, Json], *, alg: str | None = None) -> VerificationKey:
    """A verification key. `alg` pins the algorithm where the key names none; where both do they must agree.

    Raises:
        KeyRefused: private or symmetric material, another use, no algorithm, no `kid`, a malformed or weak key.
    """
    if _PRIVATE & jwk.keys():
        raise KeyRefused("private or symmetric material where a public key is expected")
    named = jwk.get("alg", alg)
    if not isinstance(named, str) or (alg is not None and named != alg):
        raise KeyRefused("the key is not pinned to one algorithm")
    if jwk.get("use", "sig") != "sig":
        raise KeyRefused("the key is not for signatures")
    operations = jwk.get("key_ops", ["verify"])
    if not isinstance(operations, list) or "verify" not in operations:
        raise KeyRefused("the key is not for verifying")
    row = algorithm(named)
    if jwk.get("kty") != row.kty or (row.curve and jwk.get("crv") != row.curve):
        raise KeyRefused("key and algorithm don't belong together", alg=named)
    return VerificationKey(_text(jwk, "kid"), named, _public(jwk, row.kty))


def keyset_from_jwks(document: bytes) -> KeySet:
    """The verification keys of a JWK set. Keys for other uses or of unknown kinds are left out (RFC 7517 §5); a
    key of ours that is malformed or weak refuses the whole set: a publisher that errs there can't be trusted.

    Raises:
        KeyRefused: a bad key, two of one name, symmetric or private material anywhere, none at all, or too many.
        InvalidInput: not strict JSON.
    """
    keys = loads_object(document, max_bytes=MAX_JWKS).get("keys")
    if not isinstance(keys, list) or not 0 < len(keys) <= MAX_KEYS:
        raise KeyRefused("not a JWK set, or an empty or overlong one")
    found: list[VerificationKey] = []
    for jwk in keys:
        if not isinstance(jwk, dict) or _PRIVATE & jwk.keys():
            raise KeyRefused("private or symmetric material in a JWK set")
        if jwk.get("use", "sig") == "sig" and jwk.get("alg") in ALGORITHMS:
            found.append(key_from_jwk(jwk))
    return KeySet(found)


def public_jwk(key: VerificationKey) -> dict[str, Json]:
    """`key` as a public JWK with `kid`, `alg` and `use`."""
    return {**_members(key.public), "kid": key.kid, "alg": key.alg, "use": "sig"}


def thumbprint(key: PublicKey) -> str:
    """RFC 7638 with SHA-256: our `kid`, so that a key's name can't be given to another."""
    return b64url_encode(hashlib.sha256(dumps(_members(key))).digest())


def _members(key: PublicKey) -> dict[str, Json]:
    if isinstance(key, rsa.RSAPublicKey):
        numbers = key.public_numbers()
        return {"kty": "RSA", "n": _unsigned(numbers.n), "e": _unsigned(numbers.e)}
    if isinstance(key, ec.EllipticCurvePublicKey):
        size = (key.curve.key_size + 7) // 8
        point = key.public_numbers()
        return {
            "kty": "EC",
            "crv": _CURVE_NAMES[key.curve.name],
            "x": b64url_encode(point.x.to_bytes(size)),
            "y": b64url_encode(point.y.to_bytes(size)),
        }
    raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return {"kty": "OKP", "crv": "Ed25519", "x": b64url_encode(raw)}


def _unsigned(number: int) -> str:
    return b64url_encode(number.to_bytes((number.bit_length() + 7) // 8))


def _public(jwk: dict[str, Json], kty: str) -> PublicKey:
    try:
        match kty:
            case "EC":
                return _point(jwk)
            case "RSA":
                modulus, exponent = _integer(jwk, "n"), _integer(jwk, "e")
                return rsa.RSAPublicNumbers(exponent, modulus).public_key()
            case _:
                return ed25519.Ed25519PublicKey.from_public_bytes(_octets(jwk, "x"))
    except ValueError:
        raise KeyRefused("malformed key") from None


def _point(jwk: dict[str, Json]) -> PublicKey:
    curve = _CURVES[_text(jwk, "crv")]
    x, y = _octets(jwk, "x"), _octets(jwk, "y")
    if len(x) != len(y) or len(x) != (curve.key_size + 7) // 8:  # RFC 7518 §6.2.1.2
        raise KeyRefused("malformed key")
    return ec.EllipticCurvePublicNumbers(int.from_bytes(x), int.from_bytes(y), curve).public_key()


def _integer(jwk: dict[str, Json], name: str) -> int:
    octets = _octets(jwk, name)
    if not octets or octets[0] == 0 or len(octets) * 8 > MAX_RSA_BITS:  # RFC 7518 §2, Base64urlUInt
        raise KeyRefused("malformed key")
    return int.from_bytes(octets)


def _octets(jwk: dict[str, Json], name: str) -> bytes:
    try:
        return b64url_decode(_text(jwk, name))
    except TokenRefused:
        raise KeyRefused("malformed key") from None


def _text(jwk: dict[str, Json], name: str) -> str:
    value = jwk.get(name)
    if not isinstance(value, str):
        raise KeyRefused("malformed key", member=name)
    return value
