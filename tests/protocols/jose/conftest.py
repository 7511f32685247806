"""One key of each kind for the whole session: RSA ones take a while to make."""

import pytest

from airside.protocols.jose import KeySet, SigningKey
from airside.protocols.jose.keys import generate

SIGNING = ("ES256", "RS256", "PS256", "EdDSA")


@pytest.fixture(scope="session")
def signing_keys() -> dict[str, SigningKey]:
    return {alg: SigningKey(f"key-{alg}", alg, generate(alg)) for alg in SIGNING}


@pytest.fixture(scope="session")
def keyset(signing_keys: dict[str, SigningKey]) -> KeySet:
    return KeySet(key.verification() for key in signing_keys.values())
