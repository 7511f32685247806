"""How far an archive unfolds, measured by unfolding it: what its directory says of sizes is a stranger's word."""

import zipfile
import zlib
from io import BytesIO
from typing import Final

from airside.core.errors import InvalidInput, TooLarge
from airside.shield.uploads.rule import UploadRule

_CHUNK: Final = 64 * 1024
_ENCRYPTED: Final = 1
_METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
_END: Final = b"PK\x05\x06"
_COUNT_AT: Final = 10


def require_bounded(data: bytes, rule: UploadRule) -> None:
    """Return if the zip archive `data` stays within `rule` when it is unpacked.

    Raises:
        TooLarge: too many entries, or too many bytes.
        InvalidInput: damaged, encrypted, by a method of compression that isn't taken, or with a name that leads out of
            the folder it is unpacked in.
    """
    if data.rfind(_END) < 0 or int.from_bytes(_counted(data), "little") > rule.max_entries:
        raise TooLarge("archive of too many entries", max_entries=rule.max_entries)
    left = rule.max_unpacked
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            entries = archive.infolist()
            if len(entries) > rule.max_entries:
                raise TooLarge("archive of too many entries", max_entries=rule.max_entries)
            for entry in entries:
                _refuse_odd(entry)
                with archive.open(entry) as unpacked:
                    while chunk := unpacked.read(_CHUNK):
                        left -= len(chunk)
                        if left < 0:
                            raise TooLarge("archive over its cap", max_unpacked=rule.max_unpacked)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, RuntimeError, ValueError):
        raise InvalidInput("not an archive that can be read") from None


def _counted(data: bytes) -> bytes:
    """The number of entries by the archive's end record, so that a directory of millions isn't read to be refused."""
    end = data.rfind(_END)
    return data[end + _COUNT_AT : end + _COUNT_AT + 2]


def _refuse_odd(entry: zipfile.ZipInfo) -> None:
    parts = entry.filename.replace("\\", "/").split("/")
    if entry.flag_bits & _ENCRYPTED or entry.compress_type not in _METHODS:
        raise InvalidInput("an archive's entry that can't be looked into")
    if ".." in parts or parts[0] == "" or ":" in parts[0] or not entry.filename.isprintable():
        raise InvalidInput("an archive's entry that leads out of its folder")
