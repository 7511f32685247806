"""OpenFGA's operations on what is stored: stores, models, tuples and their history."""

from datetime import datetime
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from airside.api.routes.openfga_pages import Pages
from airside.api.routes.openfga_wire import (
    MAX_BODY,
    MAX_LARGE_BODY,
    MAX_PAGE,
    ContextFor,
    PartialKey,
    ReadBody,
    StoreBody,
    WriteBody,
    answer,
    decode,
    read_body,
    store_of,
    tuple_told,
)
from airside.core import strict_json
from airside.core.errors import InvalidInput
from airside.core.strict_json import Json
from airside.permissions import Change, Filter, Permissions, Store, StoredModel, TupleKey
from airside.permissions.language import from_json, to_json
from airside.permissions.models import NEWEST
from airside.permissions.refusals import InvalidQuestion, UnsupportedSchema
from airside.permissions.tuples import BEGINNING
from airside.permissions.words import split_object, split_subject

DEFAULT_PAGE: Final = 50
_OPERATIONS: Final = {"write": "TUPLE_OPERATION_WRITE", "delete": "TUPLE_OPERATION_DELETE"}


class DataRoutes:
    """Each handler: read, say one verb, render."""

    def __init__(self, permissions: Permissions, context: ContextFor, pages: Pages) -> None:
        self._stores = permissions.stores
        self._models = permissions.models
        self._tuples = permissions.tuples
        self._context = context
        self._pages = pages

    async def create_store(self, request: Request) -> Response:
        """`POST /stores`."""
        async with self._context(request, "permissions:write") as ctx:
            body = decode(await read_body(request, MAX_BODY), StoreBody)
            store = await self._stores.create(ctx, body.name)
        return answer(_store(store), status=201)

    async def list_stores(self, request: Request) -> Response:
        """`GET /stores`."""
        async with self._context(request, "permissions:read") as ctx:
            name, size = request.query_params.get("name", ""), _page_size(request)
            after = await self._pages.position(ctx, _token(request), f"stores {name}") or [""]
            stores = await self._stores.list(ctx, after=after[0], name=name, limit=size + 1)
            last = stores[size - 1].id if len(stores) > size else None
            following = "" if last is None else await self._pages.token(ctx, f"stores {name}", last)
        return answer({"stores": [_store(store) for store in stores[:size]], "continuation_token": following})

    async def get_store(self, request: Request) -> Response:
        """`GET /stores/{store_id}`."""
        async with self._context(request, "permissions:read") as ctx:
            store = await self._stores.get(ctx, store_of(request))
        return answer(_store(store))

    async def delete_store(self, request: Request) -> Response:
        """`DELETE /stores/{store_id}`."""
        async with self._context(request, "permissions:write") as ctx:
            await self._stores.delete(ctx, store_of(request))
        return Response(status_code=204)

    async def write_model(self, request: Request) -> Response:
        """`POST …/authorization-models`."""
        async with self._context(request, "permissions:write") as ctx:
            store_id = store_of(request)
            model = from_json(await _json(request))
            if not model.schema_version:
                raise UnsupportedSchema("schema version required")
            if not model.types:
                raise InvalidQuestion("type_definitions must name at least one type")
            kept = await self._models.write(ctx, store_id, model)
        return answer({"authorization_model_id": kept.id}, status=201)

    async def get_model(self, request: Request) -> Response:
        """`GET …/authorization-models/{id}`."""
        async with self._context(request, "permissions:read") as ctx:
            model = await self._models.get(ctx, store_of(request), str(request.path_params["model_id"]))
        return answer({"authorization_model": _model(model)})

    async def list_models(self, request: Request) -> Response:
        """`GET …/authorization-models`, newest first."""
        async with self._context(request, "permissions:read") as ctx:
            store_id, size = store_of(request), _page_size(request)
            query = f"models {store_id}"
            before = await self._pages.position(ctx, _token(request), query) or [NEWEST]
            models = await self._models.list(ctx, store_id, before=before[0], limit=size + 1)
            last = models[size - 1].id if len(models) > size else None
            following = "" if last is None else await self._pages.token(ctx, query, last)
        return answer(
            {"authorization_models": [_model(model) for model in models[:size]], "continuation_token": following}
        )

    async def write(self, request: Request) -> Response:
        """`POST …/write`."""
        async with self._context(request, "permissions:write") as ctx:
            store_id = store_of(request)
            body = decode(await read_body(request, MAX_LARGE_BODY), WriteBody, MAX_LARGE_BODY)
            revision = await self._tuples.write(
                ctx,
                store_id,
                writes=[key.grant() for key in body.writes.tuple_keys] if body.writes else (),
                deletes=body.deletes.tuple_keys if body.deletes else (),
                model_id=body.authorization_model_id or None,
                on_duplicate="ignore" if body.writes and body.writes.on_duplicate == "ignore" else "error",
                on_missing="ignore" if body.deletes and body.deletes.on_missing == "ignore" else "error",
            )
        return answer({}, seen=(store_id, revision))

    async def read(self, request: Request) -> Response:
        """`POST …/read`."""
        async with self._context(request, "permissions:read") as ctx:
            store_id = store_of(request)
            body = decode(await read_body(request, MAX_BODY), ReadBody)
            wanted, size = _filter(body.tuple_key), body.page_size or DEFAULT_PAGE
            query = f"read {store_id} {wanted}"
            after = await self._pages.position(ctx, body.continuation_token, query)
            last = None if after is None else TupleKey(*after)
            found = await self._tuples.read(ctx, store_id, wanted, after=last, limit=size + 1)
            following = ""
            if len(found) > size:
                last = found[size - 1].key
                following = await self._pages.token(ctx, query, last.user, last.relation, last.object)
        tuples = [{"key": tuple_told(each.key, each.terms), "timestamp": each.created_at} for each in found[:size]]
        return answer({"tuples": tuples, "continuation_token": following})

    async def changes(self, request: Request) -> Response:
        """`GET …/changes`: the token is always given, and goes on where this page ended."""
        async with self._context(request, "permissions:read") as ctx:
            store_id, size = store_of(request), _page_size(request)
            type_name, token = request.query_params.get("type", ""), _token(request)
            query = changes_query(store_id, type_name)
            position = await self._pages.position(ctx, token, query) or ["0"]
            changes = await self._tuples.changes(
                ctx,
                store_id,
                after=int(position[0]),
                object_type=type_name,
                since=start_time(request),
                limit=size,
            )
            reached = str(changes[-1].revision) if changes else position[0]
            following = await self._pages.token(ctx, query, reached)
        return answer({"changes": [change_told(each) for each in changes], "continuation_token": following})


