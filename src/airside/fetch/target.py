"""A URL, read once and strictly, into where to go and what to ask for."""

from dataclasses import dataclass
from typing import Final

import httpx2

from airside.fetch.model import Refused

MAX_URL: Final = 2048
_DEFAULT_PORT: Final = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Target:
    """Scheme, host (ASCII, lower-case, IPv6 without brackets), port, and the path with its query."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def place(self) -> str:
        """`host:port`, the form in which exceptions are given; IPv6 in brackets."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def origin(self) -> tuple[str, str, int]:
        """What must be equal for a redirect to keep the caller's headers."""
        return self.scheme, self.host, self.port

    @property
    def authority(self) -> str:
        """The Host header: the port only where it isn't the scheme's own."""
        default = self.port == _DEFAULT_PORT[self.scheme]
        return self.place.rpartition(":")[0] if default else self.place


def parse(url: str, allow: frozenset[str], base: Target | None = None) -> Target:
    """Where `url` leads; relative references only against `base` (a redirect's).

    Raises:
        Refused: not https (http only to a `host:port` in `allow`), user information, no host, a character
            that two parsers read differently, or over `MAX_URL` characters.
    """
    if len(url) > MAX_URL:
        raise Refused("URL over its cap")
    if not url.isascii() or not url.isprintable() or "\\" in url or " " in url:
        raise Refused("URL with a character that parsers disagree on")
    try:
        parsed = httpx2.URL(url)
        if base is not None:
            parsed = httpx2.URL(f"{base.scheme}://{base.authority}{base.path}").join(parsed)
        target = _target(parsed)
    except (httpx2.InvalidURL, ValueError):
        raise Refused("malformed URL") from None
    if target.scheme != "https" and target.place not in allow:
        raise Refused("only https leaves this server", scheme=target.scheme)
    return target


def _target(url: httpx2.URL) -> Target:
    if url.scheme not in _DEFAULT_PORT:
        raise Refused("only https leaves this server", scheme=url.scheme)
    if url.userinfo or "@" in url.netloc.decode("ascii"):
        raise Refused("URL with user information")
    host = url.raw_host.decode("ascii").lower()
    if not host or "%" in host:
        raise Refused("URL without a plain host")
    port = _DEFAULT_PORT[url.scheme] if url.port is None else url.port
    if not 0 < port < 65536:
        raise Refused("malformed URL")
    return Target(url.scheme, host, port, url.raw_path.decode("ascii") or "/")
