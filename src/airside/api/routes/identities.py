"""The management API's external identities: who people are elsewhere."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter

from airside.admin import IdentityAdmin
from airside.api.strict import Answer, path_id
from airside.core.ids import CONNECTION, IDENTITY, USER, format_id
from airside.federation import ExternalIdentity
from airside.store import RequestContext


class IdentityAnswer(Answer):
    id: str
    connection_id: str
    subject: str
    created_at: datetime
    last_used_at: datetime


class IdentitiesAnswer(Answer):
    identities: list[IdentityAnswer]


def add(routes: APIRouter, caller: Any, verbs: IdentityAdmin) -> None:
    """Every route of external identities."""

    @routes.get("/users/{user_id}/identities", tags=["identities"])
    async def list_identities(user_id: str, ctx: RequestContext = caller) -> IdentitiesAnswer:
        held = await verbs.list(ctx, path_id(USER, user_id))
        return IdentitiesAnswer(identities=[_answer(each) for each in held])

    @routes.delete("/users/{user_id}/identities/{identity_id}", status_code=204, tags=["identities"])
    async def unlink_identity(user_id: str, identity_id: str, ctx: RequestContext = caller) -> None:
        await verbs.unlink(ctx, path_id(USER, user_id), path_id(IDENTITY, identity_id))


def _answer(identity: ExternalIdentity) -> IdentityAnswer:
    return IdentityAnswer(
        id=format_id(IDENTITY, identity.id),
        connection_id=format_id(CONNECTION, identity.connection_id),
        subject=identity.subject,
        created_at=identity.created_at,
        last_used_at=identity.last_used_at,
    )
