"""Credential public keys: three algorithms, each with its one curve or lawful size."""

from typing import Final

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from webauthn.helpers import decode_credential_public_key, decoded_public_key_to_cryptography
from webauthn.helpers.cose import COSECRV, COSEAlgorithmIdentifier
from webauthn.helpers.decode_credential_public_key import (
    DecodedEC2PublicKey,
    DecodedOKPPublicKey,
    DecodedRSAPublicKey,
)

from airside.protocols.jose.weakness import refuse_weak_rsa
from airside.protocols.webauthn.refusals import CeremonyRefused, Reason, refusing

ES256: Final = COSEAlgorithmIdentifier.ECDSA_SHA_256
EDDSA: Final = COSEAlgorithmIdentifier.EDDSA
RS256: Final = COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256
ALGORITHMS: Final = (ES256, EDDSA, RS256)
"""In the order that authenticators are asked to prefer."""


def demand_sound_key(cose: bytes) -> int:
    """The algorithm of a key that is worth verifying with; it fits the key's type and curve (N01, N42).

    Raises:
        CeremonyRefused: another algorithm, type or curve, a point off its curve, a weak RSA key, or no key.
    """
    with refusing(Reason.ALGORITHM):
        key = decode_credential_public_key(cose)
        lawful = (
            (isinstance(key, DecodedEC2PublicKey) and key.alg == ES256 and key.crv == COSECRV.P256)
            or (isinstance(key, DecodedOKPPublicKey) and key.alg == EDDSA and key.crv == COSECRV.ED25519)
            or (isinstance(key, DecodedRSAPublicKey) and key.alg == RS256)
        )
        if not lawful:
            raise CeremonyRefused(Reason.ALGORITHM)
        public = decoded_public_key_to_cryptography(key)
        if isinstance(public, RSAPublicKey):
            refuse_weak_rsa(public.public_numbers())
        return int(key.alg)
