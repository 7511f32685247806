"""The management API's setup invitations: who was asked to set up which connection from outside."""

from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import Field

from airside.admin import SetupAdmin
from airside.api.cursors import Cursors
from airside.api.strict import MAX_PAGE, PAGE, Answer, Body, path_id
from airside.core.ids import CONNECTION, SETUP, format_id
from airside.federation import ConnectionKind, Setup, SetupDraft, SetupProvider, SetupState
from airside.store import RequestContext


class NewSetup(Body):
    """`name` is what the connection will be called; `creates_users`, whether it makes accounts at first sight;
    `provisions`, whether a directory may keep them over SCIM."""

    name: Annotated[str, Field(max_length=200)]
    email: Annotated[str, Field(max_length=254)]
    creates_users: bool = False
    provisions: bool = False
    days: Annotated[int, Field(ge=1, le=30)] = 7


class SetupAnswer(Answer):
    id: str
    name: str
    email: str
    inviter: str
    creates_users: bool
    provisions: bool
    state: SetupState
    provider: SetupProvider | None
    kind: ConnectionKind | None
    connection_id: str | None
    created_at: datetime
    expires_at: datetime


class CreatedSetup(Answer):
    """`url` is the link that was mailed: good once, to begin, and shown only here."""

    setup_invitation: SetupAnswer
    url: str


class SetupPage(Answer):
    setup_invitations: list[SetupAnswer]
    next_cursor: str | None = None


def add(routes: APIRouter, caller: Any, verbs: SetupAdmin, cursors: Cursors) -> None:
    """Every route of setup invitations."""

    @routes.post("/setup-invitations", status_code=201, tags=["connections"])
    async def create_setup(body: NewSetup, ctx: RequestContext = caller) -> CreatedSetup:
        draft = SetupDraft(
            body.name, body.email, body.creates_users, body.provisions, lifetime=timedelta(days=body.days)
        )
        made, url = await verbs.create(ctx, draft)
        return CreatedSetup(setup_invitation=_setup(made), url=url.reveal())

    @routes.get("/setup-invitations", tags=["connections"])
    async def list_setups(
        cursor: str | None = None,
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = PAGE,
        ctx: RequestContext = caller,
    ) -> SetupPage:
        after = None if cursor is None else await cursors.read(ctx, "setups", cursor)
        found = await verbs.list(ctx, after, limit)
        last = await cursors.make(ctx, "setups", found[-1].id) if len(found) == limit else None
        return SetupPage(setup_invitations=[_setup(each) for each in found], next_cursor=last)

    @routes.get("/setup-invitations/{setup_id}", tags=["connections"])
    async def get_setup(setup_id: str, ctx: RequestContext = caller) -> SetupAnswer:
        return _setup(await verbs.get(ctx, path_id(SETUP, setup_id)))

    @routes.delete("/setup-invitations/{setup_id}", status_code=204, tags=["connections"])
    async def revoke_setup(setup_id: str, ctx: RequestContext = caller) -> None:
        await verbs.revoke(ctx, path_id(SETUP, setup_id))


def _setup(setup: Setup) -> SetupAnswer:
    connection_id = setup.connection_id
    return SetupAnswer(
        id=setup.word,
        name=setup.name,
        email=setup.email,
        inviter=setup.inviter,
        creates_users=setup.creates_users,
        provisions=setup.provisions,
        state=setup.state,
        provider=setup.provider,
        kind=setup.kind,
        connection_id=None if connection_id is None else format_id(CONNECTION, connection_id),
        created_at=setup.created_at,
        expires_at=setup.expires_at,
    )
