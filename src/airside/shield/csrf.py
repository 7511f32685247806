"""The token on forms: an HMAC over a session's or flow's id, so that only a page made for it can carry it.

Double submit without storage: the cookie names the binding, the form carries `issue(key, binding)`. A token of
another binding, or of another key, fails; a rotated session id takes its tokens with it.
"""

import base64
import hashlib
import hmac
from typing import Final

from airside.core.entropy import equal
from airside.core.errors import Forbidden, Misconfigured

FIELD: Final = "csrf_token"
_CONTEXT: Final = b"airside csrf v1\x00"
_KEY_BYTES: Final = 32
_TOKEN_LENGTH: Final = 43


def issue(key: bytes, binding: str) -> str:
    """The token for `binding` (a session or flow id) under `key` (at least 32 bytes): 43 base64url characters.

    Raises:
        Misconfigured: a key too short to keep anything, or an empty binding, which would bind to nobody.
    """
    if len(key) < _KEY_BYTES:
        raise Misconfigured("csrf key", "needs at least 32 bytes")
    if not binding:
        raise Misconfigured("csrf binding", "needs the id of a session or a flow")
    digest = hmac.new(key, _CONTEXT + binding.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def check(key: bytes, binding: str, token: str) -> None:
    """Return if `token` is the one for `binding`; in constant time.

    Raises:
        Forbidden: missing, foreign, altered or of the wrong length.
    """
    expected = issue(key, binding)
    if len(token) != _TOKEN_LENGTH or not equal(expected.encode(), token.encode("utf-8", "replace")):
        raise Forbidden("form token missing or not of this session")
