"""AuthZEN Authorization API 1.0: the same engine, asked in the words of the standard (decision 0007).

A subject or resource `{type, id}` is the object `type:id`, an action's name is a relation. A no is an answer: 200.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from airside.access.stores import STORE_HEADER
from airside.api.cursors import Cursors
from airside.api.routes.authzen_wire import (
    MAX_FOUND,
    Evaluation,
    EvaluationsBody,
    SearchBody,
    context_of,
    filled,
    read,
    relation_of,
    type_of,
    word_of,
)
from airside.api.routes.openfga_check import Checked
from airside.api.routes.openfga_pages import Pages, Turn, query_of
from airside.api.routes.openfga_problems import Endpoint, describe
from airside.api.routes.openfga_wire import ContextFor, Handler, answer, at_least, store_of
from airside.core.strict_json import Json
from airside.permissions import Permissions, Question, View
from airside.permissions.lists import Listed
from airside.permissions.refusals import InvalidQuestion, StoreNotFound, TooComplex, UnknownWord
from airside.permissions.stores import is_public
from airside.store import RequestContext

MODEL: Final = "openfga-authorization-model-id"
METADATA: Final = "/.well-known/authzen-configuration"
_VERBS: Final = {
    "access_evaluation_endpoint": "/access/v1/evaluation",
    "access_evaluations_endpoint": "/access/v1/evaluations",
    "search_subject_endpoint": "/access/v1/search/subject",
    "search_resource_endpoint": "/access/v1/search/resource",
    "search_action_endpoint": "/access/v1/search/action",
}
_LAST: Final = {"deny_on_first_deny": False, "permit_on_first_permit": True}
"""By semantic, the decision after which no other is made."""

DefaultStore = Callable[[RequestContext], Awaitable[str]]
Ask = Callable[[RequestContext, View, SearchBody], Awaitable[Listed]]


def routes(
    *,
    permissions: Permissions,
    context: ContextFor,
    cursors: Cursors,
    default_store: DefaultStore,
    origin: str,
    checked: Checked,
) -> list[Route]:
    """The five operations, for the tenant's default store (or the one a header names) and for a store in the path."""
    asking = AccessRoutes(permissions, context, Pages(cursors), default_store, origin, checked)
    handlers: list[Handler] = [
        asking.evaluation,
        asking.evaluations,
        asking.search_subject,
        asking.search_resource,
        asking.search_action,
    ]
    found = [
        Route(prefix + path, Endpoint(handler), methods=["POST"])
        for prefix in ("", "/stores/{store_id}")
        for path, handler in zip(_VERBS.values(), handlers, strict=True)
    ]
    return [
        *found,
        Route(METADATA, Endpoint(asking.metadata), methods=["GET"]),
        Route(METADATA + "/{store_id}", Endpoint(asking.store_metadata), methods=["GET"]),
    ]


