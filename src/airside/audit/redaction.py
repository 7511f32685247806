"""Keeps secrets, control characters and overlong text out of records."""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from airside.core.errors import Inconsistent, TooLarge
from airside.core.redaction import PLAIN, is_plain, mask_text
from airside.core.strict_json import Json, dumps

MAX_TEXT: Final = 512
"""Characters of a subject, reason or id; the rest is cut."""
MAX_DETAILS: Final = 8 * 1024
MAX_PERSONAL: Final = 4 * 1024

_REPLACEMENT: Final = "\ufffd"
_SECRET_WORDS: Final = frozenset(
    {
        "assertion",
        "authorization",
        "code",
        "cookie",
        "credential",
        "key",
        "otp",
        "passphrase",
        "password",
        "pin",
        "secret",
        "token",
        "verifier",
    }
)
_KIND: Final = re.compile(r"[a-z_]{1,32}:(?=\S)")
_is_plain_word: Final = re.compile(rf"(?:{_KIND.pattern})?{PLAIN}").fullmatch


class SecretInRecord(Inconsistent):
    """A caller tried to journal something whose name says that it is a secret: a mistake in our own code."""


def clean(text: str) -> str:
    """`text` without what looks like a token or key, one printable line, at most `MAX_TEXT` characters."""
    if not text or is_plain(text):
        return text
    shown = mask_text(text)[:MAX_TEXT]
    if shown.isprintable():
        return shown
    return "".join(character if character.isprintable() else _REPLACEMENT for character in shown)


def clean_word(word: str) -> str:
    """As `clean`, for words such as `token:…`: the kind before the colon doesn't make a secret of the id after it."""
    if _is_plain_word(word):
        return word
    kind = _KIND.match(word)
    return clean(word) if kind is None else kind[0] + clean(word[kind.end() :])


def details_text(details: Mapping[str, Json]) -> str:
    """`details` as canonical JSON text.

    Raises:
        SecretInRecord: a key names a secret.
        TooLarge: over `MAX_DETAILS` bytes.
    """
    return _bounded(_scrub(dict(details)), MAX_DETAILS).decode() if details else "{}"


def personal_bytes(personal: Mapping[str, str]) -> bytes:
    """`personal` as canonical JSON, to be sealed.

    Raises:
        SecretInRecord: a key names a secret.
        TooLarge: over `MAX_PERSONAL` bytes.
    """
    return _bounded(_scrub(dict(personal)), MAX_PERSONAL)


def _bounded(value: Json, cap: int) -> bytes:
    data = dumps(value)
    if len(data) > cap:
        raise TooLarge("record over its cap", max_bytes=cap)
    return data


@lru_cache(maxsize=1024)
def _names_a_secret(name: str) -> bool:
    return re.split(r"[^a-z]+", name.lower())[-1] in _SECRET_WORDS


def _scrub(value: Json) -> Json:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        for name in value:
            if _names_a_secret(name):
                raise SecretInRecord("a secret's name in an audit record", name=name)
        return {name: _scrub(inner) for name, inner in value.items()}
    return [_scrub(inner) for inner in value] if isinstance(value, list) else value
