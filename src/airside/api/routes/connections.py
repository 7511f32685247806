"""The management API's connections to foreign identity providers, and their mappings. Secrets go in and never out."""

from datetime import datetime
from typing import Annotated, Any, Literal, cast

from fastapi import APIRouter, Query
from pydantic import Field, JsonValue, SecretStr

from airside.admin import ConnectionAdmin
from airside.api.cursors import Cursors
from airside.api.strict import MAX_PAGE, PAGE, Answer, Body, path_id
from airside.core.errors import InvalidInput
from airside.core.ids import CONNECTION
from airside.core.secret import Secret
from airside.core.strict_json import Json
from airside.federation import (
    Connection,
    ConnectionChange,
    ConnectionDraft,
    Preview,
    SamlSettings,
    SavedMapping,
    Settings,
    merged,
    parse_rules,
    parse_settings,
    pinned,
    preset_settings,
    render_rules,
    render_settings,
)
from airside.store import RequestContext

Object = dict[str, JsonValue]


class Preset(Body):
    """A well-known provider, and what it has to be told: Entra its `tenant`, Okta its `host`, Apple `team_id` and
    `key_id`; Google may be told a `hosted_domain`."""

    name: Literal["google", "entra", "okta", "apple", "github"]
    client_id: Annotated[str, Field(max_length=512)]
    inputs: dict[str, Annotated[str, Field(max_length=512)]] = Field(default_factory=dict[str, str])


class NewConnection(Body):
    """`settings` as the reference says; of a SAML provider, its metadata or the address of that will do, and of a
    well-known one its `preset`. What `settings` says goes before either."""

    kind: Literal["saml", "oidc"]
    name: Annotated[str, Field(max_length=200)]
    settings: Object = Field(default_factory=dict[str, JsonValue])
    metadata: Annotated[str, Field(max_length=60_000)] | None = None
    metadata_url: Annotated[str, Field(max_length=2048)] | None = None
    preset: Preset | None = None
    creates_users: bool = False
    shown: bool = True
    client_secret: SecretStr | None = None
    private_keys: SecretStr | None = None


class ConnectionPatch(Body):
    name: Annotated[str, Field(max_length=200)] | None = None
    settings: Object | None = None
    creates_users: bool | None = None
    shown: bool | None = None
    state: Literal["active", "disabled"] | None = None


class NewClientSecret(Body):
    client_secret: SecretStr | None


class NewPrivateKeys(Body):
    """PEM (PKCS #8), the newest first."""

    private_keys: SecretStr


class CertificateAnswer(Answer):
    fingerprint: str
    expires_at: datetime


class ConnectionAnswer(Answer):
    id: str
    kind: Literal["saml", "oidc"]
    name: str
    state: Literal["active", "disabled"]
    settings: Object
    certificates: list[CertificateAnswer]
    creates_users: bool
    shown: bool
    has_client_secret: bool
    has_private_keys: bool
    created_at: datetime


class ConnectionPage(Answer):
    connections: list[ConnectionAnswer]
    next_cursor: str | None = None


class Mapping(Body):
    rules: Object


class MappingAnswer(Answer):
    rules: Object
    author: str
    saved_at: datetime


class PreviewAnswer(Answer):
    received_at: datetime
    subject: str
    attributes: dict[str, list[str]]
    acr: str
    email: str
    name: str | None
    groups: list[str]
    roles: list[str]
    assurance: str


def add(routes: APIRouter, caller: Any, verbs: ConnectionAdmin, cursors: Cursors) -> None:
    """Every route of connections."""
    _connection_routes(routes, caller, verbs, cursors)
    _mapping_routes(routes, caller, verbs)


