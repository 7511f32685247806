"""Sections ↔ bytes, compressed and sealed.

An object (data, manifest, keys) is

```
offset  bytes  what
0       4      "ABK" and the version, 0x01
4       16     id of the object's own key
20      2      length of that key, wrapped by the key encryption key
22      …      the wrapped key, then a stream of `vault/streams.py`
```

and in the stream, deflated, frames: one byte of kind (B, D, E), four of length, the content.
"""

import zlib
from collections.abc import AsyncIterable, AsyncIterator
from typing import Final
from uuid import UUID

import msgspec

from airside.core.entropy import Entropy
from airside.core.errors import Refusal
from airside.core.secret import Secret
from airside.custody.backup_model import Begin, Damaged, End, Event
from airside.vault.aead import Aead
from airside.vault.envelope import encode
from airside.vault.model import KEY_BYTES, Place, Unopenable
from airside.vault.streams import LooseKey, open_stream, seal_stream

PIECE: Final = 256 * 1024
MAX_FRAME: Final = 64 * 1024 * 1024
"""Bytes in one frame: a piece, or one row that is longer."""
_MAGIC: Final = b"ABK\x01"
_LENGTH_AT: Final = 20
_WRAPPED_AT: Final = 22
_FRAME_HEAD: Final = 5
_UUID_BYTES: Final = 16


async def seal(
    source: AsyncIterable[bytes], *, kek: Aead, kind: str, backup_id: UUID, entropy: Entropy
) -> AsyncIterator[bytes]:
    """`source` under a key of its own, which opens as that `kind` of object of that backup alone.

    Raises:
        Unavailable: the key encryption key can't be reached.
    """
    key_id, key = UUID(bytes=entropy.bytes(_UUID_BYTES)), Secret(entropy.bytes(KEY_BYTES))
    wrapped = await kek.seal(key.reveal(), _context(kind, backup_id, key_id))
    yield _MAGIC + key_id.bytes + len(wrapped).to_bytes(2) + wrapped
    async for piece in seal_stream(LooseKey(key_id, key), _place(kind, backup_id), source, entropy=entropy):
        yield piece


async def unseal(source: AsyncIterable[bytes], *, kek: Aead, kind: str, backup_id: UUID) -> AsyncIterator[bytes]:
    """What was sealed; proven whole only by ending.

    Raises:
        Damaged: another object, another key, changed, cut short.
        Unavailable: the key encryption key can't be reached.
    """
    pieces = aiter(source)
    try:
        head = await _at_least(pieces, b"", _WRAPPED_AT)
        length = int.from_bytes(head[_LENGTH_AT:_WRAPPED_AT])
        head = await _at_least(pieces, head, _WRAPPED_AT + length)
        if not head.startswith(_MAGIC):
            raise Unopenable
        key_id = UUID(bytes=head[len(_MAGIC) : _LENGTH_AT])
        wrapped, rest = head[_WRAPPED_AT : _WRAPPED_AT + length], head[_WRAPPED_AT + length :]
        key = Secret(await kek.open(wrapped, _context(kind, backup_id, key_id)))
        stream = _joined(rest, pieces)
        async for piece in open_stream(LooseKey(key_id, key), _place(kind, backup_id), stream):
            yield piece
    except Unopenable:
        raise Damaged("it doesn't open: changed, cut short, or of another key encryption key") from None


async def pack(events: AsyncIterable[Event]) -> AsyncIterator[bytes]:
    """Sections as deflated frames."""
    packer = zlib.compressobj(1)
    async for event in events:
        kind, content = _frame(event)
        if packed := packer.compress(kind + len(content).to_bytes(4) + content):
            yield packed
    yield packer.flush()


async def unpack(source: AsyncIterable[bytes]) -> AsyncIterator[Event]:
    """The sections that `pack` wrote. Memory stays bounded, whatever the bytes say.

    Raises:
        Damaged: not frames, or cut short.
    """
    held = bytearray()
    async for plain in _inflated(source):
        held += plain
        while len(held) >= _FRAME_HEAD:
            length = int.from_bytes(held[1:_FRAME_HEAD])
            if length > MAX_FRAME:
                raise Damaged("a frame over its cap")
            end = _FRAME_HEAD + length
            if len(held) < end:
                break
            yield _event(bytes(held[:1]), bytes(held[_FRAME_HEAD:end]))
            del held[:end]
    if held:
        raise Damaged("cut short within a frame")


def _frame(event: Event) -> tuple[bytes, bytes]:
    if isinstance(event, bytes):
        return b"D", event
    return (b"B" if isinstance(event, Begin) else b"E"), msgspec.json.encode(event)


def _event(kind: bytes, content: bytes) -> Event:
    try:
        if kind == b"D":
            return content
        if kind == b"B":
            return msgspec.json.decode(content, type=Begin)
        if kind == b"E":
            return msgspec.json.decode(content, type=End)
    except (ValueError, Refusal):
        pass
    raise Damaged("not a frame of this version")


async def _inflated(source: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    inflater = zlib.decompressobj()
    try:
        async for piece in source:
            rest = piece
            while rest:
                yield inflater.decompress(rest, PIECE)
                rest = inflater.unconsumed_tail
            if inflater.unused_data:
                raise Damaged("bytes after the end")
    except zlib.error:
        raise Damaged("not compressed as it should be") from None
    if left := inflater.flush():
        yield left
    if not inflater.eof:
        raise Damaged("cut short")


async def _at_least(pieces: AsyncIterator[bytes], held: bytes, size: int) -> bytes:
    while len(held) < size:
        piece = await anext(pieces, None)
        if piece is None:
            raise Unopenable
        held += piece
    return held


async def _joined(first: bytes, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in pieces:
        yield piece


def _context(kind: str, backup_id: UUID, key_id: UUID) -> bytes:
    return encode(b"airside/backup", kind.encode(), backup_id.bytes, key_id.bytes)


def _place(kind: str, backup_id: UUID) -> Place:
    return Place("backup", kind, backup_id)
