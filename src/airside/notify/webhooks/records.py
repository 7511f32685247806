"""Rows of `webhook_endpoint` ↔ `Endpoint`, and its secrets."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from airside.core.secret import Secret
from airside.notify.webhooks.model import Endpoint, EndpointState
from airside.store.context import RequestContext
from airside.vault import Keyset, Place

INSERT: Final = """
insert into airside.webhook_endpoint
    (tenant_id, endpoint_id, url, description, events, state, secret_sealed, created_at)
values (%s, %s, %s, %s, %s, %s, %s, %s)
"""
FIND: Final = """
select endpoint_id, url, description, events, state, previous_until, failing_since, created_at
from airside.webhook_endpoint where tenant_id = %s and endpoint_id = %s
"""
LOCK: Final = """
select endpoint_id, url, description, events, state, previous_until, failing_since, created_at
from airside.webhook_endpoint where tenant_id = %s and endpoint_id = %s for update
"""
LIST: Final = """
select endpoint_id, url, description, events, state, previous_until, failing_since, created_at
from airside.webhook_endpoint
where tenant_id = %s and (%s::uuid is null or endpoint_id > %s::uuid)
order by endpoint_id limit %s
"""
LISTENING: Final = """
select endpoint_id, events from airside.webhook_endpoint where tenant_id = %s and state = 'active' order by endpoint_id
"""
COUNT: Final = "select count(*) as count from airside.webhook_endpoint where tenant_id = %s"
UPDATE: Final = """
update airside.webhook_endpoint set url = %s, description = %s, events = %s where tenant_id = %s and endpoint_id = %s
"""
SET_STATE: Final = """
update airside.webhook_endpoint set state = %s, failing_since = null
where tenant_id = %s and endpoint_id = %s and state <> %s
"""
SECRETS: Final = """
select secret_sealed, previous_sealed, previous_until from airside.webhook_endpoint
where tenant_id = %s and endpoint_id = %s
"""
SET_SECRETS: Final = """
update airside.webhook_endpoint set secret_sealed = %s, previous_sealed = %s, previous_until = %s
where tenant_id = %s and endpoint_id = %s
"""
TAKEN: Final = """
update airside.webhook_endpoint set failing_since = null
where tenant_id = %s and endpoint_id = %s and failing_since is not null
"""
FAILED: Final = """
update airside.webhook_endpoint set failing_since = coalesce(failing_since, %s)
where tenant_id = %s and endpoint_id = %s and state = 'active'
returning failing_since
"""
DELETE: Final = "delete from airside.webhook_endpoint where tenant_id = %s and endpoint_id = %s"


@dataclass(frozen=True, slots=True)
class Listening:
    """An active endpoint, and what it listens to."""

    endpoint_id: UUID
    events: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Count:
    count: int


@dataclass(frozen=True, slots=True)
class _Failing:
    failing_since: datetime


@dataclass(frozen=True, slots=True)
class _Secrets:
    secret_sealed: bytes
    previous_sealed: bytes | None
    previous_until: datetime | None


def _place(endpoint_id: UUID) -> Place:
    return Place("webhook_endpoint", "secret_sealed", endpoint_id)


def _previous_place(endpoint_id: UUID) -> Place:
    return Place("webhook_endpoint", "previous_sealed", endpoint_id)


async def insert(ctx: RequestContext, keyset: Keyset, endpoint: Endpoint, secret: Secret[str]) -> None:
    """Write a new endpoint."""
    sealed = keyset.seal(_place(endpoint.endpoint_id), secret.reveal().encode())
    row = (endpoint.endpoint_id, endpoint.url, endpoint.description, list(endpoint.events), endpoint.state, sealed)
    await ctx.tx.run(INSERT, (ctx.tenant_id, *row, endpoint.created_at))


async def find(ctx: RequestContext, endpoint_id: UUID, *, lock: bool = False) -> Endpoint | None:
    """With `lock`, nobody else changes it until the transaction ends."""
    return await ctx.tx.one(Endpoint, LOCK if lock else FIND, (ctx.tenant_id, endpoint_id))


async def page(ctx: RequestContext, after: UUID | None, limit: int) -> list[Endpoint]:
    """In the order of their making, after one."""
    return await ctx.tx.all(Endpoint, LIST, (ctx.tenant_id, after, after, limit))


async def listening(ctx: RequestContext) -> list[Listening]:
    """Every active endpoint."""
    return await ctx.tx.all(Listening, LISTENING, (ctx.tenant_id,))


async def count(ctx: RequestContext) -> int:
    """How many the tenant has."""
    found = await ctx.tx.one(_Count, COUNT, (ctx.tenant_id,))
    return 0 if found is None else found.count


async def update(ctx: RequestContext, endpoint: Endpoint) -> None:
    """Write what may be changed of it."""
    row = (endpoint.url, endpoint.description, list(endpoint.events), ctx.tenant_id, endpoint.endpoint_id)
    await ctx.tx.run(UPDATE, row)


async def set_state(ctx: RequestContext, endpoint_id: UUID, state: EndpointState) -> bool:
    """Whether it was in the other state until now."""
    return await ctx.tx.run(SET_STATE, (state, ctx.tenant_id, endpoint_id, state)) == 1


async def secrets(ctx: RequestContext, keyset: Keyset, endpoint_id: UUID) -> list[Secret[str]]:
    """Those that messages are signed with now, the newest first; none where the endpoint is gone."""
    row = await ctx.tx.one(_Secrets, SECRETS, (ctx.tenant_id, endpoint_id))
    if row is None:
        return []
    found = [Secret(keyset.open(_place(endpoint_id), row.secret_sealed).decode())]
    if row.previous_sealed is not None and row.previous_until is not None and ctx.now < row.previous_until:
        found.append(Secret(keyset.open(_previous_place(endpoint_id), row.previous_sealed).decode()))
    return found


async def set_secrets(
    ctx: RequestContext,
    keyset: Keyset,
    endpoint_id: UUID,
    secret: Secret[str],
    previous: Secret[str],
    until: datetime,
) -> None:
    """`secret` signs from now on, and `previous` beside it until then."""
    new = keyset.seal(_place(endpoint_id), secret.reveal().encode())
    old = keyset.seal(_previous_place(endpoint_id), previous.reveal().encode())
    await ctx.tx.run(SET_SECRETS, (new, old, until, ctx.tenant_id, endpoint_id))


async def taken(ctx: RequestContext, endpoint_id: UUID) -> None:
    """It isn't failing."""
    await ctx.tx.run(TAKEN, (ctx.tenant_id, endpoint_id))


async def failed(ctx: RequestContext, endpoint_id: UUID) -> datetime | None:
    """Since when it has taken nothing; None where it is gone or disabled."""
    row = await ctx.tx.one(_Failing, FAILED, (ctx.now, ctx.tenant_id, endpoint_id))
    return None if row is None else row.failing_since


async def delete(ctx: RequestContext, endpoint_id: UUID) -> None:
    """The row."""
    await ctx.tx.run(DELETE, (ctx.tenant_id, endpoint_id))
