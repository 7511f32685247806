"""Whatever is sealed opens, and whatever wasn't doesn't."""

from uuid import UUID

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from airside.vault import Unopenable, envelope

CIPHER = AESGCM(bytes(32))
NONCES = st.binary(min_size=envelope.NONCE_BYTES, max_size=envelope.NONCE_BYTES)


@given(key_id=st.uuids(), nonce=NONCES, plaintext=st.binary(max_size=300), context=st.binary(max_size=100))
def test_round_trip(key_id: UUID, nonce: bytes, plaintext: bytes, context: bytes) -> None:
    sealed = envelope.seal(CIPHER, key_id, nonce=nonce, plaintext=plaintext, context=context)
    assert envelope.key_of(sealed) == key_id
    assert envelope.open(CIPHER, sealed, context) == plaintext


@given(st.binary(max_size=200), st.binary(max_size=20))
def test_bytes_from_anywhere_are_refused_in_one_way(sealed: bytes, context: bytes) -> None:
    with pytest.raises(Unopenable):
        envelope.open(CIPHER, sealed, context)


@given(st.lists(st.binary(max_size=8), max_size=5), st.lists(st.binary(max_size=8), max_size=5))
def test_two_lists_of_parts_never_encode_to_the_same_bytes(one: list[bytes], other: list[bytes]) -> None:
    assert (envelope.encode(*one) == envelope.encode(*other)) == (one == other)
