"""A connection's own private keys, with which it proves itself to its provider (`private_key_jwt`, and Apple's
secret)."""

import re
from typing import Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from airside.core.errors import InvalidInput
from airside.core.secret import Secret
from airside.core.strict_json import Json
from airside.federation.settings import OidcSettings, Settings
from airside.protocols.jose import KeyRefused, SigningKey, public_jwk, thumbprint
from airside.protocols.jose.algorithms import PrivateKey
from airside.protocols.jose.keys import generate

MAX_OWN_KEYS: Final = 3
"""The newest signs; those before it are published until nobody holds them any more."""
OWN_ALGORITHM: Final = "ES256"
_BLOCK: Final = re.compile(r"-----BEGIN PRIVATE KEY-----[A-Za-z0-9+/=\s]+-----END PRIVATE KEY-----")
_BY_CURVE: Final = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}


def new_own_key() -> Secret[str]:
    """A new private key as PEM (PKCS #8), from OpenSSL's CSPRNG."""
    return Secret(_pem(generate(OWN_ALGORITHM)))


def renewed(keys: Secret[str] | None) -> Secret[str]:
    """A new key before those of `keys`, of which the oldest is dropped where there would be too many.

    Raises:
        InvalidInput: as `own_keys`.
    """
    before = own_keys(keys, kept=True) if keys is not None else ()
    kept = [_pem(key.private) for key in before[: MAX_OWN_KEYS - 1]]
    return Secret("".join([new_own_key().reveal(), *kept]))


def keys_for(settings: Settings, given: Secret[str] | None) -> Secret[str] | None:
    """The private keys of a connection with these settings: those that were `given`, or a new one where it proves
    itself by a key of its own and has none.

    Raises:
        InvalidInput: those that were given can't be used so.
    """
    if not isinstance(settings, OidcSettings):
        return given
    if given is not None:
        own_keys(given)
    elif settings.token_endpoint_auth_method == "private_key_jwt":
        return new_own_key()
    return given


def own_keys(pem: Secret[str], *, kid: str | None = None, kept: bool = False) -> tuple[SigningKey, ...]:
    """The keys in `pem`, the newest first, each named by its thumbprint (RFC 7638), or by `kid` where the provider gave
    the name. Those that were `kept` were looked at when they were given.

    Raises:
        InvalidInput: none, too many, or one that isn't a key that we sign with. Nothing of it is in the refusal.
    """
    blocks = _BLOCK.findall(pem.reveal())
    if not 0 < len(blocks) <= MAX_OWN_KEYS:
        raise InvalidInput("private keys are 1 to 3 PEM blocks of PKCS #8", pointer="private_keys")
    try:
        return tuple(_key(_load(block, kept), kid) for block in blocks)
    except (ValueError, TypeError, KeyRefused):
        raise InvalidInput("not a private key that we sign with", pointer="private_keys") from None


def own_jwks(keys: tuple[SigningKey, ...]) -> dict[str, Json]:
    """The public halves as a JWK set (RFC 7517 §5)."""
    return {"keys": [public_jwk(key.verification()) for key in keys]}


def _load(block: str, kept: bool) -> object:
    return serialization.load_pem_private_key(block.encode(), None, unsafe_skip_rsa_key_validation=kept)


def _key(private: object, kid: str | None) -> SigningKey:
    if isinstance(private, ec.EllipticCurvePrivateKey):
        return _named(private, _BY_CURVE.get(private.curve.name, ""), kid)
    if isinstance(private, rsa.RSAPrivateKey):
        return _named(private, "RS256", kid)
    if isinstance(private, ed25519.Ed25519PrivateKey):
        return _named(private, "EdDSA", kid)
    raise KeyRefused("unsupported kind of key")


def _named(private: PrivateKey, alg: str, kid: str | None) -> SigningKey:
    return SigningKey(kid or thumbprint(private.public_key()), alg, private)


def _pem(private: PrivateKey) -> str:
    return private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
