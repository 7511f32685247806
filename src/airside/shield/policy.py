"""The policy of one application: settings, checked when made, and header bytes rendered once."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Final, Literal

from airside.core.errors import Misconfigured
from airside.core.gcra import Rate
from airside.shield.cors import CorsRule, Header
from airside.shield.csp import STRICT, Csp
from airside.shield.paths import PathTable

MAX_BODY: Final = 64 * 1024
MAX_HEADERS: Final = 100
MAX_HEAD_BYTES: Final = 32 * 1024  # path, query, and names and values of all header lines together
BODY_SECONDS: Final = 30.0
MAX_FIELDS: Final = 1000
HSTS: Final = 2 * 365 * 24 * 3600  # seconds
Network = IPv4Network | IPv6Network
_DEFAULT_PORTS: Final = (443, 80)
_PERMISSIONS: Final = (
    "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), hid=(), "
    "magnetometer=(), microphone=(), midi=(), payment=(), serial=(), usb=(), "
    "publickey-credentials-create=(self), publickey-credentials-get=(self)"
)
_CHOICES: Final = {
    "frame": frozenset({"DENY", "SAMEORIGIN"}),
    "referrer": frozenset({"no-referrer", "same-origin", "strict-origin", "strict-origin-when-cross-origin"}),
    "coop": frozenset({"same-origin", "same-origin-allow-popups"}),
    "coep": frozenset({"require-corp", "credentialless"}),
    "corp": frozenset({"same-origin", "same-site", "cross-origin"}),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What `Shield` demands of requests and says on answers.

    `allowed_hosts`: exact hosts; with a port only that port, without one the schemes' own.
    `trusted_proxies`: CIDRs whose forwarded headers count; empty trusts nobody.
    `hsts`: max-age in seconds, sent over https only; 0 sends none.
    `max_body`: bytes, with `body_caps` (path pattern → bytes) where a route says otherwise.
    `max_fields`: fields of a form and parameters of an address; 0 leaves them to the application.
    `body_seconds`: how long a body may take to arrive whole, under ASGI on asyncio; 0 leaves that to the server.
    `rate`: of one client (an IPv4 address, the /64 of an IPv6 one) on all paths, and `rates` (path pattern → rate) in
    its place; counted in this process. None counts nothing.
    `csps`: path pattern → policy of its answers in the place of `csp`; a page may still set its own.
    `strict_json`: bodies of JSON that two readers could read differently don't pass (`core.strict_json`).
    `harden_cookies`: what the application sets gets Secure (over https), HttpOnly and SameSite=Lax where it doesn't
    say; `script_cookies` names those that scripts must read, which don't get HttpOnly.
    `error_pages`: lets pages of 500 out that the application wrote itself; otherwise a problem stands in for them,
    for nobody can see whether a page shows a traceback.
    `foreign_posts`: path patterns that other sites may post to; they skip CSRF and never see a cookie.
    `referrer` stays weaker than `no-referrer`, under which browsers post `Origin: null`.

    Raises:
        Misconfigured: a wildcard, an unknown word, a contradiction; it names the setting.
    """

    allowed_hosts: frozenset[str]
    trusted_proxies: tuple[str, ...] = ()
    https_redirect: bool = True
    https_port: int = 443
    hsts: int = HSTS
    csp: Csp = STRICT
    cors: tuple[CorsRule, ...] = ()
    frame: Literal["DENY", "SAMEORIGIN"] = "DENY"
    referrer: str = "same-origin"
    permissions: str = _PERMISSIONS
    coop: str = "same-origin"
    coep: str = "require-corp"
    corp: str = "same-origin"
    max_body: int = MAX_BODY
    body_caps: Mapping[str, int] = field(default_factory=dict[str, int])
    max_fields: int = MAX_FIELDS
    body_seconds: float = BODY_SECONDS
    rate: Rate | None = None
    rates: Mapping[str, Rate] = field(default_factory=dict[str, Rate])
    csps: Mapping[str, Csp] = field(default_factory=dict[str, Csp])
    strict_json: bool = True
    harden_cookies: bool = True
    script_cookies: frozenset[str] = frozenset()
    error_pages: bool = False
    foreign_posts: frozenset[str] = frozenset()
    csrf: bool = True

    hosts: frozenset[str] = field(init=False, repr=False, compare=False)
    spelled_hosts: frozenset[bytes] = field(init=False, repr=False, compare=False)
    proxies: tuple[Network, ...] = field(init=False, repr=False, compare=False)
    plain_headers: tuple[Header, ...] = field(init=False, repr=False, compare=False)
    secure_headers: tuple[Header, ...] = field(init=False, repr=False, compare=False)
    foreign: PathTable[bool] = field(init=False, repr=False, compare=False)
    caps: PathTable[int] = field(init=False, repr=False, compare=False)
    pages: PathTable[Csp] = field(init=False, repr=False, compare=False)
    least_cap: int = field(init=False, repr=False, compare=False)
    watches_bodies: bool = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for setting, choices in _CHOICES.items():
            if getattr(self, setting) not in choices:
                raise Misconfigured(setting, f"{getattr(self, setting)!r} isn't one of {sorted(choices)}")
        if self.hsts < 0 or not 0 < self.https_port < 65536:
            raise Misconfigured("hsts" if self.hsts < 0 else "https_port", "out of range")
        if self.max_body <= 0 or any(cap <= 0 for cap in self.body_caps.values()):
            raise Misconfigured("max_body", "a cap is a positive number of bytes")
        if not self.permissions.isascii() or not self.permissions.isprintable() or "*" in self.permissions:
            raise Misconfigured("permissions", "* would give every site the feature")
        if self.max_fields < 0:
            raise Misconfigured("max_fields", "a number of fields, or 0 for no bound")
        if self.body_seconds < 0:
            raise Misconfigured("body_seconds", "a span of time, or 0 for none")
        for rate in (self.rate, *self.rates.values()):
            if rate is not None and (rate.count <= 0 or rate.period <= 0):
                raise Misconfigured("rate", "a rate is a positive number in a positive span")
        derive = object.__setattr__
        derive(self, "hosts", _hosts(self.allowed_hosts))
        derive(self, "spelled_hosts", frozenset(host.encode() for host in self.hosts))
        derive(self, "proxies", tuple(_network(text) for text in self.trusted_proxies))
        derive(self, "foreign", PathTable("foreign_posts", dict.fromkeys(self.foreign_posts, True)))
        derive(self, "caps", PathTable("body_caps", self.body_caps))
        derive(self, "pages", PathTable("csps", self.csps))
        derive(self, "least_cap", min(self.max_body, *self.body_caps.values(), self.max_body))
        derive(self, "watches_bodies", bool(self.body_seconds) or self.strict_json)
        plain = self._render()
        derive(self, "plain_headers", plain)
        derive(self, "secure_headers", (*plain, *_hsts(self.hsts)))

    def is_foreign_post(self, path: str) -> bool:
        """Whether other sites may post to `path`, as its route declared."""
        return self.foreign.get(path) is True

    def body_cap(self, path: str) -> int:
        """The most bytes that `path` takes."""
        return self.caps.get(path) or self.max_body

    def page_csp(self, path: str) -> Csp | None:
        """The policy that answers of `path` have in the place of `csp`; None where they have none of their own."""
        return self.pages.get(path) if self.csps else None

    def _render(self) -> tuple[Header, ...]:
        return (
            (b"content-security-policy", self.csp.render().encode()),
            (b"x-content-type-options", b"nosniff"),
            (b"x-frame-options", self.frame.encode()),
            (b"referrer-policy", self.referrer.encode()),
            (b"permissions-policy", self.permissions.encode()),
            (b"cross-origin-opener-policy", self.coop.encode()),
            (b"cross-origin-embedder-policy", self.coep.encode()),
            (b"cross-origin-resource-policy", self.corp.encode()),
            *(((b"vary", b"Origin"),) if self.cors else ()),
        )


