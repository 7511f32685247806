"""Cookies as they are set (RFC 6265bis)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from airside.assurance.checks.pages import on_answers
from airside.assurance.model import Check, Ids, Severity
from airside.assurance.site import Page

AREA: Final = "cookies"


@dataclass(frozen=True, slots=True)
class Cookie:
    """One `Set-Cookie`, without its value: attributes by name, lower-case."""

    name: str
    attributes: dict[str, str]
    deleted: bool


def parse(line: str) -> Cookie:
    """The cookie that `line` sets."""
    first, *rest = line.split(";")
    pairs = [part.partition("=") for part in rest]
    attributes = {name.strip().lower(): value.strip() for name, _, value in pairs}
    name, _, value = first.partition("=")
    gone = attributes.get("max-age", "").startswith(("0", "-")) or (not value.strip('" ') and "expires" in attributes)
    return Cookie(name.strip(), attributes, gone)


def secure(cookie: Cookie) -> Iterator[str]:
    """Whether it goes out in plain."""
    if "secure" not in cookie.attributes:
        yield f"{cookie.name} without Secure"


def http_only(cookie: Cookie) -> Iterator[str]:
    """Whether scripts read it."""
    if "httponly" not in cookie.attributes:
        yield f"{cookie.name} without HttpOnly"


def same_site(cookie: Cookie) -> Iterator[str]:
    """Whether requests that other sites cause carry it."""
    value = cookie.attributes.get("samesite", "")
    if value.lower() not in ("lax", "strict"):
        yield f"{cookie.name} with SameSite={value}" if value else f"{cookie.name} without SameSite"


def prefix(cookie: Cookie) -> Iterator[str]:
    """Whether a neighbour under the same domain can set it."""
    bound = cookie.attributes.get("path") == "/" and "domain" not in cookie.attributes
    if not cookie.name.startswith("__Host-"):
        yield f"{cookie.name} without the __Host- prefix"
    elif not bound:
        yield f"{cookie.name} has the __Host- prefix but not Path=/ alone: browsers refuse it"


def _of(judge: Callable[[Cookie], Iterator[str]]) -> Callable[[Page], Iterator[str]]:
    def look(page: Page) -> Iterator[str]:
        for line in page.answer.cookies:
            cookie = parse(line)
            if not cookie.deleted:
                yield from judge(cookie)

    return look


CHECKS: Final = (
    Check(
        "cookie-secure",
        AREA,
        "Cookies travel by HTTPS alone",
        "One plain request to the same host shows the cookie to everybody on the way.",
        "Add Secure to every cookie.",
        Severity.HIGH,
        Ids(("API2", "API8"), ("A02", "A04"), ("v5.0.0-3.3.1",)),
        on_answers(_of(secure)),
    ),
    Check(
        "cookie-httponly",
        AREA,
        "Scripts can't read cookies",
        "An injected script takes the session away and uses it elsewhere.",
        "Add HttpOnly to every cookie that no script of yours has to read.",
        Severity.MEDIUM,
        Ids(("API2", "API8"), ("A02",), ("v5.0.0-3.3.4",)),
        on_answers(_of(http_only)),
    ),
    Check(
        "cookie-samesite",
        AREA,
        "Requests from other sites don't carry cookies",
        "Another site makes the browser act in its user's name.",
        "Add SameSite=Strict, or Lax where links from outside must arrive signed in.",
        Severity.MEDIUM,
        Ids(("API8",), ("A01", "A02"), ("v5.0.0-3.3.2",)),
        on_answers(_of(same_site)),
    ),
    Check(
        "cookie-prefix",
        AREA,
        "No neighbour under the same domain can set the cookies",
        "A subdomain that is taken over, or a plain connection, plants a session of the attacker's.",
        "Name cookies __Host-…, with Secure, Path=/ and no Domain.",
        Severity.LOW,
        Ids(("API8",), ("A02",), ("v5.0.0-3.3.3",)),
        on_answers(_of(prefix)),
    ),
)
