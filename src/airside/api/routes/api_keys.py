"""The management API's API keys and service accounts."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import Field

from airside.admin import ApiKeyAdmin, ServiceAccountAdmin
from airside.api.cursors import Cursors
from airside.api.routes.roles import RolePage, role_answer
from airside.api.strict import MAX_PAGE, PAGE, Answer, Body, path_id
from airside.apikeys import ApiKey, KeyDraft, ServiceAccount, read_owner
from airside.core.ids import KEY, ROLE, SERVICE_ACCOUNT
from airside.store import RequestContext

Texts = Annotated[list[Annotated[str, Field(max_length=100)]], Field(max_length=100)]


class NewApiKey(Body):
    """`owner` is the id of a user or of a service account; without `stores` or `networks` there is no bound."""

    name: Annotated[str, Field(max_length=100)]
    owner: Annotated[str, Field(max_length=30)]
    kind: Literal["secret", "publishable"] = "secret"
    mode: Literal["live", "test"] = "live"
    scopes: Texts = Field(default_factory=list[str])
    stores: Texts | None = None
    networks: Texts | None = None
    per_minute: int | None = None
    days: Annotated[int, Field(ge=1, le=366)] = 90


class Rotation(Body):
    overlap_hours: Annotated[int, Field(ge=0, le=168)] = 24


class ApiKeyAnswer(Answer):
    id: str
    lookup: str
    name: str
    owner: str
    kind: Literal["secret", "publishable"]
    mode: Literal["live", "test"]
    state: Literal["active", "rotated", "revoked", "expired"]
    scopes: list[str]
    stores: list[str] | None
    networks: list[str] | None
    per_minute: int
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None


class CreatedApiKey(Answer):
    api_key: ApiKeyAnswer
    secret: str


class ApiKeyPage(Answer):
    api_keys: list[ApiKeyAnswer]
    next_cursor: str | None = None


class NewServiceAccount(Body):
    name: Annotated[str, Field(max_length=100)]


class ServiceAccountPatch(Body):
    state: Literal["active", "disabled"]


class ServiceAccountAnswer(Answer):
    id: str
    name: str
    state: Literal["active", "disabled"]
    created_at: datetime


class ServiceAccountPage(Answer):
    service_accounts: list[ServiceAccountAnswer]
    next_cursor: str | None = None


def add(routes: APIRouter, caller: Any, keys: ApiKeyAdmin, accounts: ServiceAccountAdmin, cursors: Cursors) -> None:
    """The routes of keys and their owners."""
    _key_routes(routes, caller, keys, cursors)
    _account_routes(routes, caller, accounts, cursors)


def _key_routes(routes: APIRouter, caller: Any, verbs: ApiKeyAdmin, cursors: Cursors) -> None:
    @routes.post("/api-keys", status_code=201, tags=["api-keys"])
    async def create_api_key(body: NewApiKey, ctx: RequestContext = caller) -> CreatedApiKey:
        draft = KeyDraft(
            name=body.name,
            owner=read_owner(body.owner),
            lifetime=timedelta(days=body.days),
            kind=body.kind,
            mode=body.mode,
            scopes=frozenset(body.scopes),
            stores=None if body.stores is None else frozenset(body.stores),
            networks=None if body.networks is None else tuple(body.networks),
            per_minute=body.per_minute,
        )
        made, secret = await verbs.create(ctx, draft)
        return CreatedApiKey(api_key=_key(made, ctx.now), secret=secret.reveal())

    @routes.get("/api-keys", tags=["api-keys"])
    async def list_api_keys(
        owner: str | None = None,
        cursor: str | None = None,
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = PAGE,
        ctx: RequestContext = caller,
    ) -> ApiKeyPage:
        of = None if owner is None else read_owner(owner).id
        listing = "API keys" if owner is None else f"API keys of {owner}"
        after = None if cursor is None else await cursors.read(ctx, listing, cursor)
        found = await verbs.list(ctx, after, limit, owner_id=of)
        last = await cursors.make(ctx, listing, found[-1].key_id) if len(found) == limit else None
        return ApiKeyPage(api_keys=[_key(each, ctx.now) for each in found], next_cursor=last)

    @routes.get("/api-keys/{api_key_id}", tags=["api-keys"])
    async def get_api_key(api_key_id: str, ctx: RequestContext = caller) -> ApiKeyAnswer:
        return _key(await verbs.get(ctx, path_id(KEY, api_key_id)), ctx.now)

    @routes.post("/api-keys/{api_key_id}/rotate", status_code=201, tags=["api-keys"])
    async def rotate_api_key(api_key_id: str, body: Rotation, ctx: RequestContext = caller) -> CreatedApiKey:
        overlap = timedelta(hours=body.overlap_hours)
        made, secret = await verbs.rotate(ctx, path_id(KEY, api_key_id), overlap=overlap)
        return CreatedApiKey(api_key=_key(made, ctx.now), secret=secret.reveal())

    @routes.delete("/api-keys/{api_key_id}", status_code=204, tags=["api-keys"])
    async def revoke_api_key(api_key_id: str, ctx: RequestContext = caller) -> None:
        await verbs.revoke(ctx, path_id(KEY, api_key_id))


def _account_routes(routes: APIRouter, caller: Any, verbs: ServiceAccountAdmin, cursors: Cursors) -> None:
    @routes.post("/service-accounts", status_code=201, tags=["api-keys"])
    async def create_service_account(body: NewServiceAccount, ctx: RequestContext = caller) -> ServiceAccountAnswer:
        return _account(await verbs.create(ctx, body.name))

    @routes.get("/service-accounts", tags=["api-keys"])
    async def list_service_accounts(
        cursor: str | None = None,
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = PAGE,
        ctx: RequestContext = caller,
    ) -> ServiceAccountPage:
        after = None if cursor is None else await cursors.read(ctx, "service accounts", cursor)
        found = await verbs.list(ctx, after, limit)
        last = await cursors.make(ctx, "service accounts", found[-1].account_id) if len(found) == limit else None
        return ServiceAccountPage(service_accounts=[_account(each) for each in found], next_cursor=last)

    @routes.get("/service-accounts/{service_account_id}", tags=["api-keys"])
    async def get_service_account(service_account_id: str, ctx: RequestContext = caller) -> ServiceAccountAnswer:
        return _account(await verbs.get(ctx, path_id(SERVICE_ACCOUNT, service_account_id)))

    @routes.patch("/service-accounts/{service_account_id}", tags=["api-keys"])
    async def change_service_account(
        service_account_id: str, body: ServiceAccountPatch, ctx: RequestContext = caller
    ) -> ServiceAccountAnswer:
        return _account(await verbs.set_state(ctx, path_id(SERVICE_ACCOUNT, service_account_id), body.state))

    @routes.get("/service-accounts/{service_account_id}/roles", tags=["api-keys"])
    async def list_roles_of_service_account(service_account_id: str, ctx: RequestContext = caller) -> RolePage:
        found = await verbs.roles_of(ctx, path_id(SERVICE_ACCOUNT, service_account_id))
        return RolePage(roles=[role_answer(role) for role in found])

    @routes.put("/service-accounts/{service_account_id}/roles/{role_id}", status_code=204, tags=["api-keys"])
    async def grant_role_to_service_account(
        service_account_id: str, role_id: str, ctx: RequestContext = caller
    ) -> None:
        await verbs.assign(ctx, path_id(SERVICE_ACCOUNT, service_account_id), path_id(ROLE, role_id))

    @routes.delete("/service-accounts/{service_account_id}/roles/{role_id}", status_code=204, tags=["api-keys"])
    async def revoke_role_of_service_account(
        service_account_id: str, role_id: str, ctx: RequestContext = caller
    ) -> None:
        await verbs.unassign(ctx, path_id(SERVICE_ACCOUNT, service_account_id), path_id(ROLE, role_id))


def _key(key: ApiKey, now: datetime) -> ApiKeyAnswer:
    return ApiKeyAnswer(
        id=key.word,
        lookup=key.lookup,
        name=key.name,
        owner=key.owner.word,
        kind=key.kind,
        mode=key.mode,
        state=key.state(now),
        scopes=sorted(key.scopes),
        stores=None if key.stores is None else sorted(key.stores),
        networks=None if key.networks is None else [str(network) for network in key.networks],
        per_minute=key.per_minute,
        created_at=key.created_at,
        expires_at=key.expires_at,
        last_used_at=key.last_used_at,
    )


def _account(account: ServiceAccount) -> ServiceAccountAnswer:
    return ServiceAccountAnswer(id=account.word, name=account.name, state=account.state, created_at=account.created_at)
