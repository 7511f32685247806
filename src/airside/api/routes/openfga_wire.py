"""The bodies of OpenFGA's HTTP API, read strictly and without ceremony; its tokens; its headers."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from functools import lru_cache
from typing import Annotated, Any, Final, Literal, Protocol, TypeAlias, TypeVar

import msgspec
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp

from airside.core import strict_json
from airside.core.errors import InvalidInput, TooLarge, UnsupportedMedia
from airside.core.strict_json import Json, dumps
from airside.permissions import NO_TERMS, AtLeast, Grant, Terms, TupleKey, is_public
from airside.permissions.condition_values import timestamp, values_of
from airside.permissions.refusals import InvalidQuestion, StoreNotFound
from airside.store import RequestContext

JSON_TYPE: Final = "application/json"
MAX_BODY: Final = 64 * 1024
MAX_LARGE_BODY: Final = 256 * 1024
"""Bytes of a write, a batch or a model."""
MAX_PAGE: Final = 100
MAX_TOKEN: Final = 4096
CONSISTENCY_TOKEN: Final = "airside-consistency-token"
_TOKEN_HEADER: Final = CONSISTENCY_TOKEN.lower().encode()

Consistency = Literal["UNSPECIFIED", "MINIMIZE_LATENCY", "HIGHER_CONSISTENCY"]
OnConflict = Literal["error", "ignore", ""]
PageSize = Annotated[int, msgspec.Meta(ge=1, le=MAX_PAGE)]
B = TypeVar("B")
Handler: TypeAlias = Callable[[Request], Awaitable[ASGIApp]]


class ContextFor(Protocol):
    """Authenticates the request's credential, finds its tenant, and opens the context of a caller who may `need`
    (`permissions:check`, `permissions:read`, `permissions:write`)."""

    def __call__(self, request: Request, need: str) -> AbstractAsyncContextManager[RequestContext]:
        """Raises: Unauthenticated, Forbidden."""
        ...


class NamedCondition(msgspec.Struct):
    """A condition of the model, and the tuple's own values for it."""

    name: str
    context: dict[str, Any] | None = None


class Key(msgspec.Struct):
    """A tuple to be written. `expires_at` (RFC 3339) is our own: OpenFGA's clients don't send it."""

    user: str
    relation: str
    object: str
    condition: NamedCondition | None = None
    expires_at: str | None = None

    def grant(self) -> Grant:
        """Raises:
        InvalidQuestion: a condition without a name, or a malformed moment.
        """
        key = TupleKey(self.user, self.relation, self.object)
        if self.condition is None and self.expires_at is None:
            return Grant(key)
        named = self.condition
        if named is not None and not named.name:
            raise InvalidQuestion("a condition must have a name")
        ends = None if self.expires_at is None else timestamp(self.expires_at)
        context = dumps(named.context) if named is not None and named.context else b""
        return Grant(key, Terms("" if named is None else named.name, context, ends))


class Keys(msgspec.Struct):
    tuple_keys: list[Key] = []


class CheckBody(msgspec.Struct):
    tuple_key: TupleKey
    contextual_tuples: Keys | None = None
    authorization_model_id: str | None = None
    context: dict[str, Any] | None = None
    consistency: Consistency | None = None
    trace: bool | None = None


class BatchItem(msgspec.Struct):
    tuple_key: TupleKey
    correlation_id: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{1,36}$")]
    contextual_tuples: Keys | None = None
    context: dict[str, Any] | None = None


class BatchBody(msgspec.Struct):
    checks: Annotated[list[BatchItem], msgspec.Meta(min_length=1)]
    authorization_model_id: str | None = None
    consistency: Consistency | None = None


class WriteKeys(msgspec.Struct):
    tuple_keys: Annotated[list[Key], msgspec.Meta(min_length=1)]
    on_duplicate: OnConflict = ""


class DeleteKeys(msgspec.Struct):
    tuple_keys: Annotated[list[TupleKey], msgspec.Meta(min_length=1)]
    on_missing: OnConflict = ""


class WriteBody(msgspec.Struct):
    writes: WriteKeys | None = None
    deletes: DeleteKeys | None = None
    authorization_model_id: str | None = None


class PartialKey(msgspec.Struct):
    user: str = ""
    relation: str = ""
    object: str = ""


class ReadBody(msgspec.Struct):
    tuple_key: PartialKey | None = None
    page_size: PageSize | None = None
    continuation_token: str = ""
    consistency: Consistency | None = None


class ExpandKey(msgspec.Struct):
    relation: str
    object: str


class ExpandBody(msgspec.Struct):
    tuple_key: ExpandKey
    authorization_model_id: str | None = None
    consistency: Consistency | None = None
    contextual_tuples: Keys | None = None


class ListObjectsBody(msgspec.Struct):
    type: str
    relation: str
    user: str
    authorization_model_id: str | None = None
    contextual_tuples: Keys | None = None
    context: dict[str, Any] | None = None
    consistency: Consistency | None = None


class ObjectBody(msgspec.Struct):
    type: str
    id: str


