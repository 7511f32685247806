"""Every parameter of the real application, each with a lawful request around it."""

import base64
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal
from urllib.parse import quote, urlencode

import httpx2

from airside.core.strict_json import Json
from tests.gauntlet.lawful import HARMLESS, body_of, fields_of, named, queries_of
from tests.surface import Endpoint

Where = Literal["path", "query", "form", "json", "header", "door"]
Step = str | int

PAGES: Final = re.compile("/t/{slug}/(account|signin|signup|recover|invitation|verify|consent|device|setup|signout)")
QUIET: Final = (
    *("user-agent", "accept", "accept-language", "referer", "x-forwarded-for", "x-forwarded-host"),
    *("x-forwarded-proto", "forwarded", "x-request-id", "traceparent", "tracestate", "if-match", "if-none-match"),
    *("idempotency-key", "last-event-id", "openfga-consistency-token"),
)
"""Headers with which the request stays what it was."""


@dataclass(frozen=True)
class Parameter:
    """One place for a value. `steps` lead to it: a name, or the way through a body; of headers, each that is set."""

    endpoint: Endpoint
    where: Where
    steps: tuple[Step, ...]

    def __str__(self) -> str:
        return f"{self.endpoint} {self.where} {'/'.join(map(str, self.steps))}"


@dataclass(frozen=True)
class Keys:
    """What opens the doors: the tenant's token; and where another is needed, that one, and a form's token, by the
    beginning of what they open, the longest first."""

    token: str
    tokens: Mapping[str, str]
    forms: Mapping[str, str]
    cookies: Mapping[str, str]
    clients: Mapping[str, tuple[str, str]]
    """The one for requests that are pushed, and the one for all else."""
    origin: str

    def headers(self, endpoint: Endpoint) -> dict[str, str]:
        """Those of a lawful request."""
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        own = [each for each in self.tokens if str(endpoint).startswith(each) or endpoint.template.startswith(each)]
        token = self.tokens[max(own, key=len)] if own else self.token
        presented = {"authorization": f"Bearer {token}"} if token else {}
        return {**presented, "cookie": cookie, "origin": self.origin}

    def form(self, path: str) -> str:
        """The token of the form at `path`."""
        fitting = [each for each in self.forms if path.startswith(each)]
        return self.forms[max(fitting, key=len)] if fitting else ""


