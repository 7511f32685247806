"""The management API's consents: what users have allowed applications of others."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter

from airside.admin import ConsentAdmin
from airside.api.strict import Answer, path_id
from airside.core.ids import CLIENT, USER, format_id
from airside.store import RequestContext


class ConsentAnswer(Answer):
    client_id: str
    client_name: str
    scopes: list[str]
    granted_at: datetime


class ConsentPage(Answer):
    consents: list[ConsentAnswer]


def add(routes: APIRouter, caller: Any, verbs: ConsentAdmin) -> None:
    """Every route of consents."""

    @routes.get("/users/{user_id}/consents", tags=["consents"])
    async def list_consents(user_id: str, ctx: RequestContext = caller) -> ConsentPage:
        found = await verbs.list(ctx, path_id(USER, user_id))
        return ConsentPage(
            consents=[
                ConsentAnswer(
                    client_id=format_id(CLIENT, each.client_id),
                    client_name=each.name,
                    scopes=sorted(each.scopes),
                    granted_at=each.granted_at,
                )
                for each in found
            ]
        )

    @routes.delete("/users/{user_id}/consents/{client_id}", status_code=204, tags=["consents"])
    async def revoke_consent(user_id: str, client_id: str, ctx: RequestContext = caller) -> None:
        await verbs.revoke(ctx, path_id(USER, user_id), path_id(CLIENT, client_id))
