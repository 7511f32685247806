"""How far an archive unfolds, measured by unfolding it: what its directory says of sizes is a stranger's word."""

import stat
import zipfile
import zlib
from collections.abc import Iterator
from io import BytesIO
from typing import Final

from airside.core.errors import InvalidInput, TooLarge
from airside.shield.characters import MISLEADING_IN_LINE
from airside.shield.uploads.rule import UploadRule

_CHUNK: Final = 64 * 1024
_ENCRYPTED: Final = 1
_METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_LISTED: Final = b"PK\x01\x02"
_LOCATOR: Final = b"PK\x06\x07"
_LOCATOR_BYTES: Final = 20
_END: Final = b"PK\x05\x06"
_END_BYTES: Final = 22
_LOCAL_BYTES: Final = 30


def require_bounded(data: bytes, rule: UploadRule) -> None:
    """Return if the zip archive `data` (APPNOTE 6.3.10) stays within `rule` when it is unpacked.

    Raises:
        TooLarge: too many entries, or too many bytes.
        InvalidInput: damaged, encrypted, of another size than it says, by a method of compression that isn't taken, or
            with an entry that leads out of the folder it is unpacked in.
    """
    if _most_entries(data) > rule.max_entries:
        raise TooLarge("archive of too many entries", max_entries=rule.max_entries)
    left = rule.max_unpacked
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            entries = archive.infolist()
            if sum(entry.compress_size for entry in entries) > len(data):
                raise InvalidInput("an archive whose entries overlap")
            for entry in entries:
                _refuse_odd(entry)
                archive.open(entry).close()  # refuses one that says another name of itself than the directory does
                left -= _size(data, entry, left)
                if left < 0:
                    raise TooLarge("archive over its cap", max_unpacked=rule.max_unpacked)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, RuntimeError, ValueError):
        raise InvalidInput("not an archive that can be read") from None


def _most_entries(data: bytes) -> int:
    """How many entries the directory can have, so that one of a hundred thousand isn't read to be refused.

    Told by its signatures: the number in the end record (§4.3.16) binds no reader. An archive that is stored within has
    signatures too; they count only where ZIP64 has its own word on where the directory begins.
    """
    end = data.rfind(_END)
    if end < 0 or end + _END_BYTES + _number(data, end + 20, 2) != len(data):
        raise InvalidInput("not an archive that can be read")
    at = end - _LOCATOR_BYTES
    is_zip64 = at >= 0 and data.startswith(_LOCATOR, at)
    start = 0 if is_zip64 else max(end - _number(data, end + 12, 4), 0)
    return max(data.count(_LISTED, start, end), _number(data, end + 10, 2))


def _size(data: bytes, entry: zipfile.ZipInfo, most: int) -> int:
    """What the entry unfolds to, which is what it says it does; or any number over `most`."""
    size = crc = 0
    for piece in _unfolded(data, entry):
        size += len(piece)
        crc = zlib.crc32(piece, crc)
        if size > most:
            return size
    if (size, crc) != (entry.file_size, entry.CRC):
        raise InvalidInput("an archive's entry of another size than it says")
    return size


def _unfolded(data: bytes, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    """The entry in pieces. Not read by `zipfile`, which stops at the size that the directory says."""
    at = entry.header_offset
    if _number(data, at + 8, 2) != entry.compress_type:
        raise zipfile.BadZipFile
    at += _LOCAL_BYTES + _number(data, at + 26, 2) + _number(data, at + 28, 2)
    raw = data[at : at + entry.compress_size]
    if len(raw) != entry.compress_size:
        raise EOFError
    if entry.compress_type == zipfile.ZIP_STORED:
        yield raw
        return
    folded = BytesIO(raw)
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    while not inflater.eof:
        rest = inflater.unconsumed_tail or folded.read(_CHUNK)
        piece = inflater.decompress(rest, _CHUNK)
        if not rest and not piece:
            raise EOFError
        yield piece
    if inflater.unused_data or folded.read(1):
        raise zipfile.BadZipFile


def _number(data: bytes, at: int, size: int) -> int:
    return int.from_bytes(data[at : at + size], "little")


def _refuse_odd(entry: zipfile.ZipInfo) -> None:
    parts = entry.filename.replace("\\", "/").split("/")
    if entry.flag_bits & _ENCRYPTED or entry.compress_type not in _METHODS:
        raise InvalidInput("an archive's entry that can't be looked into")
    is_link = stat.S_ISLNK(entry.external_attr >> 16)
    if is_link or ".." in parts or parts[0] == "" or ":" in parts[0] or MISLEADING_IN_LINE.search(entry.filename):
        raise InvalidInput("an archive's entry that leads out of its folder")
