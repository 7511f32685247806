"""What shouldn't be reachable at all: sources, secrets, debugging, monitoring, documentation, listings."""

import json
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final
from urllib.parse import urlsplit

from airside.assurance.model import Check, Ids, Observation, Severity
from airside.assurance.site import Site, json_object
from airside.core.errors import Refusal
from airside.fetch import OverCap

AREA: Final = "exposure"
# A path alone proves nothing, for many sites answer everything with 200: what it holds has to look like it.
SOURCES: Final = {
    "/.git/HEAD": rb"\Aref: refs/|\A[0-9a-f]{40}\s*\Z",
    "/.git/config": rb"\[core\]",
    "/.svn/entries": rb"\A\d+\s",
    "/.hg/requires": rb"\Arevlogv1|\Adotencode|\Ashare-safe",
}
SECRETS: Final = {
    "/.env": rb"(?m)^[ \t]*(?:export )?[A-Z][A-Z0-9_]+=",
    "/.env.production": rb"(?m)^[ \t]*(?:export )?[A-Z][A-Z0-9_]+=",
    "/.aws/credentials": rb"aws_secret_access_key",
    "/.htpasswd": rb"(?m)^[^:\s<]+:(?:\$|\{SHA\})",
    "/id_rsa": rb"PRIVATE KEY-----",
    "/backup.sql": rb"(?i)CREATE TABLE|INSERT INTO|PostgreSQL database dump",
    "/dump.sql": rb"(?i)CREATE TABLE|INSERT INTO|PostgreSQL database dump",
    "/wp-config.php.bak": rb"DB_PASSWORD",
}
DEBUGGING: Final = {
    "/console": rb"Werkzeug|Interactive Console",
    "/__debug__/": rb"(?i)debug toolbar|djdt",
    "/debug/pprof/": rb"Types of profiles available|/debug/pprof/",
    "/actuator/env": rb"propertySources",
    "/_profiler/": rb"Symfony Profiler",
    "/phpinfo.php": rb"phpinfo\(\)|PHP Version",
    "/rails/info/properties": rb"Rails version",
}
MONITORING: Final = {
    "/metrics": rb"(?m)^# (?:HELP|TYPE) ",
    "/actuator": rb"\"_links\"",
    "/server-status": rb"Apache Server Status",
    "/nginx_status": rb"Active connections:",
    "/debug/vars": rb"\"memstats\"",
}
DOCUMENTS: Final = {
    "/openapi.json": rb"\"openapi\"\s*:",
    "/swagger.json": rb"\"swagger\"\s*:|\"openapi\"\s*:",
    "/docs": rb"swagger-ui|SwaggerUIBundle",
    "/redoc": rb"redoc",
    "/swagger-ui/": rb"swagger-ui",
    "/v3/api-docs": rb"\"openapi\"\s*:",
}
_MARKUP: Final = re.compile(rb"(?:\xef\xbb\xbf)?\s*<[!a-zA-Z]")
LISTING: Final = re.compile(rb"<title>(?:Index of /|Directory listing for )|<h1>Directory listing", re.IGNORECASE)
GRAPHQL: Final = ("/graphql", "/api/graphql", "/v1/graphql", "/query")
_INTROSPECTION: Final = json.dumps({"query": "{__schema{queryType{name}}}"}).encode()


def _at(places: Mapping[str, bytes], *, files: bool = False) -> Callable[[Site], Awaitable[Sequence[Observation]]]:
    """A check that looks whether anything stands at `places` that holds what it is known for. `files` are never markup:
    that is an application's one page for every address, whatever a script in it holds."""

    async def look(site: Site) -> Sequence[Observation]:
        found: list[Observation] = []
        unseen: list[Refusal] = []
        for path, holds in places.items():
            size = ""
            try:
                answer = await site.target.get(path)
            except OverCap as over:  # as dumps are; what they are stands at their beginning
                answer, size = over.begun, "more than "
            except Refusal as refusal:
                unseen.append(refusal)  # what stands at the others is told all the same
                continue
            known = re.search(holds, answer.body) is not None and not (files and _MARKUP.match(answer.body))
            if answer.status == 200 and known:
                found.append(Observation(path, f"200, {size}{len(answer.body)} bytes of what it is known for"))
        if unseen and not found:
            raise unseen[0]
        return found

    return look


