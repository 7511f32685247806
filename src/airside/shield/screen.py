"""The screening of one request: what it says of itself, made one reading, then refused or let by. No IO."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from airside.protocols.problem import Problem
from airside.shield.cors import Header
from airside.shield.passage import Scope
from airside.shield.paths import is_plain
from airside.shield.policy import MAX_HEAD_BYTES, MAX_HEADERS, Policy
from airside.shield.problems import own_problem
from airside.shield.rules import (
    METHODS,
    SAFE_METHODS,
    client_address,
    csrf_verdict,
    decide_host,
    decide_origin,
    trusts,
)

Incoming = dict[bytes, bytes]
PEER: Final = "airside.peer"
"""Where scope and environ hold the address that is connected, if another was put in its place."""
_LISTS: Final = {b"cookie": b"; ", b"x-forwarded-for": b", ", b"x-forwarded-proto": b", "}
_SINGLE: Final = frozenset(
    {
        b"host",
        b"content-length",
        b"transfer-encoding",
        b"origin",
        b"sec-fetch-site",
        b"authorization",
        b"content-type",
        b"x-request-id",
        b"access-control-request-method",
    }
)
_MAX_DIGITS: Final = 15
_MAX_REQUEST_ID: Final = 64


@dataclass(frozen=True, slots=True)
class Answer:
    """What shield says itself instead of the application: a problem, or a bare status with headers."""

    status: int
    problem: Problem | None = None
    headers: tuple[Header, ...] = ()


def single_reading(lines: Iterable[Header]) -> Incoming | None:
    """Headers by name, repeated ones joined; None where one is repeated that two readers would take apart."""
    headers: Incoming = {}
    for name, value in lines:
        if name not in headers:
            headers[name] = value
        elif name in _SINGLE:
            return None
        else:
            headers[name] += _LISTS.get(name, b", ") + value
    return headers


def take_forwarded(scope: Scope, headers: Incoming, peer: str, policy: Policy) -> str:
    """Write what a trusted proxy says of client and scheme into the scope; the client's address (N31)."""
    address = client_address(peer, headers, policy)
    if trusts(peer, policy):
        scope.setdefault(PEER, peer)
        scope["client"] = (address, 0)
        proto = headers.get(b"x-forwarded-proto")
        if proto is not None:
            secure = proto.rpartition(b",")[2].strip().lower() == b"https"
            scope["scheme"] = "https" if secure else "http"
    return address


def given_request_id(headers: Incoming, peer: str, policy: Policy) -> str | None:
    """The request id that a trusted proxy brings, if it is a short plain word; None from anybody else."""
    given = headers.get(b"x-request-id", b"").decode("latin-1")
    plain = given.isascii() and given.replace("-", "").replace("_", "").isalnum()
    return given if plain and len(given) <= _MAX_REQUEST_ID and trusts(peer, policy) else None


def screen(scope: Scope, headers: Incoming, policy: Policy) -> Answer | None:
    """What stands against the request, in the order in which it matters; None when nothing does."""
    host = headers.get(b"host", b"")
    if host not in policy.spelled_hosts and (verdict := decide_host(host, policy)) != "ours":
        return refusal("misdirected" if verdict == "foreign" else "bad_host")
    method: str = scope["method"]
    path: str = scope["path"]
    raw_path: bytes = scope.get("raw_path") or b""
    query: bytes = scope.get("query_string") or b""
    lines = scope["headers"]
    size = len(raw_path) + len(query) + sum([len(name) + len(value) for name, value in lines])
    if size > MAX_HEAD_BYTES or len(lines) > MAX_HEADERS or 0 < policy.max_fields <= query.count(b"&"):
        return refusal("headers_too_large")
    if method not in METHODS:
        return refusal("method_not_allowed", (b"allow", ", ".join(sorted(METHODS)).encode()))
    if not is_plain(path, raw_path):
        return refusal("bad_request")
    if scope["scheme"] == "http" and policy.https_redirect:
        return _to_https(scope, headers, policy)
    length = headers.get(b"content-length")
    if length is not None:
        if b"transfer-encoding" in headers or not length.isdigit() or len(length) > _MAX_DIGITS:
            return refusal("bad_request")  # lengths that contradict each other (RFC 9112 §6.3)
        told = int(length)
        if told > policy.least_cap and told > policy.body_cap(path):
            return refusal("too_large")
    if b"origin" in headers and policy.cors and method == "OPTIONS":
        preflight = _preflight(headers, path, policy)
        if preflight is not None:
            return preflight
    if method in SAFE_METHODS or (b"cookie" not in headers and b"sec-fetch-mode" not in headers):
        return None
    return _from_where(scope, headers, policy)


def readable(scope: Scope, headers: Incoming, policy: Policy) -> tuple[Header, ...]:
    """What lets the page that asks read the answer, if its origin may."""
    origin = headers.get(b"origin")
    rule = None if origin is None else decide_origin(origin, scope["path"], policy)
    return () if origin is None or rule is None else rule.answer_headers(origin.decode("latin-1"))


def must_count(scope: Scope, headers: Incoming) -> bool:
    """Whether a body may come whose length nobody said. HTTP/1 has none then (RFC 9112 §6.3); later versions may."""
    if b"content-length" in headers:
        return False
    return b"transfer-encoding" in headers or scope.get("http_version", "1.1")[0] != "1"


def refusal(code: str, *headers: Header) -> Answer:
    """One of shield's own refusals as an answer."""
    problem = own_problem(code)
    return Answer(problem.status, problem, headers)


def is_json(headers: Incoming) -> bool:
    """Whether a body says that it is JSON (RFC 8259, and the suffix of RFC 6839 §3.1)."""
    kind = headers.get(b"content-type", b"").partition(b";")[0].strip().lower()
    return kind == b"application/json" or (kind.startswith(b"application/") and kind.endswith(b"+json"))


def _from_where(scope: Scope, headers: Incoming, policy: Policy) -> Answer | None:
    path: str = scope["path"]
    if policy.is_foreign_post(path):  # what other sites may send must not act in the visitor's name
        if b"cookie" in headers:
            scope["headers"] = [line for line in scope["headers"] if line[0] != b"cookie"]
            del headers[b"cookie"]
        return None
    verdict = csrf_verdict(scope["method"], headers, policy, path=path, scheme=scope["scheme"])
    return None if verdict.allowed else refusal("cross_site")


def _preflight(headers: Incoming, path: str, policy: Policy) -> Answer | None:
    wanted = headers.get(b"access-control-request-method")
    if wanted is None:
        return None
    rule = decide_origin(headers[b"origin"], path, policy)
    if rule is None or wanted.decode("latin-1") not in rule.methods:
        return refusal("origin_not_allowed")
    return Answer(204, headers=rule.preflight_headers)


def _to_https(scope: Scope, headers: Incoming, policy: Policy) -> Answer:
    if scope["method"] not in ("GET", "HEAD"):  # it went in clear: a quiet redirect would hide that
        return refusal("https_required")
    host = headers[b"host"].lower()
    name = host if host.endswith(b"]") or b":" not in host else host.rpartition(b":")[0]
    port = b"" if policy.https_port == 443 else f":{policy.https_port}".encode()
    query: bytes = scope.get("query_string", b"")
    target: bytes = (scope.get("raw_path") or b"/") + (b"?" + query if query else b"")
    if not target.startswith(b"/") or not target.isascii() or not target.decode("ascii").isprintable():
        return refusal("bad_request")
    return Answer(308, headers=((b"location", b"https://" + name + port + target),))
