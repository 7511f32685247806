"""Scopes (RFC 6749 §3.3): a set of words, written with single spaces between them."""

import re
from collections.abc import Iterable
from typing import Final

from airside.core.errors import InvalidInput

MAX_SCOPES: Final = 100
MAX_SCOPE_TEXT: Final = 4096
_TOKEN: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,128}")  # NQCHAR, and a cap of ours


def parse_scope(text: str) -> frozenset[str]:
    """The words of `text`. The empty string is the empty set.

    Raises:
        InvalidInput: a foreign character, a double, leading or trailing space, a word twice, or over a cap.
    """
    if not text:
        return frozenset()
    words = text.split(" ") if len(text) <= MAX_SCOPE_TEXT else []
    if not 0 < len(words) <= MAX_SCOPES or not all(map(_TOKEN.fullmatch, words)):
        raise InvalidInput("malformed scope")
    found = frozenset(words)
    if len(found) != len(words):
        raise InvalidInput("a scope is named twice")
    return found


def format_scope(words: Iterable[str]) -> str:
    """The words in a fixed order: the same set is always written the same."""
    return " ".join(sorted(words))
