"""Keys with their algorithm pinned: a key is for one `alg`, and a set is asked by exact `kid` (RFC 8725 §3.1)."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from airside.protocols.jose.algorithms import PrivateKey, PublicKey, Sign, Verify, algorithm
from airside.protocols.jose.refusals import KeyRefused
from airside.protocols.jose.weakness import MIN_RSA_BITS, refuse_weak_rsa

MAX_KID: Final = 256
MAX_KEYS: Final = 64


@dataclass(frozen=True, slots=True)
class VerificationKey:
    """A public key that verifies one algorithm under one name.

    Raises:
        KeyRefused: algorithm and key don't belong together, the key is weak, or the name is empty or too long.
    """

    kid: str
    alg: str
    public: PublicKey
    verify: Verify = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not 0 < len(self.kid) <= MAX_KID:
            raise KeyRefused("key id refused")
        if isinstance(self.public, rsa.RSAPublicKey):
            refuse_weak_rsa(self.public.public_numbers())
        object.__setattr__(self, "verify", algorithm(self.alg).verifier(self.public))

    def spki(self) -> bytes:
        """The key as SubjectPublicKeyInfo (RFC 5280 §4.1), DER."""
        return self.public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)


@final
class KeySet:
    """Keys by `kid`. Immutable: a change makes a new set, and `fingerprint` tells sets of other content apart.

    Raises:
        KeyRefused: two keys of one name, or more than `MAX_KEYS`.
    """

    __slots__ = ("_keys", "fingerprint")

    def __init__(self, keys: Iterable[VerificationKey]) -> None:
        self._keys: dict[str, VerificationKey] = {}
        for key in keys:
            if key.kid in self._keys or len(self._keys) == MAX_KEYS:
                raise KeyRefused("duplicate key id, or too many keys")
            self._keys[key.kid] = key
        self.fingerprint: str = _fingerprint(self._keys.values())

    def get(self, kid: str) -> VerificationKey | None:
        """The key of exactly this name."""
        return self._keys.get(kid)

    @property
    def only(self) -> VerificationKey | None:
        """The one key of a set of one."""
        return next(iter(self._keys.values())) if len(self._keys) == 1 else None

    def __iter__(self) -> Iterator[VerificationKey]:
        return iter(self._keys.values())

    def __len__(self) -> int:
        return len(self._keys)


def _fingerprint(keys: Iterable[VerificationKey]) -> str:
    digest = hashlib.sha256()
    for key in sorted(keys, key=lambda key: key.kid):
        for part in (key.kid.encode("utf-8", "surrogatepass"), key.alg.encode(), key.spki()):
            digest.update(len(part).to_bytes(4) + part)
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key that signs one algorithm under one name.

    Raises:
        KeyRefused: algorithm and key don't belong together, or the key is weak.
    """

    kid: str
    alg: str
    private: PrivateKey = field(repr=False)
    sign: Sign = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sign", algorithm(self.alg).signer(self.private))
        self.verification()

    def verification(self) -> VerificationKey:
        """The public half."""
        return VerificationKey(self.kid, self.alg, self.private.public_key())

    def pkcs8(self) -> bytes:
        """The key in clear, DER (RFC 5958): to be sealed at once, never stored or logged as it is."""
        return self.private.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )


def private_from_pkcs8(der: bytes) -> PrivateKey:
    """The private key in `der`.

    Raises:
        KeyRefused: not a key, or one of a kind we don't sign with.
    """
    try:
        # Its integrity is the seal's business; OpenSSL's primality checks would cost 20 ms a load.
        key = serialization.load_der_private_key(der, None, unsafe_skip_rsa_key_validation=True)
    except (ValueError, TypeError):
        raise KeyRefused("not a private key") from None
    if isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey):
        return key
    raise KeyRefused("unsupported kind of key")


def generate(alg: str) -> PrivateKey:
    """A new private key for `alg`, from OpenSSL's CSPRNG. RSA takes about 100 ms of CPU: call it in a thread.

    Raises:
        KeyRefused: an algorithm we don't make keys for.
    """
    match alg:
        case "ES256":
            return ec.generate_private_key(ec.SECP256R1())
        case "RS256" | "PS256":
            return rsa.generate_private_key(65537, MIN_RSA_BITS)
        case "EdDSA":
            return ed25519.Ed25519PrivateKey.generate()
        case _:
            raise KeyRefused("no keys are made for this algorithm")
