"""The management API's registration tokens: who may register clients from outside, and how many."""

from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field

from airside.admin import RegistrationTokenAdmin
from airside.api.strict import Answer, Body, path_id
from airside.core.ids import REGISTRATION
from airside.oauth import RegistrationToken
from airside.store import RequestContext


class NewRegistrationToken(Body):
    name: Annotated[str, Field(max_length=100)]
    uses: Annotated[int, Field(ge=1, le=1_000)] = 1
    days: Annotated[int, Field(ge=1, le=90)] = 7


class RegistrationTokenAnswer(Answer):
    id: str
    name: str
    uses_left: int
    created_at: datetime
    expires_at: datetime


class CreatedRegistrationToken(Answer):
    registration_token: RegistrationTokenAnswer
    token: str


class RegistrationTokenPage(Answer):
    registration_tokens: list[RegistrationTokenAnswer]


def add(routes: APIRouter, caller: Any, verbs: RegistrationTokenAdmin) -> None:
    """The routes of registration tokens."""

    @routes.post("/registration-tokens", status_code=201, tags=["clients"])
    async def create_registration_token(
        body: NewRegistrationToken, ctx: RequestContext = caller
    ) -> CreatedRegistrationToken:
        made, secret = await verbs.create(ctx, body.name, uses=body.uses, lifetime=timedelta(days=body.days))
        return CreatedRegistrationToken(registration_token=_answer(made), token=secret.reveal())

    @routes.get("/registration-tokens", tags=["clients"])
    async def list_registration_tokens(ctx: RequestContext = caller) -> RegistrationTokenPage:
        return RegistrationTokenPage(registration_tokens=[_answer(token) for token in await verbs.list(ctx)])

    @routes.delete("/registration-tokens/{registration_token_id}", status_code=204, tags=["clients"])
    async def revoke_registration_token(registration_token_id: str, ctx: RequestContext = caller) -> None:
        await verbs.revoke(ctx, path_id(REGISTRATION, registration_token_id))


def _answer(token: RegistrationToken) -> RegistrationTokenAnswer:
    return RegistrationTokenAnswer(
        id=token.word,
        name=token.name,
        uses_left=token.uses_left,
        created_at=token.created_at,
        expires_at=token.expires_at,
    )
