"""OpenFGA's HTTP API: stores, models, tuples and questions. The tenant comes from the credential, never the path.

`check` is the hottest route of the server: decode, decide, encode, and nothing else; `openfga_check.py` answers it
without a wait where it can.
"""

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from airside.api.cursors import Cursors
from airside.api.routes.openfga_assertions import AssertionRoutes
from airside.api.routes.openfga_check import ALLOWED, CHECK, DENIED, Checked
from airside.api.routes.openfga_data import DataRoutes
from airside.api.routes.openfga_lists import ListRoutes, view_of
from airside.api.routes.openfga_pages import Pages
from airside.api.routes.openfga_plain import decode_batch, decode_check
from airside.api.routes.openfga_problems import Endpoint, describe
from airside.api.routes.openfga_stream import StreamRoutes
from airside.api.routes.openfga_sweeping import SweepRoutes
from airside.api.routes.openfga_wire import (
    MAX_BODY,
    MAX_LARGE_BODY,
    BatchItem,
    Consistency,
    ContextFor,
    Handler,
    Keys,
    answer,
    at_least,
    consistency_token,
    contextual,
    decode,
    read_body,
    store_of,
)
from airside.core.strict_json import Json
from airside.permissions import Answered, Permissions, Question
from airside.permissions.model import NO_CONTEXT
from airside.permissions.refusals import InvalidQuestion

__all__ = ["ContextFor", "routes"]


def routes(*, permissions: Permissions, context: ContextFor, cursors: Cursors, checked: Checked) -> list[Route]:
    """Every operation of OpenFGA's, and those of our own: check-relations, explain, filter,
    delete, changes/stream."""
    pages = Pages(cursors)
    asking = CheckRoutes(permissions, context, checked)
    data = DataRoutes(permissions, context, pages)
    lists = ListRoutes(permissions, context, pages)
    assertions = AssertionRoutes(permissions, context)
    sweeping = SweepRoutes(permissions, context)
    stream = StreamRoutes(permissions, context, pages)
    table: list[tuple[str, str, Handler]] = [
        ("POST", CHECK, asking.check),
        ("POST", "/stores/{store_id}/batch-check", asking.batch_check),
        ("POST", "/stores/{store_id}/check-relations", asking.check_relations),
        ("POST", "/stores", data.create_store),
        ("GET", "/stores", data.list_stores),
        ("GET", "/stores/{store_id}", data.get_store),
        ("DELETE", "/stores/{store_id}", data.delete_store),
        ("POST", "/stores/{store_id}/authorization-models", data.write_model),
        ("GET", "/stores/{store_id}/authorization-models", data.list_models),
        ("GET", "/stores/{store_id}/authorization-models/{model_id}", data.get_model),
        ("POST", "/stores/{store_id}/write", data.write),
        ("POST", "/stores/{store_id}/read", data.read),
        ("POST", "/stores/{store_id}/delete", sweeping.delete),
        ("GET", "/stores/{store_id}/changes", data.changes),
        ("GET", "/stores/{store_id}/changes/stream", stream.changes),
        ("POST", "/stores/{store_id}/expand", lists.expand),
        ("POST", "/stores/{store_id}/explain", lists.explain),
        ("POST", "/stores/{store_id}/list-objects", lists.objects),
        ("GET", "/stores/{store_id}/filter", lists.filter),
        ("POST", "/stores/{store_id}/streamed-list-objects", lists.streamed_objects),
        ("POST", "/stores/{store_id}/list-users", lists.users),
        ("GET", "/stores/{store_id}/assertions/{model_id}", assertions.read),
        ("PUT", "/stores/{store_id}/assertions/{model_id}", assertions.write),
    ]
    return [Route(path, Endpoint(handler), methods=[method]) for method, path, handler in table]


class RelationsBody(msgspec.Struct):
    user: str
    object: str
    relations: list[str]
    authorization_model_id: str | None = None
    contextual_tuples: Keys | None = None
    context: dict[str, Any] | None = None
    consistency: Consistency | None = None


class CheckRoutes:
    """The questions with one answer each."""

    def __init__(self, permissions: Permissions, context: ContextFor, checked: Checked) -> None:
        self._checked = checked
        self._engine = permissions.engine
        self._several = permissions.several
        self._relations = permissions.relations
        self._most = permissions.limits.batch
        self._context = context

    async def check(self, request: Request) -> ASGIApp:
        """`POST …/check`."""
        async with self._context(request, "permissions:check") as ctx:
            store_id = store_of(request)
            body = decode_check(await read_body(request, MAX_BODY))
            key = body.tuple_key
            verdict = await self._engine.check(
                ctx,
                Question(
                    store_id,
                    key.user,
                    key.relation,
                    key.object,
                    body.authorization_model_id or None,
                    at_least(request, store_id, body.consistency),
                    contextual(body.contextual_tuples),
                    body.context or NO_CONTEXT,
                ),
            )
        self._checked(ctx, verdict.allowed)
        return (ALLOWED if verdict.allowed else DENIED).seen(consistency_token(store_id, verdict.revision))

    async def batch_check(self, request: Request) -> Response:
        """`POST …/batch-check`: a question that can't be meant is told in its own result."""
        async with self._context(request, "permissions:check") as ctx:
            store_id = store_of(request)
            body = decode_batch(await read_body(request, MAX_LARGE_BODY))
            if len(body.checks) > self._most:
                raise InvalidQuestion(f"at most {self._most} checks")
            names = [item.correlation_id for item in body.checks]
            if len(set(names)) != len(names):
                raise InvalidQuestion("received duplicate correlation_id")
            asked = [_question(store_id, item) for item in body.checks]
            answers = await self._several.check(
                ctx,
                store_id,
                body.authorization_model_id or None,
                at_least(request, store_id, body.consistency),
                [each for each in asked if isinstance(each, Question)],
            )
        for each in answers.each:
            if isinstance(each, bool):
                self._checked(ctx, each)
        found = iter(answers.each)
        results = {
            name: _told(next(found) if isinstance(each, Question) else each)
            for name, each in zip(names, asked, strict=True)
        }
        return answer({"result": results}, seen=(store_id, answers.revision))

    async def check_relations(self, request: Request) -> Response:
        """`POST …/check-relations`: one subject, one object, several relations; each with its answer."""
        async with self._context(request, "permissions:check") as ctx:
            store_id = store_of(request)
            body = decode(await read_body(request, MAX_BODY), RelationsBody)
            view = view_of(
                request,
                store_id,
                body.authorization_model_id,
                body.consistency,
                body.contextual_tuples,
                body.context,
            )
            held = await self._relations.check(
                ctx, view, subject=body.user, object_=body.object, relations=body.relations
            )
        for allowed in held.relations.values():
            self._checked(ctx, allowed)
        return answer({"relations": held.relations}, seen=(store_id, held.revision))


def _question(store_id: str, item: BatchItem) -> Question | InvalidQuestion:
    key = item.tuple_key
    try:
        grants = contextual(item.contextual_tuples)
    except InvalidQuestion as refusal:
        return refusal
    return Question(store_id, key.user, key.relation, key.object, contextual=grants, context=item.context or NO_CONTEXT)


def _told(answered: Answered) -> Json:
    if isinstance(answered, bool):
        return {"allowed": answered}
    _, code, message = describe(answered)
    return {"error": {"input_error": code, "message": message}}
