"""PostgreSQL's text form of arrays, for lists of hundreds: the driver writes them element by element."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from airside.core.errors import InvalidInput

_BETWEEN: Final = "\0"
"""What no text of PostgreSQL contains."""


def text_array(values: Sequence[str]) -> str:
    """`text[]`, each value quoted.

    Raises:
        InvalidInput: U+0000 in a value.
    """
    if not values:
        return "{}"
    joined = _BETWEEN.join(values)
    if joined.count(_BETWEEN) >= len(values):
        raise InvalidInput("a character that can't be kept here")
    quoted = joined.replace("\\", "\\\\").replace('"', '\\"').replace(_BETWEEN, '","')
    return f'{{"{quoted}"}}'


def moment_array(values: Sequence[datetime | None]) -> str:
    """`timestamptz[]`. Rows of one transaction mostly share one moment, which is spelled once."""
    spelled: list[str] = []
    last, text = None, "NULL"
    for value in values:
        if value is not last:
            last, text = value, "NULL" if value is None else f'"{value.isoformat()}"'
        spelled.append(text)
    return "{" + ",".join(spelled) + "}"


def bytea_array(values: Sequence[bytes | None]) -> str:
    """`bytea[]`."""
    return "{" + ",".join("NULL" if value is None else f'"\\\\x{value.hex()}"' for value in values) + "}"


def uuid_array(values: Sequence[UUID]) -> str:
    """`uuid[]`, without hyphens."""
    return "{" + ",".join([f"{value.int:032x}" for value in values]) + "}"
