"""The room's one table: refusal → SCIM error (RFC 7644 §3.12). What isn't in it goes on to the server's own last door,
silent to the caller and loud in the log."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from scim2_models import (
    ForbiddenException,
    InvalidValueException,
    NotFoundException,
    PayloadTooLargeException,
    PreconditionFailedException,
    SCIMException,
    TooManyException,
    UnauthorizedException,
    UniquenessException,
)

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
)
from airside.federation.scim.model import Stale, TooMany
from airside.shield import come_again

TABLE: Final[dict[type[Refusal], tuple[type[SCIMException], str]]] = {
    Unauthenticated: (UnauthorizedException, "A bearer token of a connection is needed."),
    Forbidden: (ForbiddenException, "Not allowed."),
    NotFound: (NotFoundException, "There is nothing here, or it isn't yours."),
    QuotaExceeded: (ForbiddenException, "The tenant's plan has no room for another one."),
    Conflict: (UniquenessException, "Somebody else has it already, or it can't be taken away now."),
    Stale: (PreconditionFailedException, "It has changed since it was read."),
    TooMany: (TooManyException, "More than one request may look at: narrow it down."),
    TooLarge: (PayloadTooLargeException, "More bytes than are taken."),
    InvalidInput: (InvalidValueException, ""),
}


class LimitedException(SCIMException):
    """429, with no scimType."""

    status = 429
    _default_detail = "Too many requests"


class AwayException(SCIMException):
    """503, with no scimType."""

    status = 503
    _default_detail = "A needed part is away; try again"


def scim_error(refusal: Refusal) -> SCIMException | None:
    """How `refusal` is told; None for what no caller is told of."""
    if isinstance(refusal, LimitExceeded):
        return LimitedException()
    if isinstance(refusal, Unavailable):
        return AwayException()
    for kind in type(refusal).__mro__:
        if kind in TABLE:
            error, detail = TABLE[kind]
            return error(detail=detail or _words(refusal))
    return None


def retry_after(error: BaseException | None) -> dict[str, str]:
    """The headers beside an error that is over by itself."""
    if isinstance(error, LimitExceeded | Unavailable):
        return come_again(error)
    return {}


@contextmanager
def told() -> Generator[None]:
    """Refusals of the rooms as SCIM errors; what no table knows goes on."""
    try:
        yield
    except Refusal as refusal:
        error = scim_error(refusal)
        if error is None:
            raise
        raise error from refusal


def _words(refusal: Refusal) -> str:
    pointer = refusal.data.get("pointer")
    return f"{pointer}: {refusal.reason}" if pointer else refusal.reason
