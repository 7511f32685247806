"""Which foreign origins may read answers, by path prefix (Fetch standard, CORS protocol). Never `*`."""

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from airside.core.errors import Misconfigured

Header = tuple[bytes, bytes]
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})


@dataclass(frozen=True, slots=True, kw_only=True)
class CorsRule:
    """Origins that may call paths under `prefix`. `credentials` lets them send cookies and act by them; `exposed` names
    the headers of answers that their scripts may read besides the plainest.

    `max_age` in seconds is how long a browser may keep a preflight's answer. The header lists are rendered
    once, here: `answer_headers` for any answer, `preflight_headers` for a preflight's besides.
    """

    prefix: str
    origins: frozenset[str]
    methods: tuple[str, ...] = ("GET", "POST")
    headers: tuple[str, ...] = ("authorization", "content-type")
    exposed: tuple[str, ...] = ()
    credentials: bool = False
    max_age: int = 600
    _simple: dict[str, tuple[Header, ...]] = field(init=False, repr=False, compare=False)
    preflight_headers: tuple[Header, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.prefix.startswith("/"):
            raise Misconfigured("cors.prefix", f"{self.prefix!r} isn't a path prefix")
        if not self.origins:
            raise Misconfigured("cors.origins", "a rule without origins allows nobody: leave it out")
        for origin in self.origins:
            require_origin("cors.origins", origin)
        if not self.methods or not set(self.methods) <= _METHODS:
            raise Misconfigured("cors.methods", f"{', '.join(self.methods)!r} isn't a list of plain methods")
        named = (*self.headers, *self.exposed)
        if any(not name or "*" in name or not name.isascii() or not name.isprintable() for name in named):
            raise Misconfigured("cors.headers", "name each header; * would allow every one")
        object.__setattr__(self, "_simple", {origin: self._answer(origin) for origin in self.origins})
        object.__setattr__(self, "preflight_headers", self._permission())

    def covers(self, path: str) -> bool:
        """Whether `path` lies under this rule: whole segments, so `/api` doesn't cover `/apis`."""
        prefix = self.prefix
        return path.startswith(prefix) and (prefix[-1] == "/" or path[len(prefix) : len(prefix) + 1] in ("", "/"))

    def answer_headers(self, origin: str) -> tuple[Header, ...]:
        """What lets `origin`, one of `origins`, read an answer."""
        return self._simple[origin]

    def _answer(self, origin: str) -> tuple[Header, ...]:
        allowed = (b"access-control-allow-origin", origin.encode())
        credentials = ((b"access-control-allow-credentials", b"true"),) if self.credentials else ()
        exposed = ((b"access-control-expose-headers", ", ".join(self.exposed).encode()),) if self.exposed else ()
        return (allowed, *credentials, *exposed)

    def _permission(self) -> tuple[Header, ...]:
        return (
            (b"access-control-allow-methods", ", ".join(self.methods).encode()),
            (b"access-control-allow-headers", ", ".join(self.headers).encode()),
            (b"access-control-max-age", str(self.max_age).encode()),
        )


def require_origin(setting: str, origin: str) -> None:
    """Refuse what isn't one exact origin as browsers serialise it (RFC 6454 §6.2): `https://app.example`.

    Plain http passes for loopback only, where development happens.

    Raises:
        Misconfigured: naming `setting`.
    """
    try:
        parsed = urlsplit(origin)
        port = "" if parsed.port is None else f":{parsed.port}"
    except ValueError:
        raise Misconfigured(setting, f"{origin!r} isn't an origin") from None
    host = parsed.hostname or ""
    bracketed = f"[{host}]" if ":" in host else host
    if "*" in origin or not host or origin != f"{parsed.scheme}://{bracketed}{port}" or port in (":443", ":80"):
        raise Misconfigured(setting, f"{origin!r} isn't one exact origin, such as https://app.example")
    loopback = host in ("localhost", "127.0.0.1", "::1")
    if parsed.scheme != "https" and not (parsed.scheme == "http" and loopback):
        raise Misconfigured(setting, f"{origin!r} isn't https")
