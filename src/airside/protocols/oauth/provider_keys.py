"""The keys of a foreign issuer as it publishes them (RFC 7517), for the one algorithm that a connection registered.
Pure.

Issuers leave `alg` out as often as not: what pins a key is the connection, never the token and never the key alone
(N01).
"""

from typing import Final

from airside.core.strict_json import Json, loads_object
from airside.protocols.jose import (
    ALGORITHMS,
    KeyRefused,
    KeySet,
    VerificationKey,
    key_from_jwk,
    thumbprint,
)

MAX_PROVIDER_JWKS: Final = 256 * 1024
"""Some issuers send certificates along, of which nothing is read."""
MAX_PROVIDER_KEYS: Final = 64
_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
_UNNAMED: Final = "unnamed"


def provider_keyset(document: bytes, alg: str) -> KeySet:
    """The keys in `document` that verify `alg`. Keys of other kinds, for other uses or for other algorithms are left
    out (RFC 7517 §5). A key without a name goes by its thumbprint.

    Raises:
        KeyRefused: private or symmetric material anywhere, a key for `alg` that is malformed or weak, two of one name,
            none for `alg`, too many, or an algorithm that we don't verify.
        InvalidInput, TooLarge: not strict JSON, or over `MAX_PROVIDER_JWKS`.
    """
    keys = loads_object(document, max_bytes=MAX_PROVIDER_JWKS).get("keys")
    if alg not in ALGORITHMS or not isinstance(keys, list) or not 0 < len(keys) <= MAX_PROVIDER_KEYS:
        raise KeyRefused("not a JWK set, an empty or overlong one, or for no algorithm of ours")
    found: list[VerificationKey] = []
    for jwk in keys:
        if not isinstance(jwk, dict) or _PRIVATE & jwk.keys():
            raise KeyRefused("private or symmetric material in a provider's JWK set")
        if _is_for(jwk, alg):
            found.append(_key(jwk, alg))
    if not found:
        raise KeyRefused("no key for the algorithm that the connection registered", alg=alg)
    return KeySet(found)


def _is_for(jwk: dict[str, Json], alg: str) -> bool:
    row, operations = ALGORITHMS[alg], jwk.get("key_ops")
    if jwk.get("use", "sig") != "sig" or jwk.get("alg", alg) != alg or jwk.get("kty") != row.kty:
        return False
    if operations is not None and not (isinstance(operations, list) and "verify" in operations):
        return False
    return not row.curve or jwk.get("crv") == row.curve


def _key(jwk: dict[str, Json], alg: str) -> VerificationKey:
    key = key_from_jwk({"kid": _UNNAMED, **jwk, "alg": alg})
    return key if "kid" in jwk else VerificationKey(thumbprint(key.public), key.alg, key.public)
