"""The pages' one table from refusals to what a person reads."""

from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple, TypeAlias

from starlette.requests import Request
from starlette.responses import Response

from airside.console.brand import NOBODY
from airside.console.language import Language, choose
from airside.console.render import page
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
)
from airside.shield import come_again

Handler: TypeAlias = Callable[[Request], Awaitable[Response]]


class Said(NamedTuple):
    """A status, and the member of the words' family `refusal` that is said with it."""

    status: int
    words: str


TABLE: Final[tuple[tuple[type[Refusal], Said], ...]] = (
    (NotFound, Said(404, "missing")),
    (Unauthenticated, Said(403, "unproven")),
    (ReadOnly, Said(403, "locked")),
    (Banned, Said(403, "banned")),
    (Forbidden, Said(403, "stale")),
    (QuotaExceeded, Said(409, "full")),
    (Conflict, Said(409, "taken")),
    (TooLarge, Said(413, "large")),
    (InvalidInput, Said(400, "unreadable")),
    (LimitExceeded, Said(429, "limited")),
    (Unavailable, Said(503, "away")),
)
INTERNAL: Final = Said(500, "internal")


def said_of(refusal: Refusal) -> Said:
    """What is said of `refusal`: the first row of its class or a base of it; silent about anything else."""
    return next((said for kind, said in TABLE if isinstance(refusal, kind)), INTERNAL)


def language_of(request: Request, default: str = "") -> Language:
    """What the request's browser wants to read, of what we have."""
    return choose(request.headers.get("accept-language", ""), default)


def refusal_page(request: Request, refusal: Refusal) -> Response:
    """The page for `refusal`, with the way back to a new sign-in."""
    said = said_of(refusal)
    slug = str(request.path_params.get("slug", ""))
    again = f"/t/{slug}/signin" if slug and not isinstance(refusal, Unavailable) else ""
    language = language_of(request)
    return page(
        "message.html",
        language,
        brand=NOBODY,
        status=said.status,
        headers=come_again(refusal) if isinstance(refusal, LimitExceeded | Unavailable) else {},
        title=language.of("refusal", said.words, "title"),
        text=language.of("refusal", said.words, "text"),
        onward=again,
        onward_words=language("refusal.again"),
    )


def guarded(handler: Handler) -> Handler:
    """`handler`, whose refusals become pages. What a stranger can't cause goes on to the log."""

    async def guard(request: Request) -> Response:
        try:
            return await handler(request)
        except Refusal as refusal:
            if said_of(refusal) is INTERNAL:
                raise
            return refusal_page(request, refusal)

    return guard
