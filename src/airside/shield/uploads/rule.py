"""What one place takes: kinds, sizes, and how far anything may unfold."""

from dataclasses import dataclass
from typing import Final

from airside.core.errors import Misconfigured

IMAGES: Final = frozenset({"image/png", "image/jpeg", "image/webp", "image/gif"})
PDF: Final = frozenset({"application/pdf"})
TEXT: Final = frozenset({"text/plain"})
ARCHIVES: Final = frozenset({"application/zip"})
KNOWN: Final = IMAGES | PDF | TEXT | ARCHIVES


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadRule:
    """`kinds` are content types of `KNOWN`. `max_bytes` is one file's, `max_files` of one request.

    `max_pixels` bounds an image before it is decoded; `max_unpacked` (bytes) and `max_entries` an archive.

    Raises:
        Misconfigured: a kind that nobody here can examine, none at all, or a bound that isn't positive.
    """

    kinds: frozenset[str]
    max_bytes: int = 5 * 1024 * 1024
    max_files: int = 10
    max_pixels: int = 20_000_000
    max_unpacked: int = 50 * 1024 * 1024
    max_entries: int = 1_000

    def __post_init__(self) -> None:
        if not self.kinds or not self.kinds <= KNOWN:
            raise Misconfigured("kinds", f"name some of {', '.join(sorted(KNOWN))}")
        if min(self.max_bytes, self.max_files, self.max_pixels, self.max_unpacked, self.max_entries) <= 0:
            raise Misconfigured("uploads", "a bound is a positive number")
