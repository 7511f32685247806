"""The decisions, pure: a host, an origin, an address, a cross-site post. Header names are lower-case bytes."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Final, Literal

from airside.shield.cors import CorsRule
from airside.shield.policy import Policy

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
METHODS: Final = SAFE_METHODS | {"POST", "PUT", "PATCH", "DELETE"}
_ELSEWHERE: Final = frozenset({b"cross-site", b"same-site"})
MAX_FORWARDED: Final = 2048
MAX_HOPS: Final = 32

Headers = Mapping[bytes, bytes]
HostVerdict = Literal["ours", "foreign", "malformed"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Yes, or no and why; the reason is for the log."""

    allowed: bool
    reason: str = ""


_YES: Final = Verdict(True)


def decide_host(host: bytes, policy: Policy) -> HostVerdict:
    """Whether a Host header (or `:authority`) names us. Exact: no suffixes, no wildcards, no trailing dot."""
    try:
        text = host.decode("ascii")
    except UnicodeDecodeError:
        return "malformed"
    if text.lower() in policy.hosts:
        return "ours"
    return "foreign" if text and text.isprintable() and not set(text) & set(" ,/@\\") else "malformed"


def decide_origin(origin: bytes, path: str, policy: Policy) -> CorsRule | None:
    """The rule by which `origin` may call `path` from a page of its own; None is no. `null` is never listed."""
    text = origin.decode("latin-1")
    for rule in policy.cors:
        if text in rule.origins and rule.covers(path):
            return rule
    return None


def client_address(peer: str, headers: Headers, policy: Policy) -> str:
    """The address of the client: the peer's own, unless the peer is a trusted proxy (N31).

    Then the rightmost address in X-Forwarded-For that isn't itself a trusted proxy; the leftmost where all are.
    What can't be parsed is nobody's word: the peer. IPv4 inside IPv6 is written as IPv4, one client one name.
    """
    nearest = _canonical(peer) or peer
    if not trusts(peer, policy):
        return nearest
    forwarded = headers.get(b"x-forwarded-for", b"")
    hops = forwarded.decode("latin-1").split(",")
    if not forwarded or len(forwarded) > MAX_FORWARDED or len(hops) > MAX_HOPS:
        return nearest
    addresses: list[str] = []
    for hop in reversed(hops):
        address = _canonical(hop.strip(" \t"))
        if address is None:
            return nearest
        if not trusts(address, policy):
            return address
        addresses.append(address)
    return addresses[-1]


def trusts(peer: str, policy: Policy) -> bool:
    """Whether `peer` is a proxy whose forwarded headers count."""
    if not policy.proxies:
        return False
    text = _canonical(peer)
    if text is None:
        return False
    address = ip_address(text)
    return any(address in network for network in policy.proxies)


def csrf_verdict(method: str, headers: Headers, policy: Policy, *, path: str = "/", scheme: str = "https") -> Verdict:
    """Whether a request that carries cookies comes from a page of this very origin.

    Sec-Fetch-Site (W3C Fetch Metadata) and Origin must both agree where both are sent; with neither, an unsafe
    method is refused. A CORS rule with credentials lets its origins through on its paths.

    Without a cookie nothing can be done in the visitor's name; but a form that another site sends may sign them in as
    somebody else (login CSRF), so that a browser which says that it is led here by one is refused all the same.
    """
    if method in SAFE_METHODS or not policy.csrf or not (b"cookie" in headers or _is_led(headers)):
        return _YES
    site, origin = headers.get(b"sec-fetch-site"), headers.get(b"origin")
    if site is None and origin is None:
        return Verdict(False, "neither Sec-Fetch-Site nor Origin")
    if origin is not None and origin != b"null":
        rule = decide_origin(origin, path, policy)
        if rule is not None and rule.credentials:
            return _YES
        if origin.lower() != scheme.encode() + b"://" + headers.get(b"host", b"").lower():
            return Verdict(False, "Origin is another site's")
    elif site is None:
        return Verdict(False, "Origin is null")
    if site is not None and site != b"same-origin":
        return Verdict(False, "Sec-Fetch-Site isn't same-origin")
    return _YES


def _is_led(headers: Headers) -> bool:
    """Whether a browser says that a form of another origin leads it here."""
    return headers.get(b"sec-fetch-mode") == b"navigate" and headers.get(b"sec-fetch-site") in _ELSEWHERE


def _canonical(text: str) -> str | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(address)
