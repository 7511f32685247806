"""What a client sends, read strictly: one form, each parameter once, nothing secret in a URL."""

from typing import Final

from starlette.requests import Request

from airside.core.errors import InvalidInput
from airside.protocols.oauth import parse_form

FORM: Final = "application/x-www-form-urlencoded"
MAX_QUERY: Final = 16 * 1024


async def read_body(request: Request) -> dict[str, str]:
    """The form in the body.

    Raises:
        InvalidInput: another content type, parameters in the URL (where secrets would be logged), several
            Authorization headers, or a malformed form.
        TooLarge: over the cap.
    """
    kind, _, _ = request.headers.get("content-type", "").partition(";")
    if kind.strip().lower() != FORM:
        raise InvalidInput("a form is expected")
    if request.scope["query_string"]:
        raise InvalidInput("parameters belong into the body")
    if len(request.headers.getlist("authorization")) > 1:
        raise InvalidInput("several Authorization headers")
    return parse_form(await request.body())


def read_query(request: Request) -> dict[str, str]:
    """The parameters of the URL.

    Raises:
        InvalidInput: malformed, or one of them twice.
        TooLarge: over the cap.
    """
    return parse_form(request.scope["query_string"], max_bytes=MAX_QUERY)
