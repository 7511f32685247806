"""The management API's scopes: what each of the tenant's own allows, in words for the people who are asked."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import Field

from airside.admin import ScopeAdmin
from airside.api.strict import Answer, Body
from airside.oauth import Scope
from airside.store import RequestContext

Descriptions = dict[Literal["en", "de"], Annotated[str, Field(max_length=300)]]


class ScopeBody(Body):
    descriptions: Descriptions
    offered: bool = False


class ScopeAnswer(Answer):
    name: str
    descriptions: Descriptions
    offered: bool


class ScopePage(Answer):
    scopes: list[ScopeAnswer]


def add(routes: APIRouter, caller: Any, verbs: ScopeAdmin) -> None:
    """The routes of scopes."""

    @routes.get("/scopes", tags=["scopes"])
    async def list_scopes(ctx: RequestContext = caller) -> ScopePage:
        return ScopePage(scopes=[_answer(scope) for scope in await verbs.list(ctx)])

    @routes.put("/scopes/{scope}", tags=["scopes"])
    async def put_scope(scope: str, body: ScopeBody, ctx: RequestContext = caller) -> ScopeAnswer:
        return _answer(await verbs.put(ctx, Scope(scope, dict(body.descriptions), body.offered)))

    @routes.delete("/scopes/{scope}", status_code=204, tags=["scopes"])
    async def delete_scope(scope: str, ctx: RequestContext = caller) -> None:
        await verbs.delete(ctx, scope)


def _answer(scope: Scope) -> ScopeAnswer:
    return ScopeAnswer(name=scope.name, descriptions=dict(scope.descriptions), offered=scope.offered)
