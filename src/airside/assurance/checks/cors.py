"""Which other sites' scripts may read answers (Fetch Standard, CORS protocol)."""

from collections.abc import Iterator, Mapping
from typing import Final

from airside.assurance.model import Check, Ids, Observation, Severity
from airside.assurance.site import Site
from airside.assurance.target import ELSEWHERE

AREA: Final = "other sites"
MAX_PATHS: Final = 6


def reads(headers: Mapping[str, str], origin: str) -> Iterator[str]:
    """What `headers` allow to a script of `origin`, which is nobody's."""
    allowed = headers.get("access-control-allow-origin", "")
    signed_in = headers.get("access-control-allow-credentials", "").lower() == "true"
    if allowed == origin:
        yield f"Access-Control-Allow-Origin: {origin}{' with credentials' if signed_in else ''}"
    elif allowed == "*" and signed_in:
        yield "Access-Control-Allow-Origin: * with credentials"


def everybody(headers: Mapping[str, str]) -> Iterator[str]:
    """Whether an answer to somebody in particular may be read by everybody's scripts."""
    if headers.get("access-control-allow-origin") == "*":
        yield "Access-Control-Allow-Origin: *"


def _paths(site: Site) -> list[str]:
    return list(dict.fromkeys([*site.protected, *(page.path for page in site.pages)]))[:MAX_PATHS]


async def _reflected(site: Site) -> list[Observation]:
    host = site.target.at.host
    origins = [f"https://{ELSEWHERE}", f"https://{host}.{ELSEWHERE}", f"https://x{host}", "null"]
    found: list[Observation] = []
    for path in _paths(site):
        for origin in origins:
            answer = await site.target.send("GET", path, headers={"origin": origin})
            found += [Observation(path, f"to Origin: {origin}: {text}") for text in reads(answer.headers, origin)]
    return found


async def _everybody(site: Site) -> list[Observation]:
    found: list[Observation] = []
    for path in site.protected:
        answer = await site.target.send("GET", path, headers={"origin": f"https://{ELSEWHERE}"})
        found += [Observation(path, text) for text in everybody(answer.headers)]
    for page in site.documents:
        found += [Observation(page.path, text) for text in everybody(page.answer.headers)]
    return found


CHECKS: Final = (
    Check(
        "cors-reflects",
        AREA,
        "No unknown site's scripts may read answers",
        "Any page that somebody visits while signed in reads their data here, in their name.",
        "Compare Origin with a list of exact origins; never echo it, never allow null.",
        Severity.HIGH,
        Ids(("API8",), ("A01", "A02"), ("v5.0.0-3.4.2",)),
        _reflected,
    ),
    Check(
        "cors-everybody",
        AREA,
        "Pages and protected addresses aren't open to every site's scripts",
        "What only the network protects is read from within it by a page that somebody there visits.",
        "Take Access-Control-Allow-Origin: * away from everything that isn't public data.",
        Severity.MEDIUM,
        Ids(("API8",), ("A01", "A02"), ("v5.0.0-3.4.2",)),
        _everybody,
    ),
)