async def _json(request: Request) -> Json:
    body = await read_body(request, MAX_LARGE_BODY)
    try:
        return strict_json.loads(body, max_bytes=MAX_LARGE_BODY)
    except InvalidInput as error:
        raise InvalidQuestion(error.reason) from None


def _store(store: Store) -> dict[str, Any]:
    return {"id": store.id, "name": store.name, "created_at": store.created_at, "updated_at": store.updated_at}


def _model(model: StoredModel) -> dict[str, Json]:
    return {"id": model.id, **to_json(model.model)}


def _token(request: Request) -> str:
    return request.query_params.get("continuation_token", "")


def _page_size(request: Request) -> int:
    text = request.query_params.get("page_size", str(DEFAULT_PAGE))
    if not text.isdecimal() or len(text) > 3 or not 1 <= int(text) <= MAX_PAGE:
        raise InvalidQuestion(f"page_size must be between 1 and {MAX_PAGE}")
    return int(text)


def change_told(change: Change) -> dict[str, Any]:
    """An entry of the change log, as OpenFGA tells it."""
    told = None if change.key is None else tuple_told(change.key, change.terms)
    return {"tuple_key": told, "operation": _OPERATIONS[change.operation], "timestamp": change.created_at}


def changes_query(store_id: str, type_name: str) -> str:
    """What a position in the change log belongs to."""
    return f"changes {store_id} {type_name}"


def start_time(request: Request) -> datetime:
    """The moment from which changes are wanted.

    Raises:
        InvalidQuestion: not an RFC 3339 time.
    """
    text = request.query_params.get("start_time")
    if not text:
        return BEGINNING
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidQuestion("start_time must be an RFC 3339 time") from None
    if moment.tzinfo is None:
        raise InvalidQuestion("start_time must say its offset")
    return moment


def _filter(key: PartialKey | None) -> Filter:
    """What to read: nothing for everything; else an object, or a type of object (`doc:`) and a user."""
    if key is None or not (key.user or key.relation or key.object):
        return Filter()
    type_name, colon, object_id = key.object.partition(":")
    if not colon or not type_name:
        raise InvalidQuestion("the 'object' field is required and must be spelled 'type:id' or 'type:'")
    if not object_id and not key.user:
        raise InvalidQuestion("the 'user' field is required where the object has no id")
    if object_id:
        split_object(key.object)
    return Filter(type_name, object_id, key.relation, split_subject(key.user) if key.user else None)
