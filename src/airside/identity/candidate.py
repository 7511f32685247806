"""What somebody typed as a password, as bytes to hash."""

import unicodedata
from typing import Final

from airside.core.secret import Secret

MAX_PASSWORD_BYTES: Final = 256
"""Bytes of UTF-8, checked before anything is computed."""


def normalised(text: str) -> str:
    """NFKC, so that one password typed on two keyboards is one (NIST SP 800-63B-4 §3.1.1.2)."""
    return unicodedata.normalize("NFKC", text)


def candidate(password: Secret[str]) -> bytes:
    """The bytes that our own hashes are made of. A guess over the cap is cut: it can't be anybody's password, and
    costs what every guess costs."""
    return normalised(_cut(password)).encode("utf-8", "replace")


def as_typed(password: Secret[str]) -> bytes:
    """The bytes that other systems hashed: UTF-8, nothing normalised; cut as above."""
    return _cut(password).encode("utf-8", "replace")


def _cut(password: Secret[str]) -> str:
    text = password.reveal()
    return text if len(text) <= MAX_PASSWORD_BYTES else text[:MAX_PASSWORD_BYTES] + "\0"
