"""An image is decoded and written anew: no metadata, no second reading as a script, no bytes of a stranger's choice."""

import re
from io import BytesIO
from typing import Any, Final

from PIL import Image, ImageOps

from airside.core.errors import InvalidInput, TooLarge
from airside.shield.uploads.rule import UploadRule

_FORMATS: Final = {"image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WEBP", "image/gif": "GIF"}
_QUALITY: Final = 90
_JPEG: Final = "image/jpeg"

MAX_SCANS: Final = 100
"""Of a JPEG. A decoder walks all pixels once for each, however few bytes the scan has; usual encoders write 18."""

# Markers of T.81 that end a scan's data and have a segment after them, and EOI: no stuffed zero, restart or fill byte.
_MARKER: Final = re.compile(rb"\xff[\xc0-\xcf\xd9-\xfe]")
_START_OF_SCAN: Final = b"\xff\xda"
_END_OF_IMAGE: Final = b"\xff\xd9"


def made_anew(data: bytes, kind: str, rule: UploadRule) -> bytes:
    """The first picture of `data`, of the content type `kind`, upright and without anything but its pixels.

    Raises:
        TooLarge: more pixels than the rule has room for, more scans than `MAX_SCANS`, or more bytes once written.
        InvalidInput: not an image of that kind, or a damaged one.
    """
    if kind == _JPEG and _has_too_many_scans(data):
        raise TooLarge("image of too many scans", max_scans=MAX_SCANS)
    written = BytesIO()
    try:
        # One decoder, the kind's own: the others can't be reached by what a stranger writes into a file.
        with Image.open(BytesIO(data), formats=[_FORMATS[kind]]) as image:
            if image.width * image.height > rule.max_pixels:
                raise TooLarge("image over its cap", max_pixels=rule.max_pixels)
            upright = _of_eight_bits(ImageOps.exif_transpose(image))
            see_through = "A" in upright.getbands() or "transparency" in upright.info
            pixels = upright.convert("RGBA" if see_through and kind != _JPEG else "RGB")
            pixels.info = {}
            pixels.save(written, _FORMATS[kind], quality=_QUALITY)
    except TooLarge:
        raise
    except Image.DecompressionBombError:
        raise TooLarge("image over its cap", max_pixels=rule.max_pixels) from None
    except Exception:  # noqa: BLE001 - a decoder on hostile bytes raises whatever it likes
        raise InvalidInput("not an image that can be read") from None
    if written.tell() > rule.max_bytes * _ROOM:
        raise TooLarge("image over its cap once written", max_bytes=rule.max_bytes)
    return written.getvalue()


def _of_eight_bits(image: Image.Image) -> Image.Image:
    """Grey of 16 bits scaled down, where a conversion takes everything over 255 for white."""
    if not image.mode.startswith("I"):
        return image
    grey: Any = image  # whose `point` has no types to be checked by
    scaled: Image.Image = grey.point(_scaled).convert("L")
    if "transparency" in scaled.info:
        scaled.info["transparency"] >>= 8
    return scaled


def _scaled(shade: Any) -> Any:
    return shade / 256


def _has_too_many_scans(data: bytes) -> bool:
    """Steps over segments as a decoder does (ITU-T T.81 §B.1.1), for a thumbnail or a film behind the end may hold any
    bytes."""
    scans, at = 0, len(b"\xff\xd8")
    while (marker := _MARKER.search(data, at)) is not None and marker[0] != _END_OF_IMAGE:
        scans += marker[0] == _START_OF_SCAN
        if scans > MAX_SCANS:
            return True
        at = marker.end() + int.from_bytes(data[marker.end() : marker.end() + 2], "big")
    return False


_ROOM: Final = 4
"""How much larger than what came an image may be once it is written, before it is refused."""
