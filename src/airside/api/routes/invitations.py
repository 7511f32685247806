"""The management API's invitations: who was asked to join, as what, and by whom."""

from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query
from pydantic import Field

from airside.admin import InvitationAdmin
from airside.api.cursors import Cursors
from airside.api.strict import MAX_PAGE, PAGE, Answer, Body, path_id
from airside.core.ids import INVITATION, USER, format_id
from airside.store import RequestContext
from airside.tenancy import Invitation, InvitationState

MAX_ROLES: Final = 30
"""Roles that one request may name: more than one user may have."""


class NewInvitation(Body):
    """`roles`: `administrator`, `member`, or ids of the tenant's own."""

    email: Annotated[str, Field(max_length=254)]
    name: Annotated[str, Field(max_length=200)] = ""
    roles: Annotated[list[str], Field(max_length=MAX_ROLES)] = Field(default_factory=lambda: ["member"])


class InvitationAnswer(Answer):
    id: str
    email: str
    name: str
    roles: list[str]
    inviter: str
    state: InvitationState
    accepted_by: str | None
    created_at: datetime
    expires_at: datetime


class InvitationPage(Answer):
    invitations: list[InvitationAnswer]
    next_cursor: str | None = None


def add(routes: APIRouter, caller: Any, verbs: InvitationAdmin, cursors: Cursors) -> None:
    """Every route of invitations."""

    @routes.post("/invitations", status_code=201, tags=["invitations"])
    async def create_invitation(body: NewInvitation, ctx: RequestContext = caller) -> InvitationAnswer:
        return _invitation(await verbs.create(ctx, body.email, body.name, body.roles))

    @routes.get("/invitations", tags=["invitations"])
    async def list_invitations(
        cursor: str | None = None,
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = PAGE,
        ctx: RequestContext = caller,
    ) -> InvitationPage:
        after = None if cursor is None else await cursors.read(ctx, "invitations", cursor)
        found = await verbs.list(ctx, after, limit)
        last = await cursors.make(ctx, "invitations", found[-1].invitation_id) if len(found) == limit else None
        return InvitationPage(invitations=[_invitation(each) for each in found], next_cursor=last)

    @routes.get("/invitations/{invitation_id}", tags=["invitations"])
    async def get_invitation(invitation_id: str, ctx: RequestContext = caller) -> InvitationAnswer:
        return _invitation(await verbs.get(ctx, path_id(INVITATION, invitation_id)))

    @routes.delete("/invitations/{invitation_id}", status_code=204, tags=["invitations"])
    async def revoke_invitation(invitation_id: str, ctx: RequestContext = caller) -> None:
        await verbs.revoke(ctx, path_id(INVITATION, invitation_id))

    @routes.post("/invitations/{invitation_id}/resend", tags=["invitations"])
    async def resend_invitation(invitation_id: str, ctx: RequestContext = caller) -> InvitationAnswer:
        return _invitation(await verbs.resend(ctx, path_id(INVITATION, invitation_id)))


def _invitation(invitation: Invitation) -> InvitationAnswer:
    accepted_by = invitation.accepted_by
    return InvitationAnswer(
        id=invitation.word,
        email=invitation.email,
        name=invitation.name,
        roles=list(invitation.roles),
        inviter=invitation.inviter,
        state=invitation.state,
        accepted_by=None if accepted_by is None else format_id(USER, accepted_by),
        created_at=invitation.created_at,
        expires_at=invitation.expires_at,
    )
