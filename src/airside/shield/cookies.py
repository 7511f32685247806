"""Cookies that can't be planted from a sibling host or over plain HTTP: `__Host-` only (RFC 6265bis §4.1.3.2)."""

import string
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from airside.core.errors import InvalidInput

MAX_HEADER: Final = 8 * 1024
MAX_COOKIES: Final = 64
MAX_VALUE: Final = 3 * 1024
PREFIX: Final = "__Host-"
_NAME: Final = frozenset(string.ascii_letters + string.digits + "!#$%&'*+-.^_`|~")
_VALUE: Final = frozenset(chr(code) for code in range(0x21, 0x7F)) - set('",;\\')

SameSite = Literal["Lax", "Strict"]


@dataclass(frozen=True, slots=True)
class HostCookie:
    """A cookie of this host alone. `max_age` in seconds; without it the cookie ends with the browser session.

    `Secure`, `HttpOnly` and `Path=/` aren't choices.
    """

    name: str
    value: str
    same_site: SameSite
    max_age: int | None = None

    def __post_init__(self) -> None:
        if not self.name.startswith(PREFIX) or not set(self.name) <= _NAME:
            raise InvalidInput("a cookie name that isn't a __Host- token", name=self.name)
        if len(self.value) > MAX_VALUE or not set(self.value) <= _VALUE:
            raise InvalidInput("a cookie value over its cap or alphabet", name=self.name)

    def render(self) -> str:
        """The value of a Set-Cookie header."""
        age = "" if self.max_age is None else f"; Max-Age={self.max_age}"
        return f"{self.name}={self.value}; Path=/; Secure; HttpOnly; SameSite={self.same_site}{age}"


def expired(name: str, same_site: SameSite) -> HostCookie:
    """The cookie that makes a browser forget `name`."""
    return HostCookie(name, "", same_site, 0)


def hardened(line: bytes, *, secure: bool, script_cookies: frozenset[str]) -> bytes:
    """The Set-Cookie value `line` with what an application left out: Secure where `secure`, HttpOnly unless its name is
    one of `script_cookies`, SameSite=Lax. What it says stays as it is."""
    pair, *attributes = line.split(b";")
    said = {attribute.partition(b"=")[0].strip().lower() for attribute in attributes}
    name = pair.partition(b"=")[0].strip().decode("latin-1")
    if secure and b"secure" not in said:
        line += b"; Secure"
    if b"httponly" not in said and name not in script_cookies:
        line += b"; HttpOnly"
    return line if b"samesite" in said else line + b"; SameSite=Lax"


def parse(headers: Sequence[bytes]) -> dict[str, str]:
    """What the Cookie headers of one request carry. HTTP/2 may split them into several (RFC 9113 §8.2.3).

    Other people's cookies that don't follow the grammar are left out; of a name that isn't ours the first wins.

    Raises:
        InvalidInput: over `MAX_HEADER` bytes or `MAX_COOKIES` cookies, or the same `__Host-` name twice: one of
            the two was planted, and it isn't known which.
    """
    if sum(len(header) for header in headers) > MAX_HEADER:
        raise InvalidInput("cookies over their cap", max_bytes=MAX_HEADER)
    pairs = [pair.strip(" \t") for header in headers for pair in header.decode("latin-1").split(";")]
    if len(pairs) > MAX_COOKIES:
        raise InvalidInput("cookies over their cap", max_cookies=MAX_COOKIES)
    cookies: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name or not set(name) <= _NAME or not set(value) <= _VALUE:
            continue
        if name not in cookies:
            cookies[name] = value
        elif name.lower().startswith(PREFIX.lower()):
            raise InvalidInput("the same cookie twice", name=name)
    return cookies
