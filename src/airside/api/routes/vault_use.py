"""Using the applications' vault, `POST /t/{slug}/api/v1/vault/{encrypt,decrypt,…}`: hot paths, so plain routes.

Plaintext and data keys are base64 (RFC 4648 §4). A request has one value, or `items`, a list of them; the answer has
the same form. Every other field is refused.
"""

from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from airside.access import Contexts
from airside.admin import Bound, VaultUse
from airside.api.routes.openfga_wire import read_body
from airside.core import strict_json
from airside.core.errors import InvalidInput
from airside.core.strict_json import Json
from airside.store import RequestContext

ROOT: Final = "/t/{slug}/api/v1/vault"
MAX_BODY: Final = 512 * 1024
"""A hundred values of a few KiB, or fewer larger ones."""
LARGE: Final = tuple(
    f"{ROOT}/{end}" for end in ("encrypt", "decrypt", "rewrap", "tokenise", "detokenise", "retokenise")
)
"""What takes lists."""
_MAX_PART: Final = 64 * 1024
_UNKNOWN: Final = "contains unknown field"
"""As msgspec says it."""
B = TypeVar("B", bound=msgspec.Struct)
Context = dict[str, str]


class Plain(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A value to seal."""

    plaintext: str
    context: Context


class Opaque(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A value to open or to wrap anew."""

    ciphertext: str
    context: Context


class Bare(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A value to tokenise."""

    plaintext: str


class Standing(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A token."""

    token: str


class DataKeyBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A data key that is asked for."""

    key: str
    context: Context


class UnwrapBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A data key that is asked for again."""

    key: str
    wrapped: str
    context: Context


class VaultRoutes:
    """Each handler: read, say one verb, render."""

    def __init__(self, *, contexts: Contexts, verbs: VaultUse) -> None:
        self._contexts = contexts
        self._verbs = verbs

    def routes(self) -> list[BaseRoute]:
        """Every route."""
        handlers: dict[str, Callable[[RequestContext, dict[str, Json]], Awaitable[Json]]] = {
            "encrypt": self._encrypt,
            "decrypt": self._decrypt,
            "rewrap": self._rewrap,
            "datakeys": self._data_key,
            "datakeys/unwrap": self._unwrap,
            "tokenise": self._tokenise,
            "detokenise": self._detokenise,
            "retokenise": self._retokenise,
        }
        return [Route(f"{ROOT}/{end}", self._answering(handler), methods=["POST"]) for end, handler in handlers.items()]

    def _answering(
        self, handler: Callable[[RequestContext, dict[str, Json]], Awaitable[Json]]
    ) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            async with self._contexts.bearer(request) as ctx:
                body = strict_json.loads_object(await read_body(request, MAX_BODY), max_bytes=MAX_BODY)
                made = await handler(ctx, body)
            return Response(strict_json.dumps(made), 200, {"cache-control": "no-store"}, "application/json")

        return answer

    async def _encrypt(self, ctx: RequestContext, body: dict[str, Json]) -> Json:
        key, items, many = _split(body, Plain)
        values = [Bound(_bytes(item.plaintext), item.context) for item in items]
        return _joined([{"ciphertext": text} for text in await self._verbs.encrypt(ctx, key, values)], many)

    async def _decrypt(self, ctx: RequestContext, body: dict[str, Json]) -> Json:
        key, items, many = _split(body, Opaque)
        values = [Bound(item.ciphertext, item.context) for item in items]
        return _joined([{"plaintext": _text(plain)} for plain in await self._verbs.decrypt(ctx, key, values)], many)

    async def _rewrap(self, ctx: RequestContext, body: dict[str, Json]) -> Json:
        key, items, many = _split(body, Opaque)
        values = [Bound(item.ciphertext, item.context) for item in items]
        return _joined([{"ciphertext": text} for text in await self._verbs.rewrap(ctx, key, values)], many)

    async def _data_key(self, ctx: RequestContext, body: dict[str, Json]) -> Json:
        asked = _converted(body, DataKeyBody)
        plaintext, wrapped = await self._verbs.data_key(ctx, asked.key, asked.context)
        return {"plaintext": _text(plaintext.reveal()), "wrapped": wrapped}

    async def _unwrap(self, ctx: RequestContext, body: dict[str, Json]) -> Json:
        asked = _converted(body, UnwrapBody)
        found = await self._verbs.unwrap(ctx, asked.key, Bound(asked.wrapped, asked.context))
        return {"plaintext": _text(found.reveal())}

    async def _tokenise(self, ctx: RequestContext, body: dict[str, Json]) -> Json:
        field = _taken(body, "field")
        key, items, many = _split(body, Bare)
        values = [_bytes(item.plaintext) for item in items]
        return _joined([{"token": text} for text in await self._verbs.tokenise(ctx, key, field, values)], many)

    async def _detokenise(self, ctx: RequestContext, body: dict[str, Json]) -> Json:
        field = _taken(body, "field")
        key, items, many = _split(body, Standing)
        found = await self._verbs.detokenise(ctx, key, field, [item.token for item in items])
        return _joined([{"plaintext": _text(plain)} for plain in found], many)

    async def _retokenise(self, ctx: RequestContext, body: dict[str, Json]) -> Json:
        field = _taken(body, "field")
        key, items, many = _split(body, Standing)
        found = await self._verbs.retokenise(ctx, key, field, [item.token for item in items])
        return _joined([{"token": text} for text in found], many)


def _split(body: dict[str, Json], kind: type[B]) -> tuple[str, list[B], bool]:
    """The key's name, the values, and whether they came as a list."""
    key = _taken(body, "key")
    items = body.get("items")
    if not isinstance(items, list):
        return key, [_converted(body, kind)], False
    if len(body) > 1:
        raise InvalidInput("either one value or items", pointer="items")
    return key, [_converted(item, kind) for item in items], True


def _joined(made: list[Json], many: bool) -> Json:
    return {"items": made} if many else made[0]


def _taken(body: dict[str, Json], name: str) -> str:
    value = body.pop(name, None)
    if not isinstance(value, str):
        raise InvalidInput("a string is expected", pointer=name)
    return value


def _converted(value: Any, kind: type[B]) -> B:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        reason = str(error)
        # An unknown field is quoted there, and a hasty hand may have named it by the value.
        raise InvalidInput("unknown field" if _UNKNOWN in reason else reason, pointer="body") from None


def _bytes(text: str) -> bytes:
    if len(text) > _MAX_PART:
        raise InvalidInput("over the cap of a sealed field", pointer="plaintext")
    try:
        value = b64decode(text, validate=True)
    except (Error, ValueError):
        raise InvalidInput("base64 is expected", pointer="plaintext") from None
    if _text(value) != text:
        raise InvalidInput("base64 is expected", pointer="plaintext")
    return value


def _text(value: bytes) -> str:
    return b64encode(value).decode()