def _hsts(seconds: int) -> tuple[Header, ...]:
    value = f"max-age={seconds}; includeSubDomains".encode()
    return ((b"strict-transport-security", value),) if seconds else ()


def _hosts(allowed: frozenset[str]) -> frozenset[str]:
    if not allowed:
        raise Misconfigured("allowed_hosts", "name at least one host: an empty list serves nobody")
    hosts: set[str] = set()
    for entry in allowed:
        host, port = split_host(entry)
        if not host or "*" in entry:
            raise Misconfigured("allowed_hosts", f"{entry!r} isn't one exact host, such as id.example.com")
        if port:
            hosts.add(f"{host}:{port}")
        if not port or int(port) in _DEFAULT_PORTS:
            hosts |= {host, *(f"{host}:{default}" for default in _DEFAULT_PORTS if not port or port == str(default))}
    return frozenset(hosts)


def split_host(text: str) -> tuple[str, str]:
    """`host[:port]` as (lower-case host, port or empty); an empty host when it is not of that form."""
    host, colon, port = text.lower().rpartition(":") if not text.endswith("]") else (text.lower(), "", "")
    if not colon:
        host, port = text.lower(), ""
    elif not port.isdigit() or not port.isascii() or not 0 < int(port[:6]) < 65536:
        return "", ""
    if host.startswith("["):
        return (host, port) if _is_bracketed(host) else ("", "")
    plain = host.isascii() and host.replace("-", "a").replace(".", "a").replace("_", "a").isalnum()
    return (host, port) if plain and not host.endswith(".") and ".." not in host else ("", "")


def _is_bracketed(host: str) -> bool:
    try:
        return host.endswith("]") and ip_network(host[1:-1]).version == 6
    except ValueError:
        return False


def _network(text: str) -> Network:
    try:
        network = ip_network(text)
    except ValueError:
        raise Misconfigured("trusted_proxies", f"{text!r} isn't a CIDR, such as 10.0.0.0/8") from None
    if network.prefixlen == 0:
        raise Misconfigured("trusted_proxies", f"{text!r} trusts everybody")
    return network
