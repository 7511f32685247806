"""Compact JWE (RFC 7516), outwards only: a signed JWT encrypted to somebody's public key. Nothing is decrypted here.

The work is joserfc's; which keys and algorithms it is given is decided here (RFC 8725 §3.1, §3.2).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from joserfc import jwe, jwk
from joserfc.errors import JoseError

from airside.core.strict_json import Json
from airside.protocols.jose.refusals import KeyRefused
from airside.protocols.jose.weakness import MAX_RSA_BITS, MIN_RSA_BITS

KEY_ALGORITHMS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "RSA-OAEP-256": frozenset({"RSA"}),
        "ECDH-ES": frozenset({"EC", "OKP"}),
        "ECDH-ES+A256KW": frozenset({"EC", "OKP"}),
    }
)
"""How the content's key is agreed on or wrapped (RFC 7518 §4), and for which kinds of key. No RSA1_5, no PBES2."""

CONTENT_ALGORITHMS: Final = ("A256GCM", "A128GCM", "A128CBC-HS256")
DEFAULT_ENC: Final = "A128CBC-HS256"
"""OpenID Connect Dynamic Client Registration §2: what counts where only `alg` is registered."""

_CURVES: Final = frozenset({"P-256", "P-384", "P-521", "X25519"})
_PUBLIC: Final = frozenset({"kty", "crv", "x", "y", "n", "e"})
_PRIVATE: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


def encrypt_jwt(token: str, key: Mapping[str, Json], *, alg: str, enc: str) -> str:
    """`token` encrypted to the public JWK `key`, as a nested JWT (RFC 7519 §5.2: `cty` is JWT).

    Raises:
        KeyRefused: an algorithm we don't encrypt with, or a key that is private, weak, malformed, for signatures, or
            pinned to another algorithm.
    """
    if enc not in CONTENT_ALGORITHMS or key.get("kty") not in KEY_ALGORITHMS.get(alg, frozenset()):
        raise KeyRefused("key and algorithm don't belong together", alg=alg)
    if _PRIVATE & key.keys() or key.get("use", "enc") != "enc" or key.get("alg", alg) != alg:
        raise KeyRefused("not a public key for this encryption", alg=alg)
    if key["kty"] != "RSA" and key.get("crv") not in _CURVES:
        raise KeyRefused("not a curve that we encrypt to", alg=alg)
    header: dict[str, str] = {"alg": alg, "enc": enc, "cty": "JWT"}
    kid = key.get("kid")
    if isinstance(kid, str):
        header["kid"] = kid
    try:
        public = jwk.import_key({name: str(value) for name, value in key.items() if name in _PUBLIC})
        if isinstance(public, jwk.RSAKey) and not MIN_RSA_BITS <= public.public_key.key_size <= MAX_RSA_BITS:
            raise KeyRefused("RSA modulus refused", bits=public.public_key.key_size)
        return jwe.encrypt_compact(header, token, public, algorithms=[alg, enc])
    except (JoseError, ValueError) as cause:
        raise KeyRefused("malformed key", alg=alg) from cause
