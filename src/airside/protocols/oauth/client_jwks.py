"""A client's own public keys as it publishes them (RFC 7517), held to the rules of `jose`. Pure.

Clients are looser with JWK sets than authorization servers: `alg` and `kid` are often left out. Each key is pinned
to one algorithm all the same (N01), by its curve, or for RSA by `rsa`; and a key without a name goes by its
thumbprint.
"""

from typing import Final, Literal

from airside.core.strict_json import Json, loads_object
from airside.protocols.jose import KeyRefused, KeySet, VerificationKey, key_from_jwk, thumbprint

CLIENT_ALGORITHMS: Final = ("ES256", "RS256", "PS256", "EdDSA")
"""What a client may sign with."""

MAX_CLIENT_KEYS: Final = 10
MAX_CLIENT_JWKS: Final = 64 * 1024
_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_BY_CURVE: Final[dict[Json, str]] = {"P-256": "ES256", "Ed25519": "EdDSA"}
_UNNAMED: Final = "unnamed"

RsaAlgorithm = Literal["RS256", "PS256"]


def parse_client_jwks(document: bytes, *, rsa: RsaAlgorithm = "RS256") -> KeySet:
    """As `client_keyset`, from bytes of at most `MAX_CLIENT_JWKS`.

    Raises:
        KeyRefused: as `client_keyset`.
        InvalidInput, TooLarge: not strict JSON, or over the cap.
    """
    return client_keyset(loads_object(document, max_bytes=MAX_CLIENT_JWKS), rsa=rsa)


def client_keyset(jwks: dict[str, Json], *, rsa: RsaAlgorithm = "RS256") -> KeySet:
    """The keys of a JWK set that verify signatures. `rsa` is what an RSA key without `alg` is pinned to.

    Keys for other uses or of other kinds are left out (RFC 7517 §5), so the answer may be empty. A key for signatures
    that is malformed or weak refuses the whole set.

    Raises:
        KeyRefused: a bad key, two of one name, symmetric or private material anywhere, no key at all, or too many.
    """
    keys = jwks.get("keys")
    if not isinstance(keys, list) or not 0 < len(keys) <= MAX_CLIENT_KEYS:
        raise KeyRefused("not a JWK set, or an empty or overlong one")
    found: list[VerificationKey] = []
    for jwk in keys:
        if not isinstance(jwk, dict) or _PRIVATE & jwk.keys():
            raise KeyRefused("private or symmetric material in a client's JWK set")
        alg = _algorithm(jwk, rsa)
        if jwk.get("use", "sig") == "sig" and alg in CLIENT_ALGORITHMS:
            found.append(_key(jwk, alg))
    return KeySet(found)


def _algorithm(jwk: dict[str, Json], rsa: RsaAlgorithm) -> Json:
    if "alg" in jwk:
        return jwk["alg"]
    return rsa if jwk.get("kty") == "RSA" else _BY_CURVE.get(_word(jwk.get("crv")))


def _word(value: Json) -> str:
    return value if isinstance(value, str) else ""


def _key(jwk: dict[str, Json], alg: Json) -> VerificationKey:
    key = key_from_jwk({"kid": _UNNAMED, **jwk, "alg": alg})
    return key if "kid" in jwk else VerificationKey(thumbprint(key.public), key.alg, key.public)
