"""A file is what its content says; what its name and its sender say isn't asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import puremagic

from airside.core.errors import InvalidInput, TooLarge, UnsupportedMedia
from airside.shield.characters import MISLEADING_IN_TEXT
from airside.shield.uploads.archives import require_bounded
from airside.shield.uploads.images import made_anew
from airside.shield.uploads.rule import ARCHIVES, IMAGES, TEXT, UploadRule

_HEAD: Final = 4096  # bytes that tell a kind
_PLAIN: Final = "text/plain"
_MAGIC: Final[Any] = puremagic  # which has no types of its own


@dataclass(frozen=True, slots=True)
class Upload:
    """A file within its rule. `data` is what may be kept: an image is another file than the one that came."""

    kind: str
    data: bytes


def examine(files: Sequence[bytes], rule: UploadRule) -> list[Upload]:
    """`files` of one request as what may be kept of them. Decodes, so an event loop calls it in a thread.

    Raises:
        TooLarge: over a bound of `rule`.
        UnsupportedMedia: a kind that `rule` doesn't take, or none that is known.
        InvalidInput: damaged.
    """
    if len(files) > rule.max_files:
        raise TooLarge("too many files", max_files=rule.max_files)
    if any(len(data) > rule.max_bytes for data in files):
        raise TooLarge("file over its cap", max_bytes=rule.max_bytes)
    return [_examined(data, rule) for data in files]


def _examined(data: bytes, rule: UploadRule) -> Upload:
    kind = _kind(data)
    if kind not in rule.kinds:
        raise UnsupportedMedia("a kind of file that isn't taken here")
    if kind in IMAGES:
        return Upload(kind, made_anew(data, kind, rule))
    if kind in ARCHIVES:
        require_bounded(data, rule)
    return Upload(kind, data)


def _kind(data: bytes) -> str:
    if not data:
        raise InvalidInput("an empty file")
    try:
        known: list[str] = [guess.mime_type for guess in _MAGIC.magic_string(data[:_HEAD])]
    except puremagic.PureError:
        return _PLAIN if _is_text(data) else ""
    found = next((kind for kind in known if kind in IMAGES or kind == "application/pdf"), None)
    if found is not None:
        return found
    if data.startswith(b"PK\x03\x04"):  # every format that is an archive inside is judged as one
        return next(iter(ARCHIVES))
    return next(iter(TEXT)) if _is_text(data) else ""


def _is_text(data: bytes) -> bool:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return MISLEADING_IN_TEXT.search(text) is None
