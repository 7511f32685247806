"""base64url without padding (RFC 7515 §2), read strictly: one byte string has one spelling."""

import base64
import binascii
from typing import Final

from airside.protocols.jose.refusals import Reason, TokenRefused

_TO_PLAIN: Final = bytes.maketrans(b"-_", b"+/")
_TO_URL: Final = bytes.maketrans(b"+/", b"-_")


def b64url_encode(data: bytes) -> str:
    """Unpadded base64url."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def b64url_decode(text: str) -> bytes:
    """The bytes that `text` spells.

    Writing them again must give `text` itself: that refuses padding, foreign letters, line breaks and stray
    bits in the last letter at once (N38: a token can't be re-spelt).

    Raises:
        TokenRefused: any other spelling.
    """
    try:
        letters = text.encode("ascii")
        # What `base64.urlsafe_b64decode` does, without its three wrappers: this runs on every token.
        data = binascii.a2b_base64(letters.translate(_TO_PLAIN) + b"=" * (-len(letters) % 4))
    except ValueError:
        raise TokenRefused(Reason.MALFORMED) from None
    if binascii.b2a_base64(data, newline=False).translate(_TO_URL).rstrip(b"=") != letters:
        raise TokenRefused(Reason.MALFORMED)
    return data
