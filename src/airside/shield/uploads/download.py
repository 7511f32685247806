"""What goes with a stranger's file on its way out, from a host of its own, so that no browser takes it for a page."""

import re
import unicodedata
from typing import Final
from urllib.parse import quote

from airside.shield.characters import MISLEADING_IN_LINE
from airside.shield.cors import Header

MAX_NAME: Final = 150
MAX_NAME_BYTES: Final = 240
"""A file system takes 255, and a browser adds a word while a file is coming."""

_UNNAMED: Final = "download"
# Names of devices on Windows, whatever the extension (Microsoft, "Naming Files, Paths, and Namespaces").
_DEVICE: Final = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|com\d|lpt\d) *(?:\.|$)", re.ASCII | re.IGNORECASE)
_REFUSED: Final = frozenset('/\\:*?"<>|%;')


def safe_name(name: str) -> str:
    """`name` as a file's name on any system: its last part, without what leads elsewhere, hides or turns it round."""
    last = unicodedata.normalize("NFKC", name[-1024:]).replace("\\", "/").rpartition("/")[2]
    kept = "".join(mark for mark in MISLEADING_IN_LINE.sub("", last) if mark not in _REFUSED).strip(" .")
    short = kept[-MAX_NAME:].encode()[-MAX_NAME_BYTES:].decode(errors="ignore").lstrip(" .") or _UNNAMED
    return f"_{short}" if _DEVICE.match(short) else short


def download_headers(name: str, kind: str) -> list[Header]:
    """The header lines of a download called `name` (RFC 6266, with RFC 8187's form for what isn't ASCII)."""
    safe = safe_name(name)
    plain = safe.encode("ascii", "replace").decode().replace("?", "_")
    disposition = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(safe, safe='')}"
    return [
        (b"content-type", kind.encode("ascii")),
        (b"content-disposition", disposition.encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"content-security-policy", b"default-src 'none'; sandbox"),
    ]
