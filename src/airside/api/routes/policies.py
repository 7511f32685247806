"""The management API's tenant policy: one object, read and written whole."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import Field, WithJsonSchema

from airside.admin import PolicyAdmin
from airside.api.strict import Answer, Body
from airside.api.structs import schema_of
from airside.core.strict_json import Json
from airside.store import RequestContext
from airside.tenancy import StoredPolicy, TenantPolicy, parse_policy, render_policy

Whole = Annotated[dict[str, Any], WithJsonSchema(schema_of(TenantPolicy))]


class PolicyBody(Body):
    """`version` is that of the policy which the new one takes the place of."""

    version: Annotated[int, Field(ge=0, lt=2**63)]
    policy: Whole


class PolicyAnswer(Answer):
    """`version` 0: the defaults, never changed."""

    version: int
    policy: Whole
    changed_at: datetime | None
    changed_by: str


def add(routes: APIRouter, caller: Any, verbs: PolicyAdmin) -> None:
    """The routes of the policy."""

    @routes.get("/policies", tags=["policies"])
    async def get_policy(ctx: RequestContext = caller) -> PolicyAnswer:
        return _answer(await verbs.get(ctx))

    @routes.put("/policies", tags=["policies"])
    async def change_policy(body: PolicyBody, ctx: RequestContext = caller) -> PolicyAnswer:
        value: dict[str, Json] = body.policy
        return _answer(await verbs.change(ctx, body.version, parse_policy(value)))


def _answer(stored: StoredPolicy) -> PolicyAnswer:
    return PolicyAnswer(
        version=stored.version,
        policy=render_policy(stored.policy),
        changed_at=stored.changed_at,
        changed_by=stored.changed_by,
    )
