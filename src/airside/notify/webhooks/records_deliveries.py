"""Rows of `webhook_delivery` ↔ `WebhookDelivery`."""

from datetime import datetime
from typing import Final
from uuid import UUID

from airside.notify.webhooks.model import DeliveryState, WebhookDelivery
from airside.store.context import RequestContext

INSERT: Final = """
insert into airside.webhook_delivery (tenant_id, endpoint_id, record_id, event, state, attempts, status, created_at)
values (%s, %s, %s, %s, 'waiting', 0, 0, %s)
"""
FIND: Final = """
select endpoint_id, record_id, event, state, attempts, status, tried_at, created_at
from airside.webhook_delivery where tenant_id = %s and endpoint_id = %s and record_id = %s
"""
LIST: Final = """
select endpoint_id, record_id, event, state, attempts, status, tried_at, created_at
from airside.webhook_delivery
where tenant_id = %s and endpoint_id = %s and (%s::text is null or state = %s) and (%s::uuid is null or record_id < %s)
order by record_id desc limit %s
"""
# Oldest first: as far as order can be made good afterwards, it is.
DEAD: Final = """
select endpoint_id, record_id, event, state, attempts, status, tried_at, created_at
from airside.webhook_delivery
where tenant_id = %s and endpoint_id = %s and state = 'dead' and (%s::uuid is null or record_id = %s)
order by record_id limit %s
for update
"""
TRIED: Final = """
update airside.webhook_delivery set state = %s, attempts = attempts + 1, status = %s, tried_at = %s
where tenant_id = %s and endpoint_id = %s and record_id = %s and state = 'waiting'
"""
SET_STATE: Final = """
update airside.webhook_delivery set state = %s
where tenant_id = %s and endpoint_id = %s and record_id = %s and state = %s
"""
FORGET: Final = "delete from airside.webhook_delivery where tenant_id = %s and endpoint_id = %s"
SWEEP: Final = "delete from airside.webhook_delivery where tenant_id = %s and created_at < %s and state <> 'waiting'"


def insert(ctx: RequestContext, endpoint_id: UUID, record_id: UUID, event: str) -> None:
    """Leaves with the next statement or the commit: nobody waits for it."""
    ctx.tx.put_off([(INSERT, (ctx.tenant_id, endpoint_id, record_id, event, ctx.now))])


async def find(ctx: RequestContext, endpoint_id: UUID, record_id: UUID) -> WebhookDelivery | None:
    return await ctx.tx.one(WebhookDelivery, FIND, (ctx.tenant_id, endpoint_id, record_id))


async def page(
    ctx: RequestContext, endpoint_id: UUID, state: DeliveryState | None, before: UUID | None, limit: int
) -> list[WebhookDelivery]:
    """The newest first, older than one."""
    return await ctx.tx.all(WebhookDelivery, LIST, (ctx.tenant_id, endpoint_id, state, state, before, before, limit))


async def dead(ctx: RequestContext, endpoint_id: UUID, record_id: UUID | None, limit: int) -> list[WebhookDelivery]:
    """Dead letters, or the one, held until the transaction ends."""
    return await ctx.tx.all(WebhookDelivery, DEAD, (ctx.tenant_id, endpoint_id, record_id, record_id, limit))


async def tried(ctx: RequestContext, endpoint_id: UUID, record_id: UUID, state: DeliveryState, status: int) -> None:
    """What came of a try."""
    await ctx.tx.run(TRIED, (state, status, ctx.now, ctx.tenant_id, endpoint_id, record_id))


async def set_state(
    ctx: RequestContext, endpoint_id: UUID, record_id: UUID, state: DeliveryState, was: DeliveryState
) -> bool:
    """Whether it was in that other state until now."""
    return await ctx.tx.run(SET_STATE, (state, ctx.tenant_id, endpoint_id, record_id, was)) == 1


async def forget(ctx: RequestContext, endpoint_id: UUID) -> None:
    """Everything that was to be told there."""
    await ctx.tx.run(FORGET, (ctx.tenant_id, endpoint_id))


async def sweep(ctx: RequestContext, before: datetime) -> int:
    """Forget what was made before then."""
    return await ctx.tx.run(SWEEP, (ctx.tenant_id, before))
