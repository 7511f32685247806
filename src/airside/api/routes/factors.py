"""The management API's factors: what others prove themselves with, without any secret."""

from datetime import datetime
from typing import Any, Literal

from fastapi import APIRouter

from airside.admin import FactorAdmin
from airside.api.strict import Answer, path_id
from airside.core.ids import FACTOR, PASSKEY, USER, format_id
from airside.identity import Enrolled
from airside.store import RequestContext


class FactorAnswer(Answer):
    id: str
    kind: Literal["totp", "passkey"]
    name: str = ""
    created_at: datetime
    last_used_at: datetime | None


class FactorsAnswer(Answer):
    """`recovery_codes`: how many are left."""

    password: bool
    recovery_codes: int
    factors: list[FactorAnswer]


def add(routes: APIRouter, caller: Any, verbs: FactorAdmin) -> None:
    """Every route of factors."""

    @routes.get("/users/{user_id}/factors", tags=["factors"])
    async def list_factors(user_id: str, ctx: RequestContext = caller) -> FactorsAnswer:
        return _answer(await verbs.list(ctx, path_id(USER, user_id)))

    @routes.delete("/users/{user_id}/factors", status_code=204, tags=["factors"])
    async def reset_factors(user_id: str, ctx: RequestContext = caller) -> None:
        await verbs.reset(ctx, path_id(USER, user_id))

    @routes.delete("/users/{user_id}/factors/{factor_id}", status_code=204, tags=["factors"])
    async def remove_factor(user_id: str, factor_id: str, ctx: RequestContext = caller) -> None:
        if factor_id.startswith(f"{PASSKEY}_"):
            await verbs.remove_passkey(ctx, path_id(USER, user_id), path_id(PASSKEY, factor_id))
        else:
            await verbs.remove_totp(ctx, path_id(USER, user_id), path_id(FACTOR, factor_id))

    @routes.post("/users/{user_id}/password/demand", status_code=204, tags=["factors"])
    async def demand_password_change(user_id: str, ctx: RequestContext = caller) -> None:
        await verbs.demand_password_change(ctx, path_id(USER, user_id))


def _answer(held: Enrolled) -> FactorsAnswer:
    totp = [
        FactorAnswer(
            id=format_id(FACTOR, each.id), kind="totp", created_at=each.confirmed_at, last_used_at=each.used_at
        )
        for each in held.totp
    ]
    passkeys = [
        FactorAnswer(
            id=format_id(PASSKEY, each.id),
            kind="passkey",
            name=each.name,
            created_at=each.created_at,
            last_used_at=each.last_used_at,
        )
        for each in held.passkeys
    ]
    return FactorsAnswer(password=held.password, recovery_codes=held.recovery_codes, factors=[*totp, *passkeys])
