"""Responding to an attack, `{issuer}/api/v1/response/…`."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import Field

from airside.admin import ResponseAdmin
from airside.api.strict import Answer, Body, path_id
from airside.core.ids import BAN, INCIDENT, USER
from airside.store import RequestContext
from airside.tenancy import Ban, Lock

MAX_MINUTES: Final = 30 * 24 * 60
EVERYBODY: Final = "everybody"


class NewBan(Body):
    network: Annotated[str, Field(max_length=64)]
    minutes: Annotated[int, Field(ge=1, le=MAX_MINUTES)]
    force: bool = False


Incident = Annotated[str | None, Query(max_length=64)]
"""Of which incident it is part; it stands in the timeline then."""


class Whose(Body):
    """Of a user, or of everybody: spelt out, so that nothing forgotten means all."""

    of: Annotated[str, Field(max_length=64)]


class KeysOf(Body):
    owner: Annotated[str, Field(max_length=64)]


class Rotation(Body):
    withdraw: bool = False


class SessionsAnswer(Answer):
    sessions: int


class RevokedAnswer(Answer):
    revoked: int


class RotatedAnswer(Answer):
    keys: list[str]


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
    _session_routes(routes, caller, verbs)
    _key_routes(routes, caller, verbs)
    _lock_routes(routes, caller, verbs)
    _ban_routes(routes, caller, verbs)


def _session_routes(routes: APIRouter, caller: Any, verbs: ResponseAdmin) -> None:
    @routes.post("/response/end-sessions", tags=["response"])
    async def end_all_sessions(
        body: Whose, incident_id: Incident = None, ctx: RequestContext = caller
    ) -> SessionsAnswer:
        return SessionsAnswer(sessions=await verbs.end_sessions(ctx, _user(body), incident_id=_of(incident_id)))

    @routes.post("/response/reauthenticate", tags=["response"])
    async def force_reauthentication(
        body: Whose, incident_id: Incident = None, ctx: RequestContext = caller
    ) -> SessionsAnswer:
        return SessionsAnswer(sessions=await verbs.reauthenticate(ctx, _user(body), incident_id=_of(incident_id)))


def _key_routes(routes: APIRouter, caller: Any, verbs: ResponseAdmin) -> None:
    @routes.post("/response/revoke-keys", tags=["response"])
    async def revoke_all_keys(
        body: KeysOf, incident_id: Incident = None, ctx: RequestContext = caller
    ) -> RevokedAnswer:
        revoked = await verbs.revoke_keys(ctx, body.owner, incident_id=_of(incident_id))
        return RevokedAnswer(revoked=revoked)

    @routes.post("/response/rotate-keys", tags=["response"])
    async def rotate_signing_keys(
        body: Rotation, incident_id: Incident = None, ctx: RequestContext = caller
    ) -> RotatedAnswer:
        names = await verbs.rotate_keys(ctx, withdraw=body.withdraw, incident_id=_of(incident_id))
        return RotatedAnswer(keys=list(names))


def _lock_routes(routes: APIRouter, caller: Any, verbs: ResponseAdmin) -> None:
    @routes.get("/response/lock", tags=["response"])
    async def get_lock(ctx: RequestContext = caller) -> LockAnswer:
        return _lock((await verbs.lockdown(ctx)).lock)

    @routes.put("/response/lock", tags=["response"])
    async def lock_tenant(incident_id: Incident = None, ctx: RequestContext = caller) -> LockAnswer:
        return _lock(await verbs.lock(ctx, incident_id=_of(incident_id)))

    @routes.delete("/response/lock", status_code=204, tags=["response"])
    async def unlock_tenant(incident_id: Incident = None, ctx: RequestContext = caller) -> None:
        await verbs.unlock(ctx, incident_id=_of(incident_id))


def _ban_routes(routes: APIRouter, caller: Any, verbs: ResponseAdmin) -> None:
    @routes.get("/response/bans", tags=["response"])
    async def list_bans(ctx: RequestContext = caller) -> BanList:
        return BanList(bans=[_ban(each) for each in (await verbs.lockdown(ctx)).bans])

    @routes.post("/response/bans", status_code=201, tags=["response"])
    async def ban_network(body: NewBan, incident_id: Incident = None, ctx: RequestContext = caller) -> BanAnswer:
        lifetime = timedelta(minutes=body.minutes)
        incident = _of(incident_id)
        return _ban(await verbs.ban(ctx, body.network, lifetime, force=body.force, incident_id=incident))

    @routes.delete("/response/bans/{ban_id}", status_code=204, tags=["response"])
    async def lift_ban(ban_id: str, incident_id: Incident = None, ctx: RequestContext = caller) -> None:
        await verbs.lift(ctx, path_id(BAN, ban_id), incident_id=_of(incident_id))


def _of(incident_id: str | None) -> UUID | None:
    return None if incident_id is None else path_id(INCIDENT, incident_id)


def _user(body: Whose) -> UUID | None:
    return None if body.of == EVERYBODY else path_id(USER, body.of)


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
