"""The pages' one table from refusals to what a person reads."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from starlette.requests import Request
from starlette.responses import Response

from airside.console.render import page, retry_header
from airside.core.errors import (
    Forbidden,
    InvalidInput,
    LimitExceeded,
    NotFound,
    Refusal,
    TooLarge,
    Unauthenticated,
    Unavailable,
)

Handler: TypeAlias = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Words:
    """A status and what is said with it."""

    status: int
    title: str
    text: str


TABLE: Final[tuple[tuple[type[Refusal], Words], ...]] = (
    (NotFound, Words(404, "This page isn't here", "The link may be old, or the sign-in has expired.")),
    (Unauthenticated, Words(403, "Sign in again", "That sign-in can't go on. Please start again.")),
    (Forbidden, Words(403, "This form has expired", "Nothing was changed. Please start again.")),
    (TooLarge, Words(413, "That was too much", "Nothing was changed. Please start again.")),
    (InvalidInput, Words(400, "That can't be read", "Nothing was changed. Please start again.")),
    (LimitExceeded, Words(429, "Too many attempts", "Please wait a moment, then try again.")),
    (Unavailable, Words(503, "Back in a moment", "A part of this service is away. Please try again shortly.")),
)
INTERNAL: Final = Words(500, "Something went wrong", "Nothing was changed. Please try again later.")


def words_for(refusal: Refusal) -> Words:
    """What is said of `refusal`: the first row of its class or a base of it; silent about anything else."""
    return next((words for kind, words in TABLE if isinstance(refusal, kind)), INTERNAL)


def refusal_page(request: Request, refusal: Refusal) -> Response:
    """The page for `refusal`, with the way back to a new sign-in."""
    words = words_for(refusal)
    slug = str(request.path_params.get("slug", ""))
    again = f"/t/{slug}/signin" if slug and not isinstance(refusal, Unavailable) else ""
    retry = refusal.retry_after if isinstance(refusal, LimitExceeded | Unavailable) else None
    headers = {} if retry is None else retry_header(retry)
    return page("message.html", status=words.status, headers=headers, words=words, again=again, brand="")


def guarded(handler: Handler) -> Handler:
    """`handler`, whose refusals become pages. What a stranger can't cause goes on to the log."""

    async def guard(request: Request) -> Response:
        try:
            return await handler(request)
        except Refusal as refusal:
            if words_for(refusal) is INTERNAL:
                raise
            return refusal_page(request, refusal)

    return guard
