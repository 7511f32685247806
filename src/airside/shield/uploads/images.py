"""An image is decoded and written anew: no metadata, no second reading as a script, no bytes of a stranger's choice."""

from io import BytesIO
from typing import Final

from PIL import Image, ImageOps

from airside.core.errors import InvalidInput, TooLarge
from airside.shield.uploads.rule import UploadRule

_FORMATS: Final = {"image/png": "PNG", "image/jpeg": "JPEG", "image/webp": "WEBP", "image/gif": "GIF"}
_QUALITY: Final = 90


def made_anew(data: bytes, kind: str, rule: UploadRule) -> bytes:
    """The first picture of `data`, of the content type `kind`, upright and without anything but its pixels.

    Raises:
        TooLarge: more pixels than the rule has room for, or more bytes once written.
        InvalidInput: not an image of that kind, or a damaged one.
    """
    written = BytesIO()
    try:
        # One decoder, the kind's own: the others can't be reached by what a stranger writes into a file.
        with Image.open(BytesIO(data), formats=[_FORMATS[kind]]) as image:
            if image.width * image.height > rule.max_pixels:
                raise TooLarge("image over its cap", max_pixels=rule.max_pixels)
            upright = ImageOps.exif_transpose(image)
            see_through = "A" in upright.getbands() or "transparency" in upright.info
            pixels = upright.convert("RGBA" if see_through and kind != "image/jpeg" else "RGB")
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


_ROOM: Final = 4
"""How much larger than what came an image may be once it is written, before it is refused."""
