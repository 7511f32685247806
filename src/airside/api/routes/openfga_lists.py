"""OpenFGA's questions with many answers: expand, list-objects, list-users."""

from starlette.requests import Request
from starlette.responses import Response

from airside.api.routes.openfga_wire import (
    MAX_BODY,
    MAX_LARGE_BODY,
    Consistency,
    ContextFor,
    ExpandBody,
    Key,
    Keys,
    ListObjectsBody,
    ListUsersBody,
    answer,
    at_least,
    contextual,
    decode,
    read_body,
    store_of,
)
from airside.core.strict_json import Json
from airside.permissions import Permissions, View


class ListRoutes:
    """Lists are complete or refused, never cut."""

    def __init__(self, permissions: Permissions, context: ContextFor) -> None:
        self._lists = permissions.lists
        self._context = context

    async def expand(self, request: Request) -> Response:
        """`POST …/expand`."""
        async with self._context(request, "permissions:check") as ctx:
            store_id = store_of(request)
            body = decode(await read_body(request, MAX_BODY), ExpandBody)
            view = _view(request, store_id, body.authorization_model_id, body.consistency, body.contextual_tuples)
            key = body.tuple_key
            expanded = await self._lists.expand(ctx, view, object_=key.object, relation=key.relation)
        return answer({"tree": {"root": expanded.tree}}, seen=(store_id, expanded.revision))

    async def objects(self, request: Request) -> Response:
        """`POST …/list-objects`."""
        async with self._context(request, "permissions:check") as ctx:
            store_id = store_of(request)
            body = decode(await read_body(request, MAX_LARGE_BODY), ListObjectsBody, MAX_LARGE_BODY)
            view = _view(request, store_id, body.authorization_model_id, body.consistency, body.contextual_tuples)
            listed = await self._lists.objects(
                ctx, view, subject=body.user, relation=body.relation, type_name=body.type
            )
        return answer({"objects": listed.words}, seen=(store_id, listed.revision))

    async def users(self, request: Request) -> Response:
        """`POST …/list-users`."""
        async with self._context(request, "permissions:check") as ctx:
            store_id = store_of(request)
            body = decode(await read_body(request, MAX_LARGE_BODY), ListUsersBody, MAX_LARGE_BODY)
            view = _view(request, store_id, body.authorization_model_id, body.consistency, body.contextual_tuples)
            wanted = body.user_filters[0]
            listed = await self._lists.users(
                ctx,
                view,
                object_=f"{body.object.type}:{body.object.id}",
                relation=body.relation,
                kind=f"{wanted.type}#{wanted.relation}" if wanted.relation else wanted.type,
            )
        return answer({"users": [_user(word) for word in listed.words]}, seen=(store_id, listed.revision))


def _view(
    request: Request,
    store_id: str,
    model_id: str | None,
    consistency: Consistency | None,
    tuples: Keys | list[Key] | None,
) -> View:
    return View(store_id, model_id or None, at_least(request, store_id, consistency), contextual(tuples))


def _user(word: str) -> Json:
    name, _, relation = word.partition("#")
    type_name, _, id_ = name.partition(":")
    if relation:
        return {"userset": {"type": type_name, "id": id_, "relation": relation}}
    if id_ == "*":
        return {"wildcard": {"type": type_name}}
    return {"object": {"type": type_name, "id": id_}}
