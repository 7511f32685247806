"""`/t/{slug}/api/v1/users/{user_id}/erasure`: parse, say one verb, render."""

from datetime import datetime
from typing import Any, Literal

from fastapi import APIRouter

from airside.admin import UserAdmin
from airside.api.strict import Answer, path_id
from airside.core.ids import USER
from airside.identity import PersonErasure
from airside.store import RequestContext


class ErasureAnswer(Answer):
    requested_at: datetime
    state: Literal["closed", "erased"]
    certificate: str | None


def add(routes: APIRouter, caller: Any, verbs: UserAdmin) -> None:
    """The routes of erasures."""

    @routes.get("/users/{user_id}/erasure", tags=["users"])
    async def user_erasure(user_id: str, ctx: RequestContext = caller) -> ErasureAnswer:
        return _erasure(await verbs.erasure_of(ctx, path_id(USER, user_id)))


def _erasure(found: PersonErasure) -> ErasureAnswer:
    return ErasureAnswer(requested_at=found.requested_at, state=found.state, certificate=found.certificate)
