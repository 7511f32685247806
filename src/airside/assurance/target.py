"""The deployment under examination: a bounded client that says who it is and follows nothing by itself."""

import ssl
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import ClassVar, Final
from urllib.parse import urljoin, urlsplit

from airside.core.errors import InvalidInput, Refusal
from airside.fetch import Fetched, Fetcher, Resolver, SystemResolver

MAX_REQUESTS: Final = 600
"""So many for one examination: whoever is examined is not to be worn down by it."""
MAX_BYTES: Final = 4 * 1024 * 1024
TIMEOUT: Final = 10.0  # seconds, for one request
ELSEWHERE: Final = "airside-checklist.example"
"""A host that nobody has (RFC 2606), in whose name strangers' requests are made."""
AGENT: Final = f"airside-checklist/{version('airside')}"
_NO_HEADERS: Final[Mapping[str, str]] = {}


class Exhausted(Refusal):
    """The target has answered as many requests as one examination makes."""

    code: ClassVar[str] = "requests_exhausted"


@dataclass(frozen=True, slots=True)
class Place:
    """Where a target listens, and the path at which the examination begins."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def netloc(self) -> str:
        """`host:port`, IPv6 in brackets."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def origin(self) -> str:
        """As browsers say it: the port only where it isn't the scheme's own."""
        default = {"https": 443, "http": 80}[self.scheme] == self.port
        return f"{self.scheme}://{self.netloc.rpartition(':')[0] if default else self.netloc}"


def place(url: str) -> Place:
    """Where `url` leads.

    Raises:
        InvalidInput: no http or https address, or one with user information.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise InvalidInput("the target isn't an address", pointer="target") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        raise InvalidInput("the target is an address such as https://app.example.com", pointer="target")
    return Place(parts.scheme, parts.hostname, port or {"https": 443, "http": 80}[parts.scheme], parts.path or "/")


class Target:
    """Asks one deployment. Every request counts towards `MAX_REQUESTS`. Answers to `get` are kept, so that twenty
    checks of one page cost one request; `cookies` are what visits were given, and go along with visits alone."""

    def __init__(
        self, at: Place, fetcher: Fetcher, stranger: Fetcher, *, trust: Path | None, plain_port: int | None
    ) -> None:
        self.at = at
        self.trust = trust
        self.plain_port = plain_port
        self.requests = 0
        self.cookies: dict[str, str] = {}
        self._fetcher = fetcher
        self._stranger = stranger
        self._kept: dict[str, Fetched] = {}

    async def get(self, path: str) -> Fetched:
        """The answer to a GET of `path` as anybody would ask, once and for all checks. Raises as `send`."""
        if path not in self._kept:
            self._kept[path] = await self.visit(path)
        return self._kept[path]

    async def visit(self, path: str) -> Fetched:
        """The answer to a GET of `path` as a browser asks that was here before. Raises as `send`."""
        answer = await self.send("GET", path, headers=self.cookie_header())
        for line in answer.cookies:
            name, _, value = line.partition(";")[0].partition("=")
            if name.isascii() and value.isascii():  # others can't be sent (RFC 6265 §4.1.1)
                self.cookies[name.strip()] = value.strip()
        return answer

    def cookie_header(self) -> dict[str, str]:
        """The `Cookie` of a visit, or nothing."""
        return {"cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())} if self.cookies else {}

    async def send(
        self, method: str, path: str, *, headers: Mapping[str, str] = _NO_HEADERS, content: bytes | None = None
    ) -> Fetched:
        """The answer to `method` of `path`, which is below the origin.

        Raises:
            Exhausted: too many requests.
            Refused, Unavailable: as `Fetcher.get`.
        """
        return await self._ask(self._fetcher, method, f"{self.at.origin}{path}", headers, content)

    async def as_host(self, host: str, path: str) -> Fetched:
        """The answer to a GET of `path` with another `Host`. Raises as `send`."""
        port = self.at.netloc.rpartition(":")[2]
        return await self._ask(self._stranger, "GET", f"{self.at.scheme}://{host}:{port}{path}", _NO_HEADERS, None)

    async def plain(self, port: int, path: str) -> Fetched:
        """The answer to a GET over plain HTTP at `port`, which is `plain_port`. Raises as `send`."""
        host = f"[{self.at.host}]" if ":" in self.at.host else self.at.host
        return await self._ask(self._fetcher, "GET", f"http://{host}:{port}{path}", _NO_HEADERS, None)

    def path_of(self, link: str, base: str) -> str | None:
        """The path, with its query, to which `link` on the page `base` leads; None if it leads to another origin."""
        try:
            parts = urlsplit(urljoin(f"{self.at.origin}{base}", link.strip()))
            port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
        except ValueError:
            return None
        if (parts.scheme, parts.hostname, port) != (self.at.scheme, self.at.host, self.at.port):
            return None
        path = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
        return path if path.isascii() and path.isprintable() and " " not in path else None

    async def _ask(
        self, fetcher: Fetcher, method: str, url: str, headers: Mapping[str, str], content: bytes | None
    ) -> Fetched:
        if self.requests >= MAX_REQUESTS:
            raise Exhausted("no requests left", max_requests=MAX_REQUESTS)
        self.requests += 1
        sent = {"user-agent": AGENT, "accept": "text/html,application/json,*/*", **headers}
        return await fetcher.send(method, url, content=content, headers=sent, max_bytes=MAX_BYTES, timeout=TIMEOUT)


@asynccontextmanager
async def target(at: Place, *, trust: Path | None, verified: bool, plain_port: int | None) -> AsyncGenerator[Target]:
    """A target that may be private, for its operator names it.

    Its certificate is examined by a check of its own, so a bad one doesn't hide the rest: unless `verified`, as
    wherever a credential is sent, requests go through in spite of it.
    """
    context = unverified() if not verified else ssl.create_default_context(cafile=trust)
    port = at.netloc.rpartition(":")[2]
    allowed = {at.netloc.lower(), f"{ELSEWHERE}:{port}"}
    if plain_port is not None:
        host = f"[{at.host}]" if ":" in at.host else at.host
        allowed.add(f"{host}:{plain_port}")
    allow = frozenset(allowed)
    with closing(SystemResolver()) as system:
        async with (
            Fetcher(allow=allow, trust=context) as fetcher,
            Fetcher(allow=allow, trust=unverified(), resolver=_Led(at.host, system)) as stranger,
        ):
            yield Target(at, fetcher, stranger, trust=trust, plain_port=plain_port)


def unverified() -> ssl.SSLContext:
    """A context that looks at a server without believing it: nothing secret is sent over it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class _Led:
    """Leads every name to the target."""

    def __init__(self, host: str, system: Resolver) -> None:
        self._host = host
        self._system = system

    async def addresses(self, host: str, port: int) -> list[str]:  # noqa: ARG002 — whoever is asked for
        return await self._system.addresses(self._host, port)
