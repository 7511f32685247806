"""base64url without padding (RFC 7515 §2), read strictly: one byte string has one spelling."""

import base64
import binascii
from typing import Final

from airside.protocols.jose.refusals import Reason, TokenRefused

_TO_PLAIN: Final = bytes.maketrans(b"-_+/=", b"+/\0\0\0")  # what isn't of the URL's alphabet becomes no letter at all
# By the length's rest, the padding that is left out, and the last letters that leave no stray bits (RFC 4648 §3.5).
_ENDS: Final = (
    (b"", frozenset(range(256))),
    (b"", frozenset[int]()),
    (b"==", frozenset(b"AQgw")),
    (b"=", frozenset(b"AEIMQUYcgkosw048")),
)


def b64url_encode(data: bytes) -> str:
    """Unpadded base64url."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def b64url_decode(text: str) -> bytes:
    """The bytes that `text` spells.

    Writing them again gives `text` itself: padding, foreign letters, line breaks and stray bits in the last letter
    are refused (N38: a token can't be re-spelt).

    Raises:
        TokenRefused: any other spelling.
    """
    try:
        letters = text.encode("ascii")
        padding, last = _ENDS[len(letters) & 3]
        if letters and letters[-1] not in last:
            raise TokenRefused(Reason.MALFORMED)
        return binascii.a2b_base64(letters.translate(_TO_PLAIN) + padding, strict_mode=True)
    except ValueError:
        raise TokenRefused(Reason.MALFORMED) from None
