"""Shield's one table: refusals, its own and an application's, as RFC 9457 problems."""

import math
import sys
import traceback
from typing import Final

from airside.core.errors import (
    Banned,
    Conflict,
    Forbidden,
    InvalidInput,
    LimitExceeded,
    NotFound,
    QuotaExceeded,
    ReadOnly,
    Refusal,
    TooLarge,
    Unauthenticated,
    Unavailable,
    UnsupportedMedia,
)
from airside.protocols import ratelimit
from airside.protocols.problem import Problem

Header = tuple[bytes, bytes]

_TABLE: Final[tuple[tuple[type[Refusal], int, str], ...]] = (
    (TooLarge, 413, "The request is larger than this address takes."),
    (UnsupportedMedia, 415, "The body isn't of a type that this address takes."),
    (InvalidInput, 422, "The request can't be understood."),
    (Unauthenticated, 401, "Say who you are."),
    (ReadOnly, 403, "Everything here is locked: it can be read, and not changed."),
    (Banned, 403, "Nothing is taken from this network for the time being."),
    (Forbidden, 403, "That isn't allowed."),
    (NotFound, 404, "There is nothing here, or it isn't yours."),
    (QuotaExceeded, 409, "The tenant's plan has no room for another one."),
    (Conflict, 409, "The state has changed, or it exists already."),
    (LimitExceeded, 429, "Too many requests; try again later."),
    (Unavailable, 503, "A needed part is away; try again later."),
)
_INTERNAL: Final = Problem(500, "internal", "Something went wrong here; the request id leads to it.")
_WHY: Final = {
    "bad_host": Problem(400, "bad_host", "The Host header is missing, repeated or malformed."),
    "bad_request": Problem(400, "bad_request", "The request can be read in more than one way."),
    "misdirected": Problem(421, "misdirected", "This server doesn't answer for that host."),
    "method_not_allowed": Problem(405, "method_not_allowed", "That method isn't served here."),
    "https_required": Problem(403, "https_required", "Send this over https."),
    "too_large": Problem(413, "too_large", _TABLE[0][2]),
    "too_slow": Problem(408, "too_slow", "The body didn't arrive in time."),
    "headers_too_large": Problem(431, "headers_too_large", "The header lines or the address are too long."),
    "cross_site": Problem(403, "cross_site", "The request came from another site's page."),
    "origin_not_allowed": Problem(403, "origin_not_allowed", "Pages of that origin may not call this address."),
}


def own_problem(code: str) -> Problem:
    """The problem of one of shield's own refusals."""
    return _WHY[code]


def problem_of(error: Exception) -> tuple[Problem, tuple[Header, ...]] | None:
    """The problem of a typed refusal and its extra headers; None for what nobody expected."""
    for kind, status, detail in _TABLE:
        if isinstance(error, kind):
            return Problem(status, error.code, detail), _headers(error)
    return None


def client_left(error: Exception) -> bool:
    """Whether it is starlette's word for a client that went away before its body was whole. Where nobody has loaded
    starlette, nobody raises it."""
    requests = sys.modules.get("starlette.requests")
    return requests is not None and isinstance(error, requests.ClientDisconnect)


def internal_problem() -> Problem:
    """What a stranger reads of the unknown: nothing but the request id."""
    return _INTERNAL


def describe(error: BaseException) -> str:
    """The types and places of an exception and its causes, for the log; never its message, which may carry
    what somebody typed."""
    parts: list[str] = []
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        frames = traceback.extract_tb(link.__traceback__)
        places = "".join(f"\n  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames)
        parts.append(f"{type(link).__module__}.{type(link).__qualname__}{places}")
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
    return "\ncaused by ".join(parts)


def come_again(error: LimitExceeded | Unavailable) -> dict[str, str]:
    """When to come again, for whoever speaks of refusals in a form of its own (RFC 9110 §10.2.3)."""
    return {name.decode(): value.decode() for name, value in _headers(error)}


def _headers(error: Refusal) -> tuple[Header, ...]:
    if isinstance(error, LimitExceeded | Unavailable):
        after = (b"retry-after", str(max(1, math.ceil(error.retry_after))).encode())
        return (after, *_counted(error)) if isinstance(error, LimitExceeded) else (after,)
    if isinstance(error, Unauthenticated):
        return ((b"www-authenticate", b"Bearer"),)
    return ()


def _counted(error: LimitExceeded) -> tuple[Header, ...]:
    """Which limit it was is told only where whoever refused says that the caller may know."""
    if error.rate is None:
        return (ratelimit.state(ratelimit.REQUESTS, 0, error.retry_after),)
    return (ratelimit.policy(error.limit, error.rate), ratelimit.state(error.limit, 0, error.retry_after))
