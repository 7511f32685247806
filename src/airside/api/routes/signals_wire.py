"""JSON bodies of the Shared Signals Framework: members that aren't known are passed over, as it asks."""

from starlette.requests import Request
from starlette.responses import Response

from airside.api.routes.oauth import NO_STORE
from airside.core.errors import InvalidInput, UnsupportedMedia
from airside.core.strict_json import Json, dumps, loads_object


def json_answer(body: Json, status: int = 200) -> Response:
    """Never kept by anybody on its way."""
    return Response(dumps(body), status, NO_STORE, "application/json")


async def read_body(request: Request) -> dict[str, Json]:
    """Raises: UnsupportedMedia, InvalidInput."""
    kind, _, _ = request.headers.get("content-type", "").partition(";")
    if kind.strip().lower() != "application/json":
        raise UnsupportedMedia("application/json is expected")
    return loads_object(await request.body())


def text_of(body: dict[str, Json], name: str) -> str | None:
    """A word, if there is one. Raises: InvalidInput."""
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise InvalidInput("text is expected", pointer=name)
    return value


def words_of(body: dict[str, Json], name: str) -> list[str] | None:
    """Words, if there are any. Raises: InvalidInput."""
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise InvalidInput("a list of words is expected", pointer=name)
    return [str(each) for each in value]


def count_of(body: dict[str, Json], name: str, usual: int) -> int:
    """A number, or the usual one. Raises: InvalidInput."""
    value = body.get(name, usual)
    if type(value) is not int or value < 0:
        raise InvalidInput("a number is expected", pointer=name)
    return value
