"""`/t/{slug}/api/v1/users/{user_id}/erasure`: parse, say one verb, render."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import Field

from airside.admin import UserAdmin
from airside.api.strict import Answer, Body, path_id
from airside.core.ids import USER
from airside.identity import MAX_GRACE, PersonErasure
from airside.store import RequestContext


class ErasureRequest(Body):
    days: Annotated[int, Field(ge=0, le=MAX_GRACE.days)] | None = None


class ErasureAnswer(Answer):
    requested_at: datetime
    due_at: datetime
    state: Literal["waiting", "closed", "erased"]
    certificate: str | None


def add(routes: APIRouter, caller: Any, verbs: UserAdmin) -> None:
    """The routes of erasures."""

    @routes.get("/users/{user_id}/erasure", tags=["users"])
    async def user_erasure(user_id: str, ctx: RequestContext = caller) -> ErasureAnswer:
        return _erasure(await verbs.erasure_of(ctx, path_id(USER, user_id)))

    @routes.post("/users/{user_id}/erasure", status_code=202, tags=["users"])
    async def request_user_erasure(user_id: str, body: ErasureRequest, ctx: RequestContext = caller) -> ErasureAnswer:
        return _erasure(await verbs.erase(ctx, path_id(USER, user_id), body.days))

    @routes.delete("/users/{user_id}/erasure", status_code=204, tags=["users"])
    async def cancel_user_erasure(user_id: str, ctx: RequestContext = caller) -> None:
        await verbs.cancel_erasure(ctx, path_id(USER, user_id))


def _erasure(found: PersonErasure) -> ErasureAnswer:
    return ErasureAnswer(
        requested_at=found.requested_at, due_at=found.due_at, state=found.state, certificate=found.certificate
    )