def _connection_routes(routes: APIRouter, caller: Any, verbs: ConnectionAdmin, cursors: Cursors) -> None:
    @routes.post("/connections", status_code=201, tags=["connections"])
    async def create_connection(body: NewConnection, ctx: RequestContext = caller) -> ConnectionAnswer:
        draft = ConnectionDraft(
            body.name,
            await _settings(ctx, verbs, body),
            creates_users=body.creates_users,
            shown=body.shown,
            client_secret=_secret(body.client_secret),
            private_keys=_secret(body.private_keys),
        )
        return _connection(await verbs.create(ctx, draft))

    @routes.get("/connections", tags=["connections"])
    async def list_connections(
        cursor: str | None = None,
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = PAGE,
        ctx: RequestContext = caller,
    ) -> ConnectionPage:
        after = None if cursor is None else await cursors.read(ctx, "connections", cursor)
        found = await verbs.list(ctx, after, limit)
        last = await cursors.make(ctx, "connections", found[-1].id) if len(found) == limit else None
        return ConnectionPage(connections=[_connection(each) for each in found], next_cursor=last)

    @routes.get("/connections/{connection_id}", tags=["connections"])
    async def get_connection(connection_id: str, ctx: RequestContext = caller) -> ConnectionAnswer:
        return _connection(await verbs.get(ctx, path_id(CONNECTION, connection_id)))

    @routes.patch("/connections/{connection_id}", tags=["connections"])
    async def change_connection(
        connection_id: str, body: ConnectionPatch, ctx: RequestContext = caller
    ) -> ConnectionAnswer:
        wanted = path_id(CONNECTION, connection_id)
        await verbs.get(ctx, wanted)
        if body.state == "disabled":
            await verbs.disable(ctx, wanted)
        change = ConnectionChange(body.name, body.creates_users, body.shown, body.settings)
        if change != ConnectionChange():
            await verbs.update(ctx, wanted, change)
        if body.state == "active":
            await verbs.enable(ctx, wanted)
        return _connection(await verbs.get(ctx, wanted))

    @routes.post("/connections/{connection_id}/refresh", tags=["connections"])
    async def refresh_connection(connection_id: str, ctx: RequestContext = caller) -> ConnectionAnswer:
        return _connection(await verbs.refresh(ctx, path_id(CONNECTION, connection_id)))

    @routes.post("/connections/{connection_id}/keys", status_code=204, tags=["connections"])
    async def renew_connection_keys(connection_id: str, ctx: RequestContext = caller) -> None:
        await verbs.renew_keys(ctx, path_id(CONNECTION, connection_id))

    @routes.put("/connections/{connection_id}/client-secret", status_code=204, tags=["connections"])
    async def set_client_secret(connection_id: str, body: NewClientSecret, ctx: RequestContext = caller) -> None:
        await verbs.set_client_secret(ctx, path_id(CONNECTION, connection_id), _secret(body.client_secret))

    @routes.put("/connections/{connection_id}/private-keys", status_code=204, tags=["connections"])
    async def set_private_keys(connection_id: str, body: NewPrivateKeys, ctx: RequestContext = caller) -> None:
        keys = Secret(body.private_keys.get_secret_value())
        await verbs.set_private_keys(ctx, path_id(CONNECTION, connection_id), keys)

    @routes.delete("/connections/{connection_id}", status_code=204, tags=["connections"])
    async def delete_connection(connection_id: str, ctx: RequestContext = caller) -> None:
        await verbs.delete(ctx, path_id(CONNECTION, connection_id))


def _mapping_routes(routes: APIRouter, caller: Any, verbs: ConnectionAdmin) -> None:
    @routes.get("/connections/{connection_id}/mapping", tags=["connections"])
    async def get_mapping(connection_id: str, ctx: RequestContext = caller) -> MappingAnswer:
        return _mapping(await verbs.mapping(ctx, path_id(CONNECTION, connection_id)))

    @routes.put("/connections/{connection_id}/mapping", tags=["connections"])
    async def save_mapping(connection_id: str, body: Mapping, ctx: RequestContext = caller) -> MappingAnswer:
        rules = parse_rules(body.rules)
        return _mapping(await verbs.save_mapping(ctx, path_id(CONNECTION, connection_id), rules))

    @routes.post("/connections/{connection_id}/mapping/preview", tags=["connections"])
    async def preview_mapping(connection_id: str, body: Mapping, ctx: RequestContext = caller) -> PreviewAnswer:
        rules = parse_rules(body.rules)
        return _preview(await verbs.preview_mapping(ctx, path_id(CONNECTION, connection_id), rules))


async def _settings(ctx: RequestContext, verbs: ConnectionAdmin, body: NewConnection) -> Settings:
    if (body.metadata or body.metadata_url) and body.kind != "saml":
        raise InvalidInput("only SAML has metadata", pointer="metadata")
    if body.preset is not None and body.kind != "oidc":
        raise InvalidInput("only OpenID Connect has presets", pointer="preset")
    said: dict[str, Json] = {name: cast(Json, value) for name, value in body.settings.items()}
    known: Settings | None = None
    if body.metadata_url is not None:
        known = await verbs.fetch_metadata(ctx, body.metadata_url)
    elif body.metadata is not None:
        known = await verbs.read_metadata(ctx, body.metadata.encode())
    elif body.preset is not None:
        known = preset_settings(body.preset.name, body.preset.client_id, body.preset.inputs)
    return parse_settings(body.kind, said) if known is None else merged(known, said)


def _secret(given: SecretStr | None) -> Secret[str] | None:
    return None if given is None else Secret(given.get_secret_value())


def _connection(connection: Connection) -> ConnectionAnswer:
    settings = connection.settings
    certificates = pinned(settings) if isinstance(settings, SamlSettings) else ()
    return ConnectionAnswer(
        id=connection.word,
        kind=connection.kind,
        name=connection.name,
        state=connection.state,
        settings=render_settings(settings),
        certificates=[
            CertificateAnswer(fingerprint=each.fingerprint, expires_at=each.not_after) for each in certificates
        ],
        creates_users=connection.creates_users,
        shown=connection.shown,
        has_client_secret=connection.has_secret,
        has_private_keys=connection.has_keys,
        created_at=connection.created_at,
    )


def _mapping(saved: SavedMapping) -> MappingAnswer:
    return MappingAnswer(rules=dict(render_rules(saved.rules)), author=saved.author, saved_at=saved.saved_at)


def _preview(preview: Preview) -> PreviewAnswer:
    claims, mapped = preview.sample.claims, preview.mapped
    return PreviewAnswer(
        received_at=preview.sample.received_at,
        subject=claims.subject,
        attributes={name: list(values) for name, values in claims.attributes.items()},
        acr=claims.acr,
        email=mapped.email,
        name=mapped.name,
        groups=list(mapped.groups),
        roles=sorted(mapped.roles),
        assurance=mapped.assurance,
    )
