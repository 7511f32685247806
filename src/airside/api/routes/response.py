"""Responding to an attack, `{issuer}/api/v1/response/…`."""

from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field

from airside.admin import ResponseAdmin
from airside.api.strict import Answer, Body, path_id
from airside.core.ids import BAN
from airside.store import RequestContext
from airside.tenancy import Ban, Lock

MAX_MINUTES = 30 * 24 * 60


class NewBan(Body):
    network: Annotated[str, Field(max_length=64)]
    minutes: Annotated[int, Field(ge=1, le=MAX_MINUTES)]
    force: bool = False


class LockAnswer(Answer):
    locked: bool
    locked_by: str | None = None
    locked_at: datetime | None = None


class BanAnswer(Answer):
    id: str
    network: str
    banned_by: str
    banned_at: datetime
    expires_at: datetime


class BanList(Answer):
    bans: list[BanAnswer]


def add(routes: APIRouter, caller: Any, verbs: ResponseAdmin) -> None:
    """The routes of the actions."""
    _lock_routes(routes, caller, verbs)
    _ban_routes(routes, caller, verbs)


def _lock_routes(routes: APIRouter, caller: Any, verbs: ResponseAdmin) -> None:
    @routes.get("/response/lock", tags=["response"])
    async def get_lock(ctx: RequestContext = caller) -> LockAnswer:
        return _lock((await verbs.lockdown(ctx)).lock)

    @routes.put("/response/lock", tags=["response"])
    async def lock_tenant(ctx: RequestContext = caller) -> LockAnswer:
        return _lock(await verbs.lock(ctx))

    @routes.delete("/response/lock", status_code=204, tags=["response"])
    async def unlock_tenant(ctx: RequestContext = caller) -> None:
        await verbs.unlock(ctx)


def _ban_routes(routes: APIRouter, caller: Any, verbs: ResponseAdmin) -> None:
    @routes.get("/response/bans", tags=["response"])
    async def list_bans(ctx: RequestContext = caller) -> BanList:
        return BanList(bans=[_ban(each) for each in (await verbs.lockdown(ctx)).bans])

    @routes.post("/response/bans", status_code=201, tags=["response"])
    async def ban_network(body: NewBan, ctx: RequestContext = caller) -> BanAnswer:
        lifetime = timedelta(minutes=body.minutes)
        return _ban(await verbs.ban(ctx, body.network, lifetime, force=body.force))

    @routes.delete("/response/bans/{ban_id}", status_code=204, tags=["response"])
    async def lift_ban(ban_id: str, ctx: RequestContext = caller) -> None:
        await verbs.lift(ctx, path_id(BAN, ban_id))


def _lock(lock: Lock | None) -> LockAnswer:
    if lock is None:
        return LockAnswer(locked=False)
    return LockAnswer(locked=True, locked_by=lock.locked_by, locked_at=lock.locked_at)


def _ban(ban: Ban) -> BanAnswer:
    return BanAnswer(
        id=ban.word,
        network=str(ban.network),
        banned_by=ban.banned_by,
        banned_at=ban.banned_at,
        expires_at=ban.expires_at,
    )
