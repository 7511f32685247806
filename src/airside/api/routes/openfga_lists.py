"""OpenFGA's questions with many answers: expand, list-objects, list-users.

Lists are complete or refused, never cut. Who wants pages says so in a header, and gets with each the token of the
next; the body stays OpenFGA's.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from airside.api.routes.openfga_pages import Pages, Turn, query_of
from airside.api.routes.openfga_wire import (
    CONSISTENCY_TOKEN,
    JSON_TYPE,
    MAX_BODY,
    MAX_LARGE_BODY,
    CheckBody,
    Consistency,
    ContextFor,
    ExpandBody,
    Key,
    Keys,
    ListObjectsBody,
    ListUsersBody,
    answer,
    at_least,
    consistency_token,
    contextual,
    decode,
    read_body,
    store_of,
)
from airside.core.strict_json import Json
from airside.permissions import Permissions, View
from airside.permissions.filter import fragment
from airside.permissions.lists import Listed
from airside.permissions.model import NO_CONTEXT
from airside.permissions.refusals import InvalidQuestion
from airside.store import RequestContext

PAGE_SIZE: Final = "airside-page-size"
CONTINUATION: Final = "airside-continuation-token"
MAX_LISTED: Final = 1000
"""Answers on one page of a list, and as many as it has where a token comes without a size."""
_LINES: Final = 500
"""Answers that leave together in a stream."""


class ListRoutes:
    """Each handler: read, say one verb, render."""

    def __init__(self, permissions: Permissions, context: ContextFor, pages: Pages) -> None:
        self._lists = permissions.lists
        self._context = context
        self._pages = pages

    async def expand(self, request: Request) -> Response:
        """`POST …/expand`."""
        async with self._context(request, "permissions:check") as ctx:
            store_id = store_of(request)
            body = decode(await read_body(request, MAX_BODY), ExpandBody)
            view = view_of(request, store_id, body.authorization_model_id, body.consistency, body.contextual_tuples)
            key = body.tuple_key
            expanded = await self._lists.expand(ctx, view, object_=key.object, relation=key.relation)
        return answer({"tree": {"root": expanded.tree}}, seen=(store_id, expanded.revision))

    async def explain(self, request: Request) -> Response:
        """`POST …/explain`: a check's body; the answer and why it is so, as a tree and as text."""
        async with self._context(request, "permissions:check") as ctx:
            store_id = store_of(request)
            body = decode(await read_body(request, MAX_BODY), CheckBody)
            view = view_of(
                request,
                store_id,
                body.authorization_model_id,
                body.consistency,
                body.contextual_tuples,
                body.context,
            )
            key = body.tuple_key
            told = await self._lists.explain(ctx, view, subject=key.user, relation=key.relation, object_=key.object)
        return answer(
            {"allowed": told.allowed, "explanation": told.step, "missing": told.missing, "text": str(told)},
            seen=(store_id, told.revision),
        )

    async def objects(self, request: Request) -> Response:
        """`POST …/list-objects`."""
        async with self._context(request, "permissions:check") as ctx:
            turn, listed = await self._objects(request, ctx)
            words, following = await self._pages.cut(ctx, turn, listed)
        return _page({"objects": words}, following, (store_of(request), listed.revision))

    async def filter(self, request: Request) -> Response:
        """`GET …/filter?type=&relation=&user=`: list-objects as SQL. `column`, `id_type` and `paramstyle` fit it to
        the application's statement."""
        async with self._context(request, "permissions:check") as ctx:
            store_id, query = store_of(request), request.query_params
            view = view_of(request, store_id, query.get("authorization_model_id"), None)
            listed = await self._lists.objects(
                ctx,
                view,
                subject=query.get("user", ""),
                relation=query.get("relation", ""),
                type_name=query.get("type", ""),
            )
            found = fragment(
                listed.words,
                column=query.get("column", "id"),
                id_type=query.get("id_type", "text"),
                paramstyle=query.get("paramstyle", "numeric"),
            )
        return answer({"where": found.where, "join": found.join, "ids": found.ids}, seen=(store_id, listed.revision))

    async def streamed_objects(self, request: Request) -> Response:
        """`POST …/streamed-list-objects`: one JSON document a line."""
        async with self._context(request, "permissions:check") as ctx:
            _, listed = await self._objects(request, ctx)
        headers = {CONSISTENCY_TOKEN: consistency_token(store_of(request), listed.revision)}
        return StreamingResponse(_lines(listed.words), headers=headers, media_type=JSON_TYPE)

    async def users(self, request: Request) -> Response:
        """`POST …/list-users`."""
        async with self._context(request, "permissions:check") as ctx:
            store_id = store_of(request)
            body = decode(await read_body(request, MAX_LARGE_BODY), ListUsersBody, MAX_LARGE_BODY)
            turn = await self._turn(request, ctx, query_of("list-users", store_id, body))
            view = view_of(
                request,
                store_id,
                body.authorization_model_id,
                body.consistency,
                body.contextual_tuples,
                body.context,
                turn,
            )
            wanted = body.user_filters[0]
            listed = await self._lists.users(
                ctx,
                view,
                object_=f"{body.object.type}:{body.object.id}",
                relation=body.relation,
                kind=f"{wanted.type}#{wanted.relation}" if wanted.relation else wanted.type,
            )
            words, following = await self._pages.cut(ctx, turn, listed)
        return _page({"users": [_user(word) for word in words]}, following, (store_id, listed.revision))

    async def _objects(self, request: Request, ctx: RequestContext) -> tuple[Turn, Listed]:
        store_id = store_of(request)
        body = decode(await read_body(request, MAX_LARGE_BODY), ListObjectsBody, MAX_LARGE_BODY)
        turn = await self._turn(request, ctx, query_of("list-objects", store_id, body))
        view = view_of(
            request,
            store_id,
            body.authorization_model_id,
            body.consistency,
            body.contextual_tuples,
            body.context,
            turn,
        )
        listed = await self._lists.objects(ctx, view, subject=body.user, relation=body.relation, type_name=body.type)
        return turn, listed

    async def _turn(self, request: Request, ctx: RequestContext, query: str) -> Turn:
        token, size = request.headers.get(CONTINUATION, ""), request.headers.get(PAGE_SIZE)
        if size is None:
            return await self._pages.turn(ctx, query, token, MAX_LISTED if token else None)
        if not (size.isascii() and size.isdecimal()) or len(size) > 4 or not 1 <= int(size) <= MAX_LISTED:
            raise InvalidQuestion(f"{PAGE_SIZE} must be between 1 and {MAX_LISTED}")
        return await self._pages.turn(ctx, query, token, int(size))


