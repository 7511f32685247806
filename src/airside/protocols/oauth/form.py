"""application/x-www-form-urlencoded, read strictly: each parameter at most once (RFC 6749 §3.1, §3.2).

Two names alone may come several times: `resource` (RFC 8707 §2) and `audience` (RFC 8693 §2.1). Their values hold no
space, and are given back as one text with spaces between them.
"""

import re
from typing import Final
from urllib.parse import unquote_to_bytes

from airside.core.errors import InvalidInput, TooLarge

MAX_FORM: Final = 64 * 1024
MAX_FIELDS: Final = 64
REPEATABLE: Final = frozenset({"resource", "audience"})
_ESCAPE: Final = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_FOREIGN: Final = re.compile(rb"[^\x21-\x7e]")
_SPACE: Final = re.compile(r"\s")
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class MalformedForm(InvalidInput):
    """Not spelled as the media type demands, or with a parameter twice."""


def parse_form(body: bytes, *, max_bytes: int = MAX_FORM) -> dict[str, str]:
    """The parameters of a body or query string. One without a value counts as not sent (RFC 6749 §3.1), but it
    still counts as a repetition.

    Raises:
        TooLarge: more than `max_bytes`.
        MalformedForm: a parameter twice that isn't `REPEATABLE`, too many, no name, a broken escape, not UTF-8, a
            control character, or a space in what is `REPEATABLE`.
    """
    if len(body) > max_bytes:
        raise TooLarge("form over its cap", max_bytes=max_bytes)
    fields = body.split(b"&", MAX_FIELDS) if body else []
    if len(fields) > MAX_FIELDS or _FOREIGN.search(body) or (b"%" in body and _ESCAPE.search(body)):
        raise MalformedForm("malformed form")
    result: dict[str, str] = {}
    for field in fields:
        name, _, value = (unquote_form(part) for part in field.partition(b"="))
        if name in REPEATABLE:
            result[name] = _beside(result.get(name, ""), value)
            continue
        if not name or name in result:
            raise MalformedForm("a parameter is repeated or has no name")
        result[name] = value
    return {name: value for name, value in result.items() if value}


def _beside(before: str, value: str) -> str:
    if _SPACE.search(value):
        raise MalformedForm("a space where several values are told apart by spaces")
    return f"{before} {value}".strip(" ")


def unquote_form(text: bytes) -> str:
    """`+` is a space, `%XX` a byte of UTF-8.

    Raises:
        MalformedForm: not UTF-8, or a control character other than tab and line breaks.
    """
    try:
        quoted = b"%" in text or b"+" in text  # ids and tokens, the longest of all, never are
        value = (unquote_to_bytes(text.replace(b"+", b" ")) if quoted else text).decode()
    except UnicodeDecodeError:
        raise MalformedForm("malformed form") from None
    if _CONTROL.search(value):
        raise MalformedForm("control character in a form")
    return value
