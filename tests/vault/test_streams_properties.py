"""Whatever is sealed as a stream opens, however it is cut into pieces on the way; and nothing else opens."""

import asyncio
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airside.core.entropy import SystemEntropy
from airside.vault import Unopenable
from airside.vault.streams import CHUNK, HEADER
from tests.vault.test_keyset import fresh
from tests.vault.test_streams import opened, sealed

ENTROPY = SystemEntropy()
KEYS = fresh(ENTROPY, UUID(bytes=b"\x22" * 16))
LENGTHS = st.one_of(st.integers(0, 300), st.integers(CHUNK - 2, CHUNK + 2), st.integers(2 * CHUNK - 2, 2 * CHUNK + 2))
PIECES = st.integers(1, 3 * CHUNK).map(lambda size: max(size, 61))


@given(length=LENGTHS, into=PIECES, out_of=PIECES)
def test_round_trip_in_pieces_of_any_size(length: int, into: int, out_of: int) -> None:
    content = b"\x5a" * length

    async def both_ways() -> bytes:
        return await opened(KEYS, await sealed(KEYS, content, ENTROPY, size=into), size=out_of)

    assert asyncio.run(both_ways()) == content


@given(st.binary(max_size=HEADER + 100))
def test_bytes_from_anywhere_are_refused_in_one_way(stream: bytes) -> None:
    with pytest.raises(Unopenable):
        asyncio.run(opened(KEYS, stream))


@settings(max_examples=50)
@given(length=LENGTHS, cut=st.integers(0, 2**30), piece=PIECES)
def test_every_proper_prefix_is_refused(length: int, cut: int, piece: int) -> None:
    async def prefix_opens() -> None:
        stream = await sealed(KEYS, bytes(length), ENTROPY)
        await opened(KEYS, stream[: cut % len(stream)], size=piece)

    with pytest.raises(Unopenable):
        asyncio.run(prefix_opens())
