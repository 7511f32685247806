"""The management API's clients: registered, changed, disabled, and their secrets."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import Field, WithJsonSchema

from airside.admin import ClientAdmin
from airside.api.cursors import Cursors
from airside.api.strict import MAX_PAGE, PAGE, Answer, Body, path_id
from airside.api.structs import schema_of
from airside.core.ids import CLIENT, format_id
from airside.oauth import Client, ClientChange, ClientDraft, ClientSettings, parse_settings, render_settings
from airside.store import RequestContext

Settings = Annotated[dict[str, Any], WithJsonSchema(schema_of(ClientSettings))]


class NewClient(Body):
    name: Annotated[str, Field(max_length=200)]
    public: bool = False
    grants: list[str]
    redirect_uris: list[str] = Field(default_factory=list[str])
    scopes: list[str] = Field(default_factory=list[str])
    audiences: list[str] = Field(default_factory=list[str])
    settings: Settings = Field(default_factory=dict[str, Any])


class ClientPatch(Body):
    """What isn't named stays; of `settings`, a null is the default."""

    name: Annotated[str, Field(max_length=200)] | None = None
    grants: list[str] | None = None
    redirect_uris: list[str] | None = None
    scopes: list[str] | None = None
    audiences: list[str] | None = None
    settings: Settings | None = None
    state: Literal["active", "disabled"] | None = None


class ClientAnswer(Answer):
    id: str
    name: str
    public: bool
    state: Literal["active", "disabled"]
    origin: Literal["administrator", "registration", "document"]
    document_url: str | None
    grants: list[str]
    redirect_uris: list[str]
    scopes: list[str]
    audiences: list[str]
    settings: Settings
    created_at: datetime


class CreatedClient(Answer):
    client: ClientAnswer
    client_secret: str | None = None


class ClientPage(Answer):
    clients: list[ClientAnswer]
    next_cursor: str | None = None


class SecretAnswer(Answer):
    client_secret: str


def add(routes: APIRouter, caller: Any, verbs: ClientAdmin, cursors: Cursors) -> None:
    """The routes of clients."""

    @routes.post("/clients", status_code=201, tags=["clients"])
    async def create_client(body: NewClient, ctx: RequestContext = caller) -> CreatedClient:
        draft = ClientDraft(
            name=body.name,
            public=body.public,
            grants=frozenset(body.grants),
            redirect_uris=tuple(body.redirect_uris),
            scopes=frozenset(body.scopes),
            audiences=tuple(body.audiences),
            settings=parse_settings(body.settings),
        )
        client, secret = await verbs.create(ctx, draft)
        return CreatedClient(client=_client(client), client_secret=None if secret is None else secret.reveal())

    @routes.get("/clients", tags=["clients"])
    async def list_clients(
        cursor: str | None = None,
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = PAGE,
        ctx: RequestContext = caller,
    ) -> ClientPage:
        after = None if cursor is None else await cursors.read(ctx, "clients", cursor)
        found = await verbs.list(ctx, after, limit)
        last = await cursors.make(ctx, "clients", found[-1].client_id) if len(found) == limit else None
        return ClientPage(clients=[_client(client) for client in found], next_cursor=last)

    @routes.get("/clients/{client_id}", tags=["clients"])
    async def get_client(client_id: str, ctx: RequestContext = caller) -> ClientAnswer:
        return _client(await verbs.get(ctx, path_id(CLIENT, client_id)))

    @routes.patch("/clients/{client_id}", tags=["clients"])
    async def change_client(client_id: str, body: ClientPatch, ctx: RequestContext = caller) -> ClientAnswer:
        found = path_id(CLIENT, client_id)
        client = await verbs.update(ctx, found, _change(body))
        if body.state is not None and body.state != client.state:
            await (verbs.enable if body.state == "active" else verbs.disable)(ctx, found)
            client = await verbs.get(ctx, found)
        return _client(client)

    @routes.delete("/clients/{client_id}", status_code=204, tags=["clients"])
    async def disable_client(client_id: str, ctx: RequestContext = caller) -> None:
        await verbs.disable(ctx, path_id(CLIENT, client_id))

    @routes.post("/clients/{client_id}/secrets", status_code=201, tags=["clients"])
    async def rotate_client_secret(client_id: str, ctx: RequestContext = caller) -> SecretAnswer:
        secret = await verbs.rotate_secret(ctx, path_id(CLIENT, client_id))
        return SecretAnswer(client_secret=secret.reveal())


def _change(body: ClientPatch) -> ClientChange:
    return ClientChange(
        name=body.name,
        grants=None if body.grants is None else frozenset(body.grants),
        redirect_uris=None if body.redirect_uris is None else tuple(body.redirect_uris),
        scopes=None if body.scopes is None else frozenset(body.scopes),
        audiences=None if body.audiences is None else tuple(body.audiences),
        settings=body.settings,
    )


def _client(client: Client) -> ClientAnswer:
    values: dict[str, Any] = {
        "grants": sorted(client.grants),
        "scopes": sorted(client.scopes),
        "redirect_uris": list(client.redirect_uris),
        "audiences": list(client.audiences),
        "settings": render_settings(client.settings),
    }
    return ClientAnswer(
        id=format_id(CLIENT, client.client_id),
        name=client.name,
        public=client.public,
        state=client.state,
        origin=client.origin,
        document_url=client.document_url,
        created_at=client.created_at,
        **values,
    )
