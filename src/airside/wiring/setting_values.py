"""Settings' values that have a form of their own."""

import re
from datetime import timedelta
from typing import Final

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from airside.core.secret import Secret

_UNITS: Final = {"m": "minutes", "h": "hours", "d": "days"}
_LEAST, _MOST = timedelta(minutes=10), timedelta(days=366)


def text_of(text: str) -> str:
    """Printable, and not empty. Raises: ValueError."""
    if not text.strip() or not text.isprintable():
        raise ValueError("is empty or has control characters")
    return text.strip()


def database(text: str) -> Secret[str]:
    """A connection string that names who comes, and to which database. Raises: ValueError."""
    try:
        parts = conninfo_to_dict(text_of(text))
    except ProgrammingError:
        raise ValueError("is no PostgreSQL connection string: postgresql://role@host/database") from None
    if not parts.get("user") or not parts.get("dbname"):
        raise ValueError("must name a role and a database: postgresql://role@host/database")
    return Secret(text.strip())


def duration_or_off(text: str) -> timedelta | None:
    """`10m`, `6h`, `1d`; None for `off`. Raises: ValueError."""
    if text == "off":
        return None
    found = re.fullmatch(r"([0-9]{1,6})([mhd])", text)
    wanted = timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else timedelta(0)
    if not _LEAST <= wanted <= _MOST:
        raise ValueError("is a time from 10m to 366d, such as 6h or 1d, or off")
    return wanted
