"""Streams: whole, in order, in their place, under their key; or not at all."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from airside.core.entropy import Entropy
from airside.core.errors import TooLarge
from airside.core.secret import Secret
from airside.vault import LooseKey, Place, StreamKeys, Unopenable, open_stream, seal_stream
from airside.vault.streams import CHUNK, HEADER
from tests.vault.test_keyset import OTHER_TENANT, SECOND, fixed, fresh

PLACE = Place("backup", "content", UUID(bytes=b"\x33" * 16))
SEALED_CHUNK = CHUNK + 16
SIZES = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK, 3 * CHUNK + 7]


async def pieces(content: bytes, size: int = 10_000) -> AsyncIterator[bytes]:
    for start in range(0, len(content), size):
        yield content[start : start + size]


async def sealed(
    keys: StreamKeys, content: bytes, entropy: Entropy, *, place: Place = PLACE, size: int = 9_999
) -> bytes:
    return b"".join([piece async for piece in seal_stream(keys, place, pieces(content, size), entropy=entropy)])


async def opened(keys: StreamKeys, stream: bytes, *, place: Place = PLACE, size: int = 7_777) -> bytes:
    return b"".join([piece async for piece in open_stream(keys, place, pieces(stream, size))])


def content_of(length: int) -> bytes:
    return bytes(index * 31 % 251 for index in range(length))


def chunks_of(stream: bytes) -> list[bytes]:
    return [stream[start : start + SEALED_CHUNK] for start in range(HEADER, len(stream), SEALED_CHUNK)]


@pytest.mark.parametrize("length", SIZES)
async def test_round_trip(entropy: Entropy, length: int) -> None:
    content = content_of(length)
    keys = fixed(entropy)
    stream = await sealed(keys, content, entropy)
    assert len(stream) == HEADER + length + 16 * max(1, -(-length // CHUNK))
    assert await opened(keys, stream) == content
    assert await opened(fixed(entropy, active=SECOND), stream) == content


@pytest.mark.parametrize(
    "place", [PLACE._replace(table="backu"), PLACE._replace(column="x"), PLACE._replace(row_id=SECOND)]
)
async def test_stream_opens_in_no_other_place(entropy: Entropy, place: Place) -> None:
    stream = await sealed(fixed(entropy), b"content", entropy)
    with pytest.raises(Unopenable):
        await opened(fixed(entropy), stream, place=place)


async def test_stream_opens_under_no_other_tenant_and_no_other_key(entropy: Entropy) -> None:
    """N20: neither with another tenant's keys nor, the keys being equal, under another tenant's name."""
    stream = await sealed(fixed(entropy), b"content", entropy)
    loose = LooseKey(fixed(entropy).active, Secret(bytes(range(32))))
    others = [fresh(entropy, OTHER_TENANT), fixed(entropy, tenant_id=OTHER_TENANT), loose]
    for keys in (*others, LooseKey(SECOND, Secret(bytes(32)))):
        with pytest.raises(Unopenable):
            await opened(keys, stream)


async def test_stream_with_any_byte_changed_doesn_t_open(entropy: Entropy) -> None:
    stream = await sealed(fixed(entropy), content_of(CHUNK + 40), entropy)
    spots = [*range(HEADER + 20), *range(HEADER, len(stream), 997), *range(len(stream) - 60, len(stream))]
    for spot in spots:
        changed = stream[:spot] + bytes([stream[spot] ^ 1]) + stream[spot + 1 :]
        with pytest.raises(Unopenable):
            await opened(fixed(entropy), changed, size=len(stream))


async def test_stream_cut_anywhere_doesn_t_open(entropy: Entropy) -> None:
    stream = await sealed(fixed(entropy), content_of(2 * CHUNK), entropy)
    ends = [
        *range(HEADER + 20),
        HEADER + SEALED_CHUNK - 1,
        HEADER + SEALED_CHUNK,
        HEADER + SEALED_CHUNK + 1,
        len(stream) - 1,
    ]
    for end in ends:
        with pytest.raises(Unopenable):
            await opened(fixed(entropy), stream[:end])


async def test_chunks_left_out_moved_doubled_added_or_from_another_stream_are_refused(entropy: Entropy) -> None:
    keys = fixed(entropy)
    stream = await sealed(keys, content_of(3 * CHUNK), entropy)
    foreign = chunks_of(await sealed(keys, content_of(3 * CHUNK), entropy))
    first, second, third = chunks_of(stream)
    for chunks in (
        [second, third],
        [first, third],
        [first, second],
        [second, first, third],
        [first, first, second, third],
        [first, second, third, third],
        [first, second, third, b"\0"],
        [first, second, third, bytes(16)],
        [first, foreign[1], third],
        [first, second, foreign[2]],
        foreign,
    ):
        with pytest.raises(Unopenable):
            await opened(keys, stream[:HEADER] + b"".join(chunks))


async def test_what_comes_before_the_change_is_what_was_sealed(entropy: Entropy) -> None:
    keys, content = fixed(entropy), content_of(3 * CHUNK)
    stream = bytearray(await sealed(keys, content, entropy))
    stream[HEADER + 2 * SEALED_CHUNK] ^= 1
    got: list[bytes] = []
    with pytest.raises(Unopenable):
        async for piece in open_stream(keys, PLACE, pieces(bytes(stream))):
            got.append(piece)
    assert b"".join(got) == content[: 2 * CHUNK]


async def test_oversized_stream_is_neither_sealed_nor_opened(entropy: Entropy) -> None:
    keys = fixed(entropy)
    for length in (CHUNK + 1, 3 * CHUNK):
        content = content_of(length)
        with pytest.raises(TooLarge):
            async for _ in seal_stream(keys, PLACE, pieces(content), entropy=entropy, max_bytes=length - 1):
                pass
        stream = await sealed(keys, content, entropy)
        with pytest.raises(TooLarge):
            async for _ in open_stream(keys, PLACE, pieces(stream), max_bytes=length - 1):
                pass
        kept = [piece async for piece in open_stream(keys, PLACE, pieces(stream), max_bytes=length)]
        assert b"".join(kept) == content


async def test_format_is_what_the_page_says(entropy: Entropy) -> None:
    """Wire format: a stream put together here, by hand, from the page's words alone."""
    salt, key_id, content = bytes(range(100, 132)), UUID(bytes=b"\x11" * 16), content_of(CHUNK + 5)
    tenant = UUID(bytes=b"\x22" * 16)
    words = (b"airside/stream", tenant.bytes, b"backup", b"content", PLACE.row_id.bytes)
    info = b"".join(len(word).to_bytes(4) + word for word in words)
    cipher = AESGCM(HKDF(algorithm=SHA256(), length=32, salt=salt, info=info).derive(bytes(range(32))))
    header = b"AST\x01" + key_id.bytes + salt
    first = cipher.encrypt(bytes(7) + bytes.fromhex("0000000000"), content[:CHUNK], header)
    second = cipher.encrypt(bytes(7) + bytes.fromhex("0000000101"), content[CHUNK:], header)
    assert await opened(fixed(entropy), header + first + second) == content


async def test_two_streams_of_the_same_content_share_nothing(entropy: Entropy) -> None:
    keys, content = fixed(entropy), content_of(100)
    one, other = await sealed(keys, content, entropy), await sealed(keys, content, entropy)
    assert one[HEADER:] != other[HEADER:]


async def test_loose_key_seals_and_opens_its_own_streams(entropy: Entropy) -> None:
    key = Secret(entropy.bytes(32))
    stream = await sealed(LooseKey(SECOND, key), b"content", entropy)
    assert await opened(LooseKey(SECOND, key), stream) == b"content"
    for other in (LooseKey(SECOND, Secret(entropy.bytes(32))), LooseKey(PLACE.row_id, key), fixed(entropy)):
        with pytest.raises(Unopenable):
            await opened(other, stream)