class AccessRoutes:
    """Each handler: read, say one verb, render."""

    def __init__(
        self,
        permissions: Permissions,
        context: ContextFor,
        pages: Pages,
        default_store: DefaultStore,
        origin: str,
        checked: Checked,
    ) -> None:
        self._checked = checked
        self._engine = permissions.engine
        self._lists = permissions.lists
        self._relations = permissions.relations
        self._stores = permissions.stores
        self._most = permissions.limits.batch
        self._context = context
        self._pages = pages
        self._default_store = default_store
        self._origin = origin

    async def metadata(self, _request: Request) -> Response:
        """`GET /.well-known/authzen-configuration` (§9): what anybody may know."""
        return answer(_metadata(self._origin))

    async def store_metadata(self, request: Request) -> Response:
        """The same for one store, to whoever may ask it."""
        async with self._context(request, "permissions:check") as ctx:
            store = await self._stores.get(ctx, store_of(request))
        return answer(_metadata(f"{self._origin}/stores/{store.id}"))

    async def evaluation(self, request: Request) -> Response:
        """`POST …/access/v1/evaluation` (§6)."""
        async with self._context(request, "permissions:check") as ctx:
            view = await self._view(request, ctx)
            decision, revision = await self._decide(ctx, view, await read(request, Evaluation))
        return answer({"decision": decision}, seen=(view.store_id, revision))

    async def evaluations(self, request: Request) -> Response:
        """`POST …/access/v1/evaluations` (§7); without any, as `evaluation`."""
        async with self._context(request, "permissions:check") as ctx:
            view = await self._view(request, ctx)
            body = await read(request, EvaluationsBody)
            if not body.evaluations:
                decision, revision = await self._decide(ctx, view, body)
                return answer({"decision": decision}, seen=(view.store_id, revision))
            if len(body.evaluations) > self._most:
                raise InvalidQuestion(f"at most {self._most} evaluations")
            last = _LAST.get(body.options.evaluations_semantic) if body.options else None
            results: list[Json] = []
            for item in body.evaluations:
                decision, result = await self._result(ctx, view, filled(item, body))
                results.append(result)
                if decision is last:
                    break
        return answer({"evaluations": results})

    async def search_subject(self, request: Request) -> Response:
        """`POST …/access/v1/search/subject` (§8.4): who may."""

        async def ask(ctx: RequestContext, view: View, body: SearchBody) -> Listed:
            object_, relation = word_of(body.resource, "resource"), relation_of(body.action)
            return await self._lists.users(
                ctx, view, object_=object_, relation=relation, kind=type_of(body.subject, "subject")
            )

        return await self._search(request, ask, _entity)

    async def search_resource(self, request: Request) -> Response:
        """`POST …/access/v1/search/resource` (§8.5): on what."""

        async def ask(ctx: RequestContext, view: View, body: SearchBody) -> Listed:
            subject, relation = word_of(body.subject, "subject"), relation_of(body.action)
            type_name = type_of(body.resource, "resource")
            return await self._lists.objects(ctx, view, subject=subject, relation=relation, type_name=type_name)

        return await self._search(request, ask, _entity)

    async def search_action(self, request: Request) -> Response:
        """`POST …/access/v1/search/action` (§8.6): what."""

        async def ask(ctx: RequestContext, view: View, body: SearchBody) -> Listed:
            subject, object_ = word_of(body.subject, "subject"), word_of(body.resource, "resource")
            held = await self._relations.all(ctx, view, subject=subject, object_=object_)
            return Listed(sorted(name for name, yes in held.relations.items() if yes), held.revision)

        return await self._search(request, ask, lambda name: {"name": name})

    async def _search(self, request: Request, ask: Ask, render: Callable[[str], Json]) -> Response:
        async with self._context(request, "permissions:check") as ctx:
            view, body = await self._view(request, ctx), await read(request, SearchBody)
            page = body.page
            asked = (view.model_id, body.subject, body.action, body.resource, body.context)
            query = query_of(request.url.path.rpartition("/")[2], view.store_id, *asked)
            size = None if page is None else min(page.limit, MAX_FOUND)
            turn = await self._pages.turn(ctx, query, "" if page is None else page.token, size)
            listed = await _found(ctx, _at(view, turn, context_of(body)), body, ask)
            words, following = await self._pages.cut(ctx, turn, listed)
        told: dict[str, Json] = {"results": [render(word) for word in words]}
        if page is not None:
            told["page"] = {"next_token": following, "count": len(words)}
        return answer(told, seen=(view.store_id, listed.revision))

    async def _view(self, request: Request, ctx: RequestContext) -> View:
        if "store_id" in request.path_params:
            store_id = store_of(request)
        else:
            store_id = request.headers.get(STORE_HEADER) or await self._default_store(ctx)
            if not is_public(store_id):
                raise StoreNotFound("no such store")
        return View(store_id, request.headers.get(MODEL) or None, at_least(request, store_id, None))

    async def _result(self, ctx: RequestContext, view: View, asked: Evaluation) -> tuple[bool, Json]:
        """One of several: what can't be meant is a no, and says why."""
        try:
            decision, _ = await self._decide(ctx, view, asked)
        except (InvalidQuestion, TooComplex) as refusal:
            status, code, message = describe(refusal)
            return False, {
                "decision": False,
                "context": {"error": {"status": status, "code": code, "message": message}},
            }
        return decision, {"decision": decision}

    async def _decide(self, ctx: RequestContext, view: View, asked: Evaluation) -> tuple[bool, int]:
        verdict = await self._engine.check(
            ctx,
            Question(
                view.store_id,
                word_of(asked.subject, "subject"),
                relation_of(asked.action),
                word_of(asked.resource, "resource"),
                view.model_id,
                view.at_least,
                context=context_of(asked),
            ),
        )
        self._checked(ctx, verdict.allowed)
        return verdict.allowed, verdict.revision


async def _found(ctx: RequestContext, view: View, body: SearchBody, ask: Ask) -> Listed:
    """What a search finds. Words that are well spelt and that the model doesn't know find nothing (§8.1)."""
    try:
        return await ask(ctx, view, body)
    except UnknownWord:
        return Listed([], 0)


def _at(view: View, turn: Turn, context: Mapping[str, Json]) -> View:
    return View(view.store_id, view.model_id, turn.at_least(view.at_least), context=context)


def _entity(word: str) -> Json:
    type_name, _, id_ = word.partition(":")
    return {"type": type_name, "id": id_}


def _metadata(base: str) -> dict[str, str]:
    return {"policy_decision_point": base, **{name: base + path for name, path in _VERBS.items()}}
