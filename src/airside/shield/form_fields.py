"""How many fields a form may have, counted while its body comes in, before a parser makes objects of them."""

import re
from typing import Final

from airside.core.errors import InvalidInput, TooLarge
from airside.shield.screen import Incoming

URL_ENCODED: Final = b"application/x-www-form-urlencoded"
MULTIPART: Final = b"multipart/form-data"
_BOUNDARY: Final = re.compile(rb'boundary\s*=\s*"?([^";,\s]{1,70})', re.IGNORECASE)
_SPELLED: Final = re.compile(rb"[\\*]")
"""What no boundary has (RFC 2046 §5.1.1), and parsers read as the spelling of something else: an escape, or a parameter
of RFC 2231."""


class FormFields:
    """The fields of one body, by what stands between them."""

    __slots__ = ("_between", "_left", "_tail")

    def __init__(self, between: bytes, most: int) -> None:
        self._between = between
        self._left = most
        self._tail = b""

    def count(self, chunk: bytes) -> None:
        """The next bytes of the body.

        Raises:
            TooLarge: they begin one field too many.
        """
        # What stands between two fields may come in two chunks.
        text = self._tail + chunk
        self._tail = text[max(0, len(text) - len(self._between) + 1) :]
        self._left -= text.count(self._between)
        if self._left < 0:
            raise TooLarge("form of too many fields")


def form_fields(headers: Incoming, most: int) -> FormFields | None:
    """What counts the fields of a body with these headers, of which there may be `most`; None where it is no form.

    Raises:
        InvalidInput: a multipart form that doesn't say what stands between its fields, or in two ways (RFC 7578 §4.1).
    """
    kind, _, parameters = headers.get(b"content-type", b"").partition(b";")
    kind = kind.strip().lower()
    if kind == URL_ENCODED:
        return FormFields(b"&", most - 1)
    if kind != MULTIPART:
        return None
    named = _BOUNDARY.findall(parameters)
    if len(named) != 1 or _SPELLED.search(parameters):
        raise InvalidInput("a form with one boundary is expected")
    return FormFields(b"--" + named[0], most + 1)  # one stands before the first, and one after the last
