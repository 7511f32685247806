"""Requests that nobody should make: odd methods, hosts and parameters, and what breaks a parser."""

import re
from typing import Final
from urllib.parse import urlencode, urlsplit

from airside.assurance.model import Check, Ids, Observation, Severity
from airside.assurance.site import Site, left_alone
from airside.assurance.target import ELSEWHERE
from airside.fetch import Fetched, Unavailable

AREA: Final = "requests"
MAX_PATHS: Final = 5
MARK: Final = "x7q"
_REDIRECTS: Final = (
    "next", "url", "redirect", "redirect_url", "redirect_uri", "return", "return_to", "returnTo", "returnUrl",
    "continue", "goto", "dest", "destination", "target", "rurl", "forward",
)  # fmt: skip
_INPUTS: Final = ("q", "query", "search", "s", "name", "message", "error", "id", "page", "lang", "email")
_TRACES: Final = {
    "a Python traceback": re.compile(rb"Traceback \(most recent call last\)|File &quot;|File \"[^\"]+\.py\", line \d+"),
    "a Java stack trace": re.compile(rb"\bat [\w$.]+\([\w$]+\.java:\d+\)|java\.lang\.\w+(?:Exception|Error)"),
    "a .NET stack trace": re.compile(rb"\bat [\w.]+\(.*\) in .+\.cs:line \d+|Server Error in '/' Application"),
    "a JavaScript stack trace": re.compile(rb"\bat .+ \(?(?:/|file:|node:)[^\s)]+:\d+:\d+\)?"),
    "a PHP error": re.compile(rb"(?:Fatal error|Warning|Parse error)</b>:|PHP (?:Fatal|Parse) error"),
    "a Ruby or Go trace": re.compile(rb"\.rb:\d+:in [`']|goroutine \d+ \["),
    "an error of the database": re.compile(
        rb"SQLSTATE\[|psycopg\.|syntax error at or near|ORA-\d{5}|You have an error in your SQL syntax|"
        rb"sqlite3\.OperationalError|SQLite/JDBCDriver|Unclosed quotation mark"
    ),
    "a debugging page": re.compile(rb"Werkzeug Debugger|You're seeing this error because you have <code>DEBUG"),
}


def traces(answer: Fetched) -> list[str]:
    """What `answer` tells of the inside."""
    return [name for name, pattern in _TRACES.items() if pattern.search(answer.body)]


def _paths(site: Site) -> list[str]:
    plain = [page.path.partition("?")[0] for page in site.pages]
    return list(dict.fromkeys([*plain, *site.protected]))[:MAX_PATHS]


async def _provoked(site: Site) -> list[tuple[str, Fetched]]:
    """Answers to what breaks careless parsers; each asked once for all checks."""
    answers: list[tuple[str, Fetched]] = []
    for path in _paths(site):
        for odd in (f"{path}?id=%27%22&page[]=1", f"{path}?id=%00", f"{path.rstrip('/')}/%ff%c0%ae"):
            answers.append((odd, await site.target.get(odd)))
        broken = {"content-type": "application/json"}
        answers.append((path, await site.target.send("POST", path, headers=broken, content=b'{"a":')))
    return answers


async def _verbose(site: Site) -> list[Observation]:
    found = [(path, trace) for path, answer in await _provoked(site) for trace in traces(answer)]
    return [Observation(path, f"the answer shows {trace}") for path, trace in found]


async def _unhandled(site: Site) -> list[Observation]:
    provoked = await _provoked(site)
    return [
        Observation(path, f"{answer.status} to broken input")
        for path, answer in provoked
        if answer.status in (500, 502)
    ]


async def _methods(site: Site) -> list[Observation]:
    found: list[Observation] = []
    for path in _paths(site):
        trace = await site.target.send("TRACE", path, headers={"x-airside": MARK})
        if trace.status == 200 and MARK.encode() in trace.body:
            found.append(Observation(path, "TRACE sends the request back"))
        unknown = await site.target.send("AIRSIDE", path)
        if 200 <= unknown.status < 300:
            found.append(Observation(path, f"{unknown.status} to the method AIRSIDE, which nobody has"))
    return found


def _led(answer: Fetched) -> bool:
    location = answer.headers.get("location", "")
    return ELSEWHERE in location or ELSEWHERE.encode() in answer.body


async def _hosts(site: Site) -> list[Observation]:
    found: list[Observation] = []
    for path in _paths(site):
        try:
            answer = await site.target.as_host(ELSEWHERE, path)
        except Unavailable:
            continue  # no TLS, or nothing at all, for a name that isn't served
        if _led(answer):
            found.append(Observation(path, f"Host: {ELSEWHERE} comes back in the answer"))
    return found


async def _forwarded(site: Site) -> list[Observation]:
    named = {"x-forwarded-host": ELSEWHERE, "forwarded": f"host={ELSEWHERE}"}
    answers = [(path, await site.target.send("GET", path, headers=named)) for path in _paths(site)]
    return [
        Observation(path, f"X-Forwarded-Host: {ELSEWHERE} comes back in the answer")
        for path, answer in answers
        if _led(answer)
    ]


