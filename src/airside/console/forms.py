"""What a browser sent, within bounds: its form's fields and its cookies."""

from collections.abc import Sequence
from typing import Final
from urllib.parse import parse_qsl

from starlette.requests import Request

from airside.core.errors import InvalidInput, TooLarge
from airside.core.secret import Secret
from airside.shield import cookies

MAX_FORM: Final = 16 * 1024
MAX_FIELDS: Final = 16
FORM_TYPE: Final = "application/x-www-form-urlencoded"


async def read_form(request: Request, names: Sequence[str], max_bytes: int = MAX_FORM) -> dict[str, str]:
    """The fields `names` of a form post; a field that wasn't sent is empty.

    Raises:
        TooLarge: more than `max_bytes`.
        InvalidInput: not such a form, not UTF-8, another field, or one twice.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM_TYPE:
        raise InvalidInput("not a form")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > max_bytes:
            raise TooLarge("form over its cap", max_bytes=max_bytes)
    try:
        pairs = parse_qsl(body.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS)
    except ValueError:
        raise InvalidInput("not a form") from None
    fields = dict(pairs)
    if len(fields) != len(pairs) or not fields.keys() <= set(names):
        raise InvalidInput("unknown or repeated field")
    return {name: fields.get(name, "") for name in names}


def read_cookie(request: Request, name: str) -> Secret[str] | None:
    """The secret in the cookie `name`, if it is there.

    Raises:
        InvalidInput: cookies over their cap, or planted twice.
    """
    value = cookies.parse([value for key, value in request.scope["headers"] if key == b"cookie"]).get(name)
    return Secret(value) if value else None
