"""OpenFGA's one table from refusals to answers: `{"code": …, "message": …}` and a status."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import msgspec
import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from airside.access import SenderUnproven
from airside.core.errors import (
    Conflict,
    Forbidden,
    InvalidInput,
    LimitExceeded,
    NotFound,
    QuotaExceeded,
    Refusal,
    TooLarge,
    Unauthenticated,
    Unavailable,
    UnsupportedMedia,
)
from airside.permissions.refusals import ModelNotFound, NoModelYet, StoreNotFound, TooComplex, WriteConflict
from airside.shield import come_again

MAX_MESSAGE: Final = 1024
UNSERVED: Final[Mapping[int, tuple[str, str]]] = {
    404: ("undefined_endpoint", "Not Found"),
    405: ("undefined_endpoint", "Method Not Allowed"),
}

_log = structlog.get_logger("airside.api.openfga")

TABLE: Final[tuple[tuple[type[Refusal], int, str], ...]] = (
    (StoreNotFound, 404, ""),
    (ModelNotFound, 400, ""),
    (NoModelYet, 400, ""),
    (WriteConflict, 400, ""),
    (TooComplex, 400, ""),
    (UnsupportedMedia, 415, "validation_error"),
    (TooLarge, 413, "validation_error"),
    (Unauthenticated, 401, "unauthenticated"),
    (Forbidden, 403, "forbidden"),
    (NotFound, 404, "undefined_endpoint"),
    (QuotaExceeded, 409, ""),
    (Conflict, 409, "aborted"),
    (LimitExceeded, 429, "resource_exhausted"),
    (Unavailable, 503, "unavailable"),
)
"""Refusal, status, and OpenFGA's code where it isn't the refusal's own. The first that fits."""

_SPOKEN: Final = (*(InvalidInput, StoreNotFound, ModelNotFound, NoModelYet, WriteConflict, TooComplex, QuotaExceeded),)
"""Those whose reason is the caller's to mend, and is told."""


def describe(refusal: Refusal) -> tuple[int, str, str]:
    """Status, code and message. What isn't in the table is `internal_error`, and says nothing."""
    message = refusal.reason[:MAX_MESSAGE] if isinstance(refusal, _SPOKEN) else ""
    for kind, status, code in TABLE:
        if isinstance(refusal, kind):
            return status, code or refusal.code, message or code or refusal.code
    if isinstance(refusal, InvalidInput):
        code = "validation_error" if type(refusal).code == InvalidInput.code else refusal.code
        return 400, code, message
    return 500, "internal_error", "Internal Server Error"


def refused(refusal: Refusal) -> Response:
    """The answer to a refusal."""
    status, code, message = describe(refusal)
    headers: dict[str, str] = {}
    if isinstance(refusal, SenderUnproven):
        headers |= refusal.headers
    elif status == 401:
        headers["www-authenticate"] = "Bearer"
    elif isinstance(refusal, LimitExceeded | Unavailable):
        headers |= come_again(refusal)
    elif status == 500:
        _log.error("internal", reason=refusal.reason)
    return _said(status, code, message, headers)


class Endpoint:
    """A handler as a plain ASGI application: Starlette's wrapper around functions costs as much as a check."""

    def __init__(self, handler: Callable[[Request], Awaitable[ASGIApp]]) -> None:
        self._handler = handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            response = await self._handler(Request(scope, receive, send))
        except Refusal as refusal:
            response = refused(refusal)
        await response(scope, receive, send)


def unserved(status: int, headers: Mapping[str, str] | None) -> Response:
    """The answer at an address or to a method that isn't served."""
    code, message = UNSERVED.get(status, ("undefined_endpoint", ""))
    return _said(status, code, message, headers)


def _said(status: int, code: str, message: str, headers: Mapping[str, str] | None) -> Response:
    return Response(msgspec.json.encode({"code": code, "message": message}), status, headers, "application/json")
