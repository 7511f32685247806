"""Whether bytes are one whole PNG (ISO/IEC 15948), and how large it is. Nothing is inflated."""

from binascii import crc32
from typing import Final

SIGNATURE: Final = b"\x89PNG\r\n\x1a\n"
_OVERHEAD: Final = 12
"""Bytes of a chunk around its data: length, type, CRC."""
_HEADER: Final = 13
"""Bytes of IHDR."""
MAX_CHUNKS: Final = 256


def dimensions(data: bytes) -> tuple[int, int] | None:
    """Width and height; None where `data` isn't a signature, an IHDR, other chunks and an IEND, each with its right
    CRC, and nothing behind: what else hangs on a picture could be taken for something else (a polyglot)."""
    if not data.startswith(SIGNATURE):
        return None
    kinds: list[bytes] = []
    size: tuple[int, int] | None = None
    place = len(SIGNATURE)
    while place < len(data) and len(kinds) < MAX_CHUNKS:
        length = int.from_bytes(data[place : place + 4])
        end = place + _OVERHEAD + length
        if end > len(data) or crc32(data[place + 4 : end - 4]) != int.from_bytes(data[end - 4 : end]):
            return None
        kinds.append(data[place + 4 : place + 8])
        if len(kinds) == 1:
            if kinds[0] != b"IHDR" or length != _HEADER:
                return None
            size = (int.from_bytes(data[place + 8 : place + 12]), int.from_bytes(data[place + 12 : place + 16]))
        place = end
    whole = place == len(data) and kinds[-1:] == [b"IEND"] and kinds.count(b"IEND") == 1 and b"IDAT" in kinds
    return size if whole else None