def leads_away(location: str) -> bool:
    """Whether a browser that is sent to `location` ends up at the stranger's host: backslashes and doubled slashes
    count as it reads them (WHATWG URL)."""
    plain = location.strip().replace("\\", "/")
    plain = f"//{plain.lstrip('/')}" if plain.startswith("//") else plain
    try:
        host = urlsplit(plain).hostname or ""
    except ValueError:
        return False
    return host == ELSEWHERE


async def _redirects(site: Site) -> list[Observation]:
    found: list[Observation] = []
    paths = dict.fromkeys(page.path.partition("?")[0] for page in site.answers)
    for path in list(paths)[:MAX_PATHS]:
        for aim in (f"https://{ELSEWHERE}/", f"//{ELSEWHERE}/", f"/\\{ELSEWHERE}/"):
            answer = await site.target.get(f"{path}?{urlencode(dict.fromkeys(_REDIRECTS, aim))}")
            if 300 <= answer.status < 400 and leads_away(answer.headers.get("location", "")):
                found.append(Observation(path, f"{answer.status} to {answer.headers['location']}, as a parameter said"))
                break
    return found


def _asked(site: Site) -> list[tuple[str, list[str]]]:
    """Paths that show pages, with what their forms ask for by GET."""
    asked: dict[str, list[str]] = {page.path.partition("?")[0]: [] for page in site.documents[:MAX_PATHS]}
    for page in site.documents:
        for form in page.document.forms if page.document is not None else ():
            path = site.target.path_of(form.action or page.path, page.path)
            if form.method == "GET" and path is not None and not left_alone(path, form):
                asked.setdefault(path.partition("?")[0], []).extend(field.name for field in form.fields)
    return list(asked.items())[: 2 * MAX_PATHS]


async def _reflected(site: Site) -> list[Observation]:
    found: list[Observation] = []
    for path, names in _asked(site):
        query = urlencode(dict.fromkeys([*names, *_INPUTS], f"airside\"'<{MARK}>"))
        answer = await site.target.get(f"{path}?{query}")
        html = answer.headers.get("content-type", "").lower().startswith("text/html")
        if html and f"<{MARK}>".encode() in answer.body:
            found.append(Observation(path, f"a parameter comes back as markup: <{MARK}>"))
    return found


CHECKS: Final = (
    Check(
        "verbose-errors",
        AREA,
        "Errors say nothing of the inside",
        "Traces name files, tables, versions and sometimes secrets: a map for whoever comes next.",
        "Answer errors with one general text and a request id; keep the rest in the log. Debug modes off.",
        Severity.MEDIUM,
        Ids(("API8",), ("A02", "A10"), ("v5.0.0-16.5.1",)),
        _verbose,
    ),
    Check(
        "unhandled-errors",
        AREA,
        "Broken input is refused, not stumbled over",
        "Whatever isn't foreseen fails somewhere in the middle, and sometimes open.",
        "Validate before use, and answer 400 or 422.",
        Severity.LOW,
        Ids(("API8",), ("A10",)),
        _unhandled,
    ),
    Check(
        "methods",
        AREA,
        "Methods that nobody uses are refused",
        "TRACE shows cookies to scripts that can't read them; what takes any method skips rules made for POST.",
        "List the methods of each route; answer 405 to the rest and to TRACE.",
        Severity.LOW,
        Ids(("API8",), ("A02",), ("v5.0.0-4.1.4", "v5.0.0-13.4.4")),
        _methods,
    ),
    Check(
        "host-header",
        AREA,
        "A host that isn't ours is refused",
        "Links in mails and pages lead to the attacker, with reset tokens in them; caches keep it for everybody.",
        "Serve a list of exact hosts, and answer 421 to others; make links from a setting.",
        Severity.MEDIUM,
        Ids(("API8",), ("A02", "A05")),
        _hosts,
    ),
    Check(
        "forwarded-host",
        AREA,
        "Nobody but our own proxy says which host was asked for",
        "A header that anybody can send decides where links lead.",
        "Believe X-Forwarded-… from the proxy's own addresses only, and have it overwrite them.",
        Severity.MEDIUM,
        Ids(("API8",), ("A02",), ("v5.0.0-4.1.3",)),
        _forwarded,
    ),
    Check(
        "open-redirect",
        AREA,
        "Parameters don't lead to other sites",
        "A link to this site that ends elsewhere is what a phishing mail needs; it also carries codes away.",
        "Redirect to local paths only, or to a list.",
        Severity.MEDIUM,
        Ids(("API8",), ("A01",), ("v5.0.0-3.7.2",)),
        _redirects,
    ),
    Check(
        "reflected-input",
        AREA,
        "Parameters don't come back as markup",
        "A link is enough to run a stranger's script as whoever follows it (cross-site scripting).",
        "Escape by context, with a template engine that does it always.",
        Severity.HIGH,
        Ids(("API8",), ("A05",), ("v5.0.0-1.2.1",)),
        _reflected,
    ),
)
