"""The management API's SCIM tokens: with which a customer's directory provisions users."""

from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field

from airside.admin import ScimTokenAdmin
from airside.api.strict import Answer, Body, path_id
from airside.core.ids import CONNECTION, SETUP, TOKEN, format_id
from airside.federation.scim import ScimToken
from airside.store import RequestContext


class NewScimToken(Body):
    days: Annotated[int, Field(ge=1, le=366)] = 180


class ScimTokenAnswer(Answer):
    id: str
    setup_invitation_id: str | None
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None


class CreatedScimToken(Answer):
    scim_token: ScimTokenAnswer
    token: str


class ScimTokenPage(Answer):
    scim_tokens: list[ScimTokenAnswer]


def add(routes: APIRouter, caller: Any, verbs: ScimTokenAdmin) -> None:
    """The routes of SCIM tokens."""

    @routes.post("/connections/{connection_id}/scim-tokens", status_code=201, tags=["connections"])
    async def create_scim_token(
        connection_id: str, body: NewScimToken, ctx: RequestContext = caller
    ) -> CreatedScimToken:
        lifetime = timedelta(days=body.days)
        made, secret = await verbs.create(ctx, path_id(CONNECTION, connection_id), lifetime=lifetime)
        return CreatedScimToken(scim_token=_answer(made), token=secret.reveal())

    @routes.get("/connections/{connection_id}/scim-tokens", tags=["connections"])
    async def list_scim_tokens(connection_id: str, ctx: RequestContext = caller) -> ScimTokenPage:
        found = await verbs.list(ctx, path_id(CONNECTION, connection_id))
        return ScimTokenPage(scim_tokens=[_answer(token) for token in found])

    @routes.delete("/connections/{connection_id}/scim-tokens/{scim_token_id}", status_code=204, tags=["connections"])
    async def revoke_scim_token(connection_id: str, scim_token_id: str, ctx: RequestContext = caller) -> None:
        await verbs.revoke(ctx, path_id(CONNECTION, connection_id), path_id(TOKEN, scim_token_id))


def _answer(token: ScimToken) -> ScimTokenAnswer:
    return ScimTokenAnswer(
        id=token.word,
        setup_invitation_id=None if token.setup_id is None else format_id(SETUP, token.setup_id),
        created_at=token.created_at,
        expires_at=token.expires_at,
        last_used_at=token.last_used_at,
    )
