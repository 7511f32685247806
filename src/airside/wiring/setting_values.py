"""Settings' values that have a form of their own."""

import re
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

from airside.core.secret import Secret
from airside.protocols.pins import MAX_PINS, is_pin

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


def limits_server(text: str) -> Secret[str]:
    """Where Valkey or Redis is: a scheme, a place, who comes, a database by number. Raises: ValueError."""
    remedy = "is no address such as rediss://user:password@host:6379/0 or unix:///folder/socket"
    try:
        parts = urlsplit(text_of(text))
        place = parts.path if parts.scheme == "unix" else parts.hostname and parts.port != 0
    except ValueError:
        raise ValueError(remedy) from None
    # A query could switch the check of the server's certificate off.
    lawful = parts.scheme in ("redis", "rediss", "unix") and bool(place) and not parts.query and not parts.fragment
    if not lawful or (parts.scheme != "unix" and not re.fullmatch(r"(/[0-9]{0,3})?", parts.path)):
        raise ValueError(remedy)
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


def traces_address(text: str) -> str:
    """Where traces go: https, or this very machine. Raises: ValueError."""
    remedy = "is no address such as https://collector.example.com:4318/v1/traces, or http://127.0.0.1:4318/v1/traces"
    try:
        parts = urlsplit(text_of(text))
        whole = bool(parts.hostname and parts.path) and parts.port != 0 and parts.username is None
    except ValueError:
        raise ValueError(remedy) from None
    here = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost")
    if not whole or parts.query or parts.fragment or not (here or parts.scheme == "https"):
        raise ValueError(remedy)
    return text.strip()


def service_url(text: str) -> str:
    """An https address without user or query. Raises: ValueError."""
    parts = urlsplit(text_of(text))
    if parts.scheme != "https" or not parts.hostname or parts.username is not None or parts.query or parts.fragment:
        raise ValueError("is an https address such as https://api.pwnedpasswords.com/range, without user or query")
    if parts.port is not None and not 0 < parts.port < 65536:
        raise ValueError("has no such port")
    return text.strip().rstrip("/")


def pins(text: str) -> tuple[str, ...]:
    """Different pins, separated by commas; with that of the key in use they fit one document. Raises: ValueError."""
    found = tuple(word.strip() for word in text_of(text).split(","))
    if not all(map(is_pin, found)):
        raise ValueError("is a list of SHA-256 in base64 as `airside pins make FILE` prints them, separated by commas")
    if len(set(found)) != len(found) or len(found) >= MAX_PINS:
        raise ValueError(f"names a pin twice, or more than {MAX_PINS - 1}")
    return found


def public_url(text: str) -> str:
    """An https origin, in lower case. Raises: ValueError."""
    parts = urlsplit(text_of(text))
    if parts.scheme != "https" or not parts.hostname or parts.username is not None or "*" in text:
        raise ValueError("is an https address such as https://id.example.com, without user, path or wildcard")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ValueError("is an origin: no path, query or fragment")
    if parts.port is not None and not 0 < parts.port < 65536:
        raise ValueError("has no such port")
    return f"https://{parts.netloc.lower()}"


def origin(text: str) -> str:
    """An https origin, as browsers write it. Raises: ValueError."""
    parts = urlsplit(text)
    if parts.scheme != "https" or not parts.hostname or text != f"https://{parts.netloc.lower()}":
        raise ValueError("is a list of https origins such as https://app.example.com, separated by commas")
    return text