@dataclass(frozen=True)
class Surface:
    """The endpoints of one tenant, and how each is asked lawfully."""

    api: Mapping[str, Any]
    keys: Keys
    ids: Mapping[str, str]
    nobody: Mapping[str, str]
    """Ids that never were, for what would end the test if it were done."""

    def parameters(self, endpoint: Endpoint) -> Iterator[Parameter]:
        """Every parameter of `endpoint`.

        The quiet headers are one: all of them are set."""
        for part in endpoint.template.split("/"):
            if part.startswith("{"):
                yield Parameter(endpoint, "path", (part.strip("{}"),))
        for name in queries_of(endpoint, self.api):
            yield Parameter(endpoint, "query", (name,))
        for name in fields_of(endpoint):
            yield Parameter(endpoint, "form", (name,))
        for steps in _texts(body_of(endpoint, self.api, self.ids)):
            yield Parameter(endpoint, "json", steps)
        yield Parameter(endpoint, "header", QUIET)
        for name in _doors(endpoint):
            yield Parameter(endpoint, "door", (name,))

    def request(self, http: httpx2.AsyncClient, at: Parameter, text: str) -> httpx2.Request:
        """The lawful request with `text` at that place."""
        endpoint = at.endpoint
        headers = {name: value.encode() for name, value in self.keys.headers(endpoint).items()}
        target, content = self._target(at, text), b""
        if fields := fields_of(endpoint):
            content = urlencode(self._form(endpoint, fields, at, text), errors="surrogatepass").encode()
            headers["content-type"] = b"application/x-www-form-urlencoded"
            if "/oauth2/" in endpoint.template:
                client = self.keys.clients["/par" if endpoint.template.endswith("/par") else ""]
                headers["authorization"] = b"Basic " + base64.b64encode(":".join(client).encode())
        elif endpoint.takes_json:
            body = body_of(endpoint, self.api, self.ids)
            content = json.dumps(_put(body, at.steps, text) if at.where == "json" else body).encode()
            headers["content-type"] = b"application/scim+json" if endpoint.is_scim else b"application/json"
        if at.where in ("header", "door"):
            headers |= {str(name): _header(str(name), text) for name in at.steps}
        return http.build_request(
            endpoint.method,
            target,
            content=content or None,
            headers=[(name.encode(), value) for name, value in headers.items()],
        )

    def _target(self, at: Parameter, text: str) -> str:
        ends = at.endpoint.method == "DELETE" or HARMLESS.search(str(at.endpoint)) is not None
        ids = self.nobody if ends else self.ids
        if not (ends and at.endpoint.is_platform):
            ids = {**ids, "slug": self.ids["slug"]}
        path = at.endpoint.template
        for part in path.split("/"):
            if part.startswith("{"):
                name = part.strip("{}")
                value = text if (at.where, at.steps) == ("path", (name,)) else self._word(at.endpoint, name, ids)
                path = path.replace(part, quote(value, safe="", errors="surrogatepass"))
        lawful = queries_of(at.endpoint, self.api)
        query = {name: named(value, self.ids) for name, value in lawful.items() if value}
        if "/response/" in path:
            query["incident_id"] = self.nobody["incident_id"]
        if at.where == "query":
            query[str(at.steps[0])] = text
        return f"{path}?{urlencode(query, errors='surrogatepass')}" if query else path

    def _word(self, endpoint: Endpoint, name: str, ids: Mapping[str, str]) -> str:
        if name == "resource_id" and "/Groups" in endpoint.template:
            name = "group_id"
        return ids.get(name, "probe")

    def _form(self, endpoint: Endpoint, fields: Mapping[str, str], at: Parameter, text: str) -> dict[str, str]:
        form = {name: named(value, self.ids) for name, value in fields.items()}
        if "csrf_token" in form:
            form["csrf_token"] = self.keys.form(endpoint.template.removeprefix("/t/{slug}"))
        if at.where == "form":
            form[str(at.steps[0])] = text
        return form


def _doors(endpoint: Endpoint) -> Iterator[str]:
    """Headers by which a request is let in, or read at all: each by itself, for one that is refused hides the rest."""
    takes_form = bool(fields_of(endpoint))
    is_page = "csrf_token" in fields_of(endpoint) or PAGES.match(endpoint.template) is not None
    yield from ("cookie", "origin", "sec-fetch-site") if is_page else ("authorization", "dpop")
    if takes_form or endpoint.takes_json:
        yield "content-type"


def _header(name: str, text: str) -> bytes:
    value = text.encode("utf-8", "surrogatepass")
    return b"Bearer " + value if name == "authorization" else value


def is_sendable(at: Parameter, text: str) -> bool:
    """Whether it can stand in a header: what can't be there would be another header, and not this one's value."""
    return at.where not in ("header", "door") or not (
        any(ord(each) < 32 or ord(each) == 127 for each in text) or text != text.strip() or not text
    )


def _texts(body: Json, way: tuple[Step, ...] = ()) -> Iterator[tuple[Step, ...]]:
    match body:
        case str():
            yield way
        case dict():
            for name, value in body.items():
                yield from _texts(value, (*way, name))
        case list():
            for index, value in enumerate(body):
                yield from _texts(value, (*way, index))
        case _:
            pass


def _put(body: Any, way: tuple[Step, ...], text: str) -> Any:
    if not way:
        return text
    copy = body.copy()
    copy[way[0]] = _put(body[way[0]], way[1:], text)
    return copy