class UserFilter(msgspec.Struct):
    type: str
    relation: str = ""


class ListUsersBody(msgspec.Struct):
    object: ObjectBody
    relation: str
    user_filters: Annotated[list[UserFilter], msgspec.Meta(min_length=1, max_length=1)]
    authorization_model_id: str | None = None
    contextual_tuples: list[Key] = []
    context: dict[str, Any] | None = None
    consistency: Consistency | None = None


class StoreBody(msgspec.Struct):
    name: str


def store_of(request: Request) -> str:
    """The store that the path names.

    Raises:
        StoreNotFound: its name isn't one of a tenant's own store.
    """
    store_id = str(request.path_params["store_id"])
    if not is_public(store_id):
        raise StoreNotFound("no such store")
    return store_id


def answer(value: Any, *, status: int = 200, seen: tuple[str, int] | None = None) -> Response:
    """`value` as JSON; `seen` is the store and the revision that it was read at."""
    headers: Mapping[str, str] | None = None if seen is None else {CONSISTENCY_TOKEN: consistency_token(*seen)}
    return Response(msgspec.json.encode(value), status, headers, "application/json")


async def read_body(request: Request, cap: int) -> bytes:
    """The JSON body, read no further than `cap`.

    Raises:
        UnsupportedMedia: it doesn't say that it is JSON.
        TooLarge: it goes on.
    """
    kind = _header(request, b"content-type") or ""
    if kind != JSON_TYPE and kind.partition(";")[0].strip().lower() != JSON_TYPE:
        raise UnsupportedMedia("application/json is expected")
    body = b""
    while True:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunk = message.get("body", b"")
        body = body + chunk if body else chunk
        if len(body) > cap:
            raise TooLarge("body over its cap", max_bytes=cap)
        if not message.get("more_body", False):
            return body


def _header(request: Request, name: bytes) -> str | None:
    for key, value in request.scope["headers"]:
        if key == name:
            return value.decode("latin-1")
    return None


def decode(body: bytes, kind: type[B], cap: int = MAX_BODY) -> B:
    """`body` as a `kind`. Unknown fields are ignored, as OpenFGA ignores them, and a field that is null isn't there:
    its clients in Go send empty lists so. JSON itself is read strictly.

    Raises:
        InvalidQuestion: not JSON, or another shape.
        TooLarge: over `cap`.
    """
    try:
        value = strict_json.loads(body, max_bytes=cap)
    except InvalidInput as error:
        raise InvalidQuestion(error.reason) from None
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        if b"null" not in body:
            raise InvalidQuestion(str(error)) from None
    try:
        return msgspec.convert(_without_nulls(value), kind)
    except msgspec.ValidationError as error:
        raise InvalidQuestion(str(error)) from None


def _without_nulls(value: Json) -> Json:
    """`value` without the fields that are null, but for those of a condition's context, which are its own."""
    if isinstance(value, list):
        return [_without_nulls(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        name: each if name == "context" else _without_nulls(each) for name, each in value.items() if each is not None
    }


def contextual(keys: Keys | list[Key] | None) -> tuple[Grant, ...]:
    """Contextual tuples as the engine takes them.

    Raises:
        InvalidQuestion: one has malformed terms.
    """
    if keys is None:
        return ()
    return tuple(key.grant() for key in (keys.tuple_keys if isinstance(keys, Keys) else keys))


def tuple_told(key: TupleKey, terms: Terms) -> "TupleKey | dict[str, Json | datetime]":
    """A stored tuple as the API answers it."""
    if terms == NO_TERMS:
        return key
    told: dict[str, Json | datetime] = {"user": key.user, "relation": key.relation, "object": key.object}
    if terms.condition:
        told["condition"] = {"name": terms.condition, "context": values_of(terms)}
    if terms.expires_at is not None:
        told["expires_at"] = terms.expires_at
    return told


@lru_cache(maxsize=1024)
def consistency_token(store_id: str, revision: int) -> str:
    """A revision of a store, as a client carries it."""
    return urlsafe_b64encode(f"{store_id}:{revision}".encode()).decode()


def at_least(request: Request, store_id: str, consistency: Consistency | None) -> AtLeast:
    """What the answer must have seen: the head, or the revision of the token presented.

    Raises:
        InvalidQuestion: a token that this store never gave.
    """
    return wanted(_header(request, _TOKEN_HEADER), store_id, consistency)


def wanted(token: str | None, store_id: str, consistency: Consistency | None) -> AtLeast:
    """As `at_least`, of the token that the request's header carries.

    Raises:
        InvalidQuestion: a token that this store never gave.
    """
    if consistency == "HIGHER_CONSISTENCY":
        return "head"
    if token is None:
        return None
    try:
        named, _, revision = urlsafe_b64decode(token[:MAX_TOKEN].encode("ascii")).decode("ascii").partition(":")
    except ValueError:
        raise InvalidQuestion("malformed consistency token") from None
    if named != store_id or not revision.isdecimal() or len(revision) > 18:
        raise InvalidQuestion("consistency token of another store")
    return int(revision)
