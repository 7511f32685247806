"""What pages are made of."""

import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from airside.assurance.checks.pages import on_documents
from airside.assurance.model import Check, Ids, NotApplicable, Observation, Severity
from airside.assurance.site import Page, Site

AREA: Final = "pages"


def charset(page: Page) -> Iterator[str]:
    """Whether a browser has to guess the encoding."""
    kind = page.answer.headers.get("content-type", "")
    if not re.search(r"charset\s*=", kind, re.IGNORECASE):
        yield f"Content-Type: {kind} without charset"


async def _mixed(site: Site) -> list[Observation]:
    if site.target.at.scheme != "https":
        raise NotApplicable("the target isn't https, which a check of its own says")
    found: list[Observation] = []
    for page in site.documents:
        for resource in page.document.resources if page.document is not None else ():
            if resource.url.lower().startswith("http:"):
                found.append(Observation(page.path, f"loads {resource.url}"))
    return found


async def _integrity(site: Site) -> list[Observation]:
    found: list[Observation] = []
    for page in site.documents:
        for resource in page.document.resources if page.document is not None else ():
            away = bool(urlsplit(resource.url).netloc) and site.target.path_of(resource.url, page.path) is None
            framed = resource.url and not resource.active
            if away and not framed and not resource.integrity:
                found.append(Observation(page.path, f"loads {resource.url} without integrity"))
    return found


CHECKS: Final = (
    Check(
        "mixed-content",
        AREA,
        "Pages load nothing in plain",
        "Whoever is on the way changes what the page shows, or what it does.",
        "Load everything by https://, or by relative addresses.",
        Severity.MEDIUM,
        Ids(("API8",), ("A04",), ("v5.0.0-12.2.1",)),
        _mixed,
    ),
    Check(
        "integrity",
        AREA,
        "Scripts and styles from elsewhere are held to their hash",
        "Whoever takes over the other site, or its name, runs scripts in every page here.",
        'Serve them yourself, or add integrity="sha384-…" crossorigin="anonymous".',
        Severity.LOW,
        Ids(("API8",), ("A03", "A08"), ("v5.0.0-3.6.1",)),
        _integrity,
    ),
    Check(
        "charset",
        AREA,
        "Pages say their encoding",
        "A browser that guesses can be led to read harmless bytes as markup.",
        "Send Content-Type: text/html; charset=utf-8.",
        Severity.LOW,
        Ids(("API8",), ("A02",), ("v5.0.0-4.1.1",)),
        on_documents(charset),
    ),
)
