"""Files and objects, sealed piece by piece: the stream format, version 1.

```
offset  bytes  what
0       3      "AST"
3       1      version, 0x01
4       16     id of the key (a UUID)
20      32     salt, random
52      …      chunks: 64 KiB of plaintext each, the last one shorter or as long, each followed by its tag (16 bytes)
```

The construction is STREAM (Hoang, Reyhanitabar, Rogaway and Vizár, "Online Authenticated-Encryption and its
Nonce-Reuse Misuse-Resistance", CRYPTO 2015, §6) over AES-256-GCM. The nonce of a chunk is seven zero bytes, its number
in four bytes, and one byte that says whether it is the last; the header is the associated data of every chunk. The key
is the stream's own: HKDF-SHA256 (RFC 5869) of the key that the header names, with the salt, and with the stream's place
as info. So a stream opens in its place alone, and no chunk can be left out, moved, doubled, taken from another stream
or added after the end. A stream that is cut short opens up to the cut and then raises: what was read so far came from
the sealer, in order, but **only an iterator that ended without raising gave everything**.

A data key may begin 2^32 streams and more: it seals none of their bytes itself.
"""

from collections.abc import AsyncIterable, AsyncIterator
from typing import Final, Protocol
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from airside.core.entropy import Entropy
from airside.core.errors import TooLarge
from airside.core.secret import Secret
from airside.vault.fields import loose_stream_info
from airside.vault.model import KEY_BYTES, Place, Unopenable

CHUNK: Final = 64 * 1024
"""Plaintext bytes in every chunk but the last."""
MAX_CHUNKS: Final = 2**32
"""Chunks in one stream: what four bytes count."""
MAX_BYTES: Final = MAX_CHUNKS * CHUNK
"""Plaintext bytes in one stream: 256 TiB."""
_MAGIC: Final = b"AST\x01"
_KEY_AT: Final = len(_MAGIC)
_SALT_AT: Final = _KEY_AT + 16
_SALT_BYTES: Final = 32
HEADER: Final = _SALT_AT + _SALT_BYTES
_TAG_BYTES: Final = 16
_SEALED_CHUNK: Final = CHUNK + _TAG_BYTES


class StreamKeys(Protocol):
    """What streams are sealed and opened with: a tenant's `Keyset`, or a `LooseKey`."""

    @property
    def active(self) -> UUID:
        """Which key seals now."""
        ...

    def stream_key(self, place: Place, key_id: UUID, salt: bytes) -> Secret[bytes]:
        """The key of the one stream that has this salt.

        Raises:
            Unopenable: there is no key of that id.
        """
        ...


class LooseKey:
    """One key that belongs to no tenant's keyset, such as a backup's own. Whoever made it keeps it wrapped."""

    def __init__(self, key_id: UUID, key: Secret[bytes]) -> None:
        self._key_id = key_id
        self._key = key

    @property
    def active(self) -> UUID:
        """Its id."""
        return self._key_id

    def stream_key(self, place: Place, key_id: UUID, salt: bytes) -> Secret[bytes]:
        """As `StreamKeys.stream_key`."""
        if key_id != self._key_id:
            raise Unopenable
        return derive(self._key, salt, loose_stream_info(place))


def derive(key: Secret[bytes], salt: bytes, info: bytes) -> Secret[bytes]:
    """A stream's own key."""
    return Secret(HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=salt, info=info).derive(key.reveal()))


async def seal_stream(
    keys: StreamKeys,
    place: Place,
    source: AsyncIterable[bytes],
    *,
    entropy: Entropy,
    max_bytes: int = MAX_BYTES,
) -> AsyncIterator[bytes]:
    """`source`, in pieces of whatever sizes, in the format above. Holds two chunks at once, and a piece of the source.

    Raises:
        TooLarge: more than `max_bytes` of plaintext; what came out until then opens nowhere.
    """
    salt = entropy.bytes(_SALT_BYTES)
    cipher = AESGCM(keys.stream_key(place, keys.active, salt).reveal())
    header = _MAGIC + keys.active.bytes + salt
    yield header
    number = 0
    async for chunk, last in _chunks(source, CHUNK):
        _bound(number, len(chunk), max_bytes)
        yield cipher.encrypt(_nonce(number, last), chunk, header)
        number += 1


async def open_stream(
    keys: StreamKeys, place: Place, source: AsyncIterable[bytes], *, max_bytes: int = MAX_BYTES
) -> AsyncIterator[bytes]:
    """What was sealed for `place`, in order. Each piece is proven before it is handed on; the end is proven by ending.

    Raises:
        Unopenable: not a stream of this version, of this place or of these keys; or changed, cut short, or longer.
        TooLarge: more than `max_bytes` of plaintext.
    """
    parts = _after_header(source)
    header = await anext(parts)
    if len(header) != HEADER or not header.startswith(_MAGIC):
        raise Unopenable
    key_id, salt = UUID(bytes=header[_KEY_AT:_SALT_AT]), header[_SALT_AT:]
    cipher = AESGCM(keys.stream_key(place, key_id, salt).reveal())
    number = 0
    async for sealed, last in _chunks(parts, _SEALED_CHUNK):
        _bound(number, len(sealed) - _TAG_BYTES, max_bytes)
        try:
            chunk = cipher.decrypt(_nonce(number, last), sealed, header)
        except InvalidTag:
            raise Unopenable from None
        yield chunk
        number += 1


def _nonce(number: int, last: bool) -> bytes:
    return bytes(7) + number.to_bytes(4) + (b"\x01" if last else b"\x00")


def _bound(number: int, length: int, max_bytes: int) -> None:
    if number >= MAX_CHUNKS or number * CHUNK + length > max_bytes:
        raise TooLarge("stream over its cap", max_bytes=max_bytes)


async def _after_header(source: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """First the header, whole (or what there is), then the rest as it comes."""
    held = b""
    whole = False
    async for piece in source:
        if whole:
            yield piece
            continue
        held += piece
        if len(held) >= HEADER:
            whole = True
            yield held[:HEADER]
            yield held[HEADER:]
    if not whole:
        yield held


async def _chunks(source: AsyncIterable[bytes], size: int) -> AsyncIterator[tuple[bytes, bool]]:
    """`source` cut into chunks of `size`, each with whether it is the last; of nothing, one that is empty."""
    held = bytearray()
    async for piece in source:
        held += piece
        # One byte more than a chunk shows that the chunk isn't the last.
        while len(held) > size:
            yield bytes(held[:size]), False
            del held[:size]
    yield bytes(held), True
