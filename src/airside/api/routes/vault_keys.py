"""The management API's vault: named keys of applications, and what is given by name."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import Field

from airside.admin import VaultAdmin
from airside.api.strict import Answer, Body
from airside.secrets import AppKey
from airside.store import RequestContext
from airside.tenancy import NamedGrant, NamedKind, NamedRelation

Purpose = Literal["seal", "token"]
Version = Annotated[int, Field(ge=1, le=10_000)]


class NewKey(Body):
    name: Annotated[str, Field(max_length=64)]
    purpose: Purpose = "seal"


class VersionAnswer(Answer):
    version: int
    state: Literal["active", "retired", "destroyed"]
    created_at: datetime


class KeyAnswer(Answer):
    name: str
    purpose: Purpose
    created_at: datetime
    versions: list[VersionAnswer]


class KeyPage(Answer):
    keys: list[KeyAnswer]


class GrantBody(Body):
    """`subject` is `client:cli_…`, or `role:rol_…` for everybody who has it; `kind` and `name` a key, or the beginning
    of secrets' paths."""

    subject: Annotated[str, Field(max_length=64)]
    relation: NamedRelation
    kind: NamedKind
    name: Annotated[str, Field(max_length=200)]


class GrantAnswer(Answer):
    subject: str
    relation: NamedRelation
    kind: NamedKind
    name: str


class GrantPage(Answer):
    grants: list[GrantAnswer]


def add(routes: APIRouter, caller: Any, verbs: VaultAdmin) -> None:
    """The routes of keys and grants."""

    @routes.post("/vault/keys", status_code=201, tags=["vault"])
    async def create_vault_key(body: NewKey, ctx: RequestContext = caller) -> KeyAnswer:
        return _answer(await verbs.create(ctx, body.name, body.purpose))

    @routes.get("/vault/keys", tags=["vault"])
    async def list_vault_keys(ctx: RequestContext = caller) -> KeyPage:
        return KeyPage(keys=[_answer(key) for key in await verbs.list(ctx)])

    @routes.get("/vault/keys/{vault_key}", tags=["vault"])
    async def get_vault_key(vault_key: str, ctx: RequestContext = caller) -> KeyAnswer:
        return _answer(await verbs.get(ctx, vault_key))

    @routes.post("/vault/keys/{vault_key}/rotate", tags=["vault"])
    async def rotate_vault_key(vault_key: str, ctx: RequestContext = caller) -> KeyAnswer:
        return _answer(await verbs.rotate(ctx, vault_key))

    @routes.delete("/vault/keys/{vault_key}/versions/{version}", tags=["vault"])
    async def destroy_vault_key_version(vault_key: str, version: Version, ctx: RequestContext = caller) -> KeyAnswer:
        return _answer(await verbs.destroy_version(ctx, vault_key, version))

    @routes.delete("/vault/keys/{vault_key}", status_code=204, tags=["vault"])
    async def destroy_vault_key(vault_key: str, ctx: RequestContext = caller) -> None:
        await verbs.destroy(ctx, vault_key)

    @routes.get("/vault/grants", tags=["vault"])
    async def list_vault_grants(ctx: RequestContext = caller) -> GrantPage:
        return GrantPage(
            grants=[
                GrantAnswer(subject=each.subject, relation=each.relation, kind=each.kind, name=each.name)
                for each in await verbs.grants(ctx)
            ]
        )

    @routes.post("/vault/grants", status_code=204, tags=["vault"])
    async def give_vault_grant(body: GrantBody, ctx: RequestContext = caller) -> None:
        await verbs.give(ctx, NamedGrant(body.subject, body.relation, body.kind, body.name))

    @routes.post("/vault/grants/revoke", status_code=204, tags=["vault"])
    async def take_vault_grant(body: GrantBody, ctx: RequestContext = caller) -> None:
        await verbs.take(ctx, NamedGrant(body.subject, body.relation, body.kind, body.name))


def _answer(key: AppKey) -> KeyAnswer:
    versions = [VersionAnswer(version=v.version, state=v.state, created_at=v.created_at) for v in key.versions]
    return KeyAnswer(name=key.name, purpose=key.purpose, created_at=key.created_at, versions=versions)
