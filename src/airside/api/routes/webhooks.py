"""The management API's webhooks: endpoints, their secrets, and what became of messages."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import Field

from airside.admin import WebhookAdmin
from airside.api.cursors import Cursors
from airside.api.strict import MAX_PAGE, PAGE, Answer, Body, path_id
from airside.core.ids import EVENT, WEBHOOK
from airside.fetch.target import MAX_URL
from airside.notify.webhooks import Endpoint, EndpointChange, EndpointDraft, WebhookDelivery
from airside.store import RequestContext

Url = Annotated[str, Field(max_length=MAX_URL)]
Events = Annotated[list[Annotated[str, Field(max_length=100)]], Field(max_length=50)]
Description = Annotated[str, Field(max_length=200)]


class NewWebhook(Body):
    """`events` are names of audit events, or beginnings of them: `user:*`, or `*`."""

    url: Url
    events: Events
    description: Description = ""


class WebhookPatch(Body):
    """What is left out stays."""

    url: Url | None = None
    events: Events | None = None
    description: Description | None = None
    state: Literal["active", "disabled"] | None = None


class WebhookRotation(Body):
    overlap_hours: Annotated[int, Field(ge=0, le=168)] = 24


class WebhookAnswer(Answer):
    """`signed_with_two_until`: until then messages carry a signature with the secret before this one, too."""

    id: str
    url: str
    description: str
    events: list[str]
    state: Literal["active", "disabled"]
    signed_with_two_until: datetime | None
    failing_since: datetime | None
    created_at: datetime


class CreatedWebhook(Answer):
    webhook: WebhookAnswer
    secret: str


class WebhookPage(Answer):
    webhooks: list[WebhookAnswer]
    next_cursor: str | None = None


class DeliveryAnswer(Answer):
    """`id` is the message's `webhook-id`; `status` the last answer's, 0 where there was none."""

    id: str
    event: str
    state: Literal["waiting", "delivered", "dead"]
    attempts: int
    status: int
    tried_at: datetime | None
    created_at: datetime


class DeliveryPage(Answer):
    deliveries: list[DeliveryAnswer]
    next_cursor: str | None = None


class Replayed(Answer):
    replayed: int


def add(routes: APIRouter, caller: Any, verbs: WebhookAdmin, cursors: Cursors) -> None:
    """The routes of endpoints and of deliveries."""
    _endpoint_routes(routes, caller, verbs, cursors)
    _secret_routes(routes, caller, verbs)
    _delivery_routes(routes, caller, verbs, cursors)


def _endpoint_routes(routes: APIRouter, caller: Any, verbs: WebhookAdmin, cursors: Cursors) -> None:
    @routes.post("/webhooks", status_code=201, tags=["webhooks"])
    async def create_webhook(body: NewWebhook, ctx: RequestContext = caller) -> CreatedWebhook:
        made, secret = await verbs.create(ctx, EndpointDraft(body.url, body.events, body.description))
        return CreatedWebhook(webhook=_endpoint(made), secret=secret.reveal())

    @routes.get("/webhooks", tags=["webhooks"])
    async def list_webhooks(
        cursor: str | None = None,
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = PAGE,
        ctx: RequestContext = caller,
    ) -> WebhookPage:
        after = None if cursor is None else await cursors.read(ctx, "webhooks", cursor)
        found = await verbs.list(ctx, after, limit)
        last = await cursors.make(ctx, "webhooks", found[-1].endpoint_id) if len(found) == limit else None
        return WebhookPage(webhooks=[_endpoint(each) for each in found], next_cursor=last)

    @routes.get("/webhooks/{webhook_id}", tags=["webhooks"])
    async def get_webhook(webhook_id: str, ctx: RequestContext = caller) -> WebhookAnswer:
        return _endpoint(await verbs.get(ctx, path_id(WEBHOOK, webhook_id)))

    @routes.patch("/webhooks/{webhook_id}", tags=["webhooks"])
    async def change_webhook(webhook_id: str, body: WebhookPatch, ctx: RequestContext = caller) -> WebhookAnswer:
        endpoint_id = path_id(WEBHOOK, webhook_id)
        changed = await verbs.update(ctx, endpoint_id, EndpointChange(body.url, body.events, body.description))
        if body.state is not None:
            changed = await verbs.set_state(ctx, endpoint_id, body.state)
        return _endpoint(changed)

    @routes.delete("/webhooks/{webhook_id}", status_code=204, tags=["webhooks"])
    async def delete_webhook(webhook_id: str, ctx: RequestContext = caller) -> None:
        await verbs.delete(ctx, path_id(WEBHOOK, webhook_id))


def _secret_routes(routes: APIRouter, caller: Any, verbs: WebhookAdmin) -> None:
    @routes.post("/webhooks/{webhook_id}/rotate", status_code=201, tags=["webhooks"])
    async def rotate_webhook_secret(
        webhook_id: str, body: WebhookRotation, ctx: RequestContext = caller
    ) -> CreatedWebhook:
        overlap = timedelta(hours=body.overlap_hours)
        changed, secret = await verbs.rotate(ctx, path_id(WEBHOOK, webhook_id), overlap=overlap)
        return CreatedWebhook(webhook=_endpoint(changed), secret=secret.reveal())

    @routes.post("/webhooks/{webhook_id}/test", status_code=202, tags=["webhooks"])
    async def test_webhook(webhook_id: str, ctx: RequestContext = caller) -> None:
        await verbs.test(ctx, path_id(WEBHOOK, webhook_id))


def _delivery_routes(routes: APIRouter, caller: Any, verbs: WebhookAdmin, cursors: Cursors) -> None:
    @routes.get("/webhooks/{webhook_id}/deliveries", tags=["webhooks"])
    async def list_webhook_deliveries(
        webhook_id: str,
        state: Literal["waiting", "delivered", "dead"] | None = None,
        cursor: str | None = None,
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = PAGE,
        ctx: RequestContext = caller,
    ) -> DeliveryPage:
        listing = f"deliveries of {webhook_id} {state}"
        before = None if cursor is None else await cursors.read(ctx, listing, cursor)
        found = await verbs.deliveries(ctx, path_id(WEBHOOK, webhook_id), state=state, before=before, limit=limit)
        last = await cursors.make(ctx, listing, found[-1].record_id) if len(found) == limit else None
        return DeliveryPage(deliveries=[_delivery(each) for each in found], next_cursor=last)

    @routes.post("/webhooks/{webhook_id}/replay", status_code=202, tags=["webhooks"])
    async def replay_dead_webhook_letters(webhook_id: str, ctx: RequestContext = caller) -> Replayed:
        return Replayed(replayed=await verbs.replay(ctx, path_id(WEBHOOK, webhook_id)))

    @routes.post("/webhooks/{webhook_id}/deliveries/{event_id}/replay", status_code=202, tags=["webhooks"])
    async def replay_webhook_delivery(webhook_id: str, event_id: str, ctx: RequestContext = caller) -> Replayed:
        replayed = await verbs.replay(ctx, path_id(WEBHOOK, webhook_id), path_id(EVENT, event_id))
        return Replayed(replayed=replayed)


def _endpoint(endpoint: Endpoint) -> WebhookAnswer:
    return WebhookAnswer(
        id=endpoint.word,
        url=endpoint.url,
        description=endpoint.description,
        events=list(endpoint.events),
        state=endpoint.state,
        signed_with_two_until=endpoint.previous_until,
        failing_since=endpoint.failing_since,
        created_at=endpoint.created_at,
    )


def _delivery(delivery: WebhookDelivery) -> DeliveryAnswer:
    return DeliveryAnswer(
        id=delivery.word,
        event=delivery.event,
        state=delivery.state,
        attempts=delivery.attempts,
        status=delivery.status,
        tried_at=delivery.tried_at,
        created_at=delivery.created_at,
    )