def view_of(
    request: Request,
    store_id: str,
    model_id: str | None,
    consistency: Consistency | None,
    tuples: Keys | list[Key] | None = None,
    context: dict[str, Any] | None = None,
    turn: Turn | None = None,
) -> View:
    """Of which store, model and moment a request asks.

    Raises:
        InvalidQuestion: a consistency token that this store never gave.
    """
    wanted = at_least(request, store_id, consistency)
    return View(
        store_id,
        model_id or None,
        wanted if turn is None else turn.at_least(wanted),
        contextual(tuples),
        NO_CONTEXT if context is None else context,
    )


def _page(value: dict[str, Any], following: str, seen: tuple[str, int]) -> Response:
    response = answer(value, seen=seen)
    if following:
        response.headers[CONTINUATION] = following
    return response


async def _lines(words: Sequence[str]) -> AsyncIterator[bytes]:
    encode = msgspec.json.encode
    for start in range(0, len(words), _LINES):
        chunk = words[start : start + _LINES]
        yield b"".join(encode({"result": {"object": word}}) + b"\n" for word in chunk)


def _user(word: str) -> Json:
    name, _, relation = word.partition("#")
    type_name, _, id_ = name.partition(":")
    if relation:
        return {"userset": {"type": type_name, "id": id_, "relation": relation}}
    if id_ == "*":
        return {"wildcard": {"type": type_name}}
    return {"object": {"type": type_name, "id": id_}}
