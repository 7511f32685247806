"""Response headers that tell a browser what it may not do."""

import re
from collections.abc import Iterator
from typing import Final

from airside.assurance.checks.csp import ancestors, of_page
from airside.assurance.checks.pages import merged, on_answers, on_documents
from airside.assurance.model import Check, Ids, NotApplicable, Observation, Severity
from airside.assurance.site import Page, Site

AREA: Final = "headers"
YEAR: Final = 365 * 24 * 3600  # seconds
MAX_DIGITS: Final = 12
"""So many digits of seconds, without leading noughts, are enough to be over a year."""
_REFERRERS: Final = frozenset(
    {"no-referrer", "same-origin", "strict-origin", "strict-origin-when-cross-origin", "origin"}
)
_VERSION: Final = re.compile(r"\d+\.\d+")
_BANNERS: Final = ("server", "x-powered-by", "x-aspnet-version", "x-aspnetmvc-version", "x-generator", "x-runtime")


def hsts(value: str | None) -> Iterator[str]:
    """What is wrong with a `Strict-Transport-Security` (RFC 6797 §6.1)."""
    if value is None:
        yield "no Strict-Transport-Security"
        return
    words = [word.strip().lower() for word in value.split(";")]
    age = next((word.partition("=")[2].strip('" ').lstrip("0") for word in words if word.startswith("max-age")), "")
    seconds = int(age[:MAX_DIGITS]) if age.isascii() and age.isdigit() else 0
    if seconds < YEAR:
        yield f"Strict-Transport-Security: {value}: max-age is under a year"
    if "includesubdomains" not in words:
        yield f"Strict-Transport-Security: {value}: without includeSubDomains"


async def _hsts(site: Site) -> list[Observation]:
    if site.target.at.scheme != "https":
        raise NotApplicable("the target isn't https, which a check of its own says")
    return merged(site.answers, lambda page: hsts(page.answer.headers.get("strict-transport-security")))


def nosniff(page: Page) -> Iterator[str]:
    """Whether a browser may guess what it got."""
    value = page.answer.headers.get("x-content-type-options")
    if page.answer.body and (value or "").strip().lower() != "nosniff":
        yield f"X-Content-Type-Options: {value}" if value else "no X-Content-Type-Options"


def framing(page: Page) -> Iterator[str]:
    """Whether any site may show the page in a frame."""
    for text in ancestors(of_page(page)):
        alone = text.startswith("no ") and "x-frame-options" in page.answer.headers
        yield f"{text}, X-Frame-Options alone" if alone else text


def referrer(page: Page) -> Iterator[str]:
    """Whether addresses of this site reach others in full."""
    value = page.answer.headers.get("referrer-policy", "")
    # The last word that a browser knows is the one it obeys (Referrer Policy §11.1).
    last = value.split(",")[-1].strip().lower()
    if last not in _REFERRERS:
        yield f"Referrer-Policy: {value}" if value else "no Referrer-Policy"


def permissions(page: Page) -> Iterator[str]:
    """Whether camera, microphone and the like are left to whatever runs in the page."""
    value = page.answer.headers.get("permissions-policy", "")
    if not value or re.search(r"=\s*\*|=\s*\(\s*\*", value):
        yield f"Permissions-Policy: {value}" if value else "no Permissions-Policy"


def opener(page: Page) -> Iterator[str]:
    """Whether a page that opened this one keeps a hand on it."""
    value = page.answer.headers.get("cross-origin-opener-policy", "")
    if value.partition(";")[0].strip() not in ("same-origin", "same-origin-allow-popups", "noopener-allow-popups"):
        yield f"Cross-Origin-Opener-Policy: {value}" if value else "no Cross-Origin-Opener-Policy"


def banner(page: Page) -> Iterator[str]:
    """What the server tells of its make."""
    for name in _BANNERS:
        value = page.answer.headers.get(name, "")
        if value and (name != "server" or _VERSION.search(value)):
            yield f"{name}: {value}"


def caching(page: Page) -> Iterator[str]:
    """Whether what was made for one person may be kept for the next."""
    value = page.answer.headers.get("cache-control", "").lower()
    if page.answer.cookies and not {"no-store", "private"} & {word.strip() for word in value.split(",")}:
        yield f"sets a cookie with Cache-Control: {value or 'nothing'}"


CHECKS: Final = (
    Check(
        "hsts",
        AREA,
        "Browsers are told to come by HTTPS alone, for a year or more, subdomains too",
        "The first request of each visit goes out in plain, where anybody on the way can answer it.",
        "Send Strict-Transport-Security: max-age=63072000; includeSubDomains on every answer.",
        Severity.MEDIUM,
        Ids(("API8",), ("A02",), ("v5.0.0-3.4.1",)),
        _hsts,
    ),
    Check(
        "nosniff",
        AREA,
        "Browsers don't guess the type of what they get",
        "An upload or a piece of JSON that looks like a script is run as one.",
        "Send X-Content-Type-Options: nosniff on every answer.",
        Severity.LOW,
        Ids(("API8",), ("A02",), ("v5.0.0-3.4.4",)),
        on_answers(nosniff),
    ),
    Check(
        "framing",
        AREA,
        "Other sites can't show the pages in a frame",
        "A page laid invisibly over another collects clicks that its user meant for something else.",
        "Send Content-Security-Policy: frame-ancestors 'none' (and X-Frame-Options: DENY for old browsers).",
        Severity.MEDIUM,
        Ids(("API8",), ("A02",), ("v5.0.0-3.4.6",)),
        on_documents(framing),
    ),
    Check(
        "referrer",
        AREA,
        "Addresses with their queries stay on this site",
        "Whatever stands in an address (a code, a search, a name) is sent to every site that a page links to.",
        "Send Referrer-Policy: same-origin, or strict-origin-when-cross-origin.",
        Severity.LOW,
        Ids(("API8",), ("A02",), ("v5.0.0-3.4.5",)),
        on_documents(referrer),
    ),
    Check(
        "permissions-policy",
        AREA,
        "Browser features that nobody needs are off",
        "A script that gets into the page may ask for camera, microphone and place in this site's name.",
        "Send Permissions-Policy: camera=(), geolocation=(), microphone=() and so on for what isn't used.",
        Severity.LOW,
        Ids(("API8",), ("A02",)),
        on_documents(permissions),
    ),
    Check(
        "opener",
        AREA,
        "Pages that open this one have no hold on it",
        "A foreign page keeps a reference to this window, and can lead it elsewhere or measure what it does.",
        "Send Cross-Origin-Opener-Policy: same-origin with every page.",
        Severity.LOW,
        Ids(("API8",), ("A02",), ("v5.0.0-3.4.8",)),
        on_documents(opener),
    ),
    Check(
        "banner",
        AREA,
        "The server doesn't tell its make and version",
        "Whoever scans for a weakness of one version is told where to find it.",
        "Take version numbers out of Server, and X-Powered-By away.",
        Severity.LOW,
        Ids(("API8",), ("A02",), ("v5.0.0-13.4.6",)),
        on_answers(banner),
    ),
    Check(
        "caching",
        AREA,
        "What is made for one person isn't kept for the next",
        "A cache on the way, or the next person at the same browser, is given somebody else's page or cookie.",
        "Send Cache-Control: no-store with every answer that sets a cookie or shows what is somebody's.",
        Severity.MEDIUM,
        Ids(("API8",), ("A02",), ("v5.0.0-14.3.2",)),
        on_answers(caching),
    ),
)