def _folders(site: Site) -> list[str]:
    """The folders from which pages load: where a listing would be."""
    found = {"/": None}
    for page in site.documents:
        for resource in page.document.resources if page.document is not None else ():
            path = site.target.path_of(resource.url, page.path)
            if path is not None:
                found[f"{urlsplit(path).path.rpartition('/')[0]}/"] = None
    return list(found)[:8]


async def _listings(site: Site) -> list[Observation]:
    answers = [(path, await site.target.get(path)) for path in _folders(site)]
    return [Observation(path, "a list of files") for path, answer in answers if LISTING.search(answer.body)]


async def _graphql(site: Site) -> list[Observation]:
    found: list[Observation] = []
    for path in GRAPHQL:
        headers = {"content-type": "application/json"}
        answer = await site.target.send("POST", path, headers=headers, content=_INTROSPECTION)
        data = (json_object(answer) or {}).get("data")
        if answer.status == 200 and isinstance(data, dict) and "__schema" in data:
            found.append(Observation(path, "GraphQL tells its schema to anybody who asks"))
    return found


CHECKS: Final = (
    Check(
        "exposed-sources",
        AREA,
        "The source's history isn't served",
        "The whole code, with whatever secret was ever in it, can be taken away.",
        "Serve a folder that holds only what is public; deny paths that begin with a dot.",
        Severity.HIGH,
        Ids(("API8", "API9"), ("A02",), ("v5.0.0-13.4.1",)),
        _at(SOURCES, files=True),
    ),
    Check(
        "exposed-secrets",
        AREA,
        "No file with secrets or data is served",
        "Passwords of the database, keys and whole dumps are looked for by every scanner, every day.",
        "Move them out of the served folder, and change every secret that was in them.",
        Severity.CRITICAL,
        Ids(("API8", "API9"), ("A02", "A04"), ("v5.0.0-13.4.7",)),
        _at(SECRETS, files=True),
    ),
    Check(
        "exposed-debugging",
        AREA,
        "No debugging page answers",
        "Consoles run code, and the rest shows settings, memory and requests of others.",
        "Turn debug modes off in production; bind such pages to an inner listener.",
        Severity.HIGH,
        Ids(("API8", "API9"), ("A02",), ("v5.0.0-13.4.2",)),
        _at(DEBUGGING),
    ),
    Check(
        "exposed-monitoring",
        AREA,
        "Monitoring isn't for everybody",
        "Routes, load, names of customers and versions are read from metrics.",
        "Serve metrics on an inner listener.",
        Severity.MEDIUM,
        Ids(("API8", "API9"), ("A02",), ("v5.0.0-13.4.5",)),
        _at(MONITORING),
    ),
    Check(
        "exposed-documentation",
        AREA,
        "Documentation of the API is public only by intention",
        "It lists every address and field, those that no client uses too.",
        "Turn it off in production, or accept this finding if it is meant for everybody.",
        Severity.INFO,
        Ids(("API9",), ("A02",), ("v5.0.0-13.4.5",)),
        _at(DOCUMENTS),
    ),
    Check(
        "directory-listing",
        AREA,
        "Folders aren't listed",
        "What nobody links to is found all the same.",
        "Turn listings off (autoindex, Indexes).",
        Severity.MEDIUM,
        Ids(("API8",), ("A02",), ("v5.0.0-13.4.3",)),
        _listings,
    ),
    Check(
        "graphql-introspection",
        AREA,
        "GraphQL doesn't tell its schema to anybody",
        "Every type and mutation is listed, those meant for administrators too.",
        "Turn introspection off in production, or ask for a token.",
        Severity.MEDIUM,
        Ids(("API8", "API9"), ("A02",), ("v5.0.0-4.3.2",)),
        _graphql,
    ),
)
