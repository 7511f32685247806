"""Managing where a tenant's applications hear of events."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from airside.access.authorise import Authorise, Right
from airside.admin.verb import Verbs, requires
from airside.core.secret import Secret
from airside.notify.webhooks import (
    MAX_PAGE,
    Deliveries,
    DeliveryState,
    Endpoint,
    EndpointChange,
    EndpointDraft,
    Endpoints,
    EndpointState,
    WebhookDelivery,
)
from airside.store import RequestContext

READ: Final = Right("webhooks:read", "can_read_webhooks")
WRITE: Final = Right("webhooks:write", "can_write_webhooks")


class WebhookAdmin(Verbs):
    """Make, change and end endpoints; see what became of messages, and send dead letters again."""

    def __init__(self, *, authorise: Authorise, endpoints: Endpoints, deliveries: Deliveries) -> None:
        super().__init__(authorise)
        self._endpoints = endpoints
        self._deliveries = deliveries

    @requires(WRITE)
    async def create(self, ctx: RequestContext, draft: EndpointDraft) -> tuple[Endpoint, Secret[str]]:
        """A new endpoint and its secret, shown only here. Raises: InvalidInput; Conflict: the tenant has as many as it
        may."""
        return await self._endpoints.create(ctx, draft)

    @requires(READ)
    async def get(self, ctx: RequestContext, endpoint_id: UUID) -> Endpoint:
        """Raises: NotFound."""
        return await self._endpoints.get(ctx, endpoint_id)

    @requires(WRITE)
    async def update(self, ctx: RequestContext, endpoint_id: UUID, change: EndpointChange) -> Endpoint:
        """Raises: NotFound, InvalidInput."""
        return await self._endpoints.update(ctx, endpoint_id, change)

    @requires(WRITE)
    async def set_state(self, ctx: RequestContext, endpoint_id: UUID, state: EndpointState) -> Endpoint:
        """Disable, so that nothing is sent there any more, or enable. Raises: NotFound."""
        return await self._endpoints.set_state(ctx, endpoint_id, state)

    @requires(WRITE)
    async def rotate(
        self, ctx: RequestContext, endpoint_id: UUID, *, overlap: timedelta
    ) -> tuple[Endpoint, Secret[str]]:
        """Another secret, shown only here; both sign for `overlap`. Raises: NotFound; InvalidInput: an overlap out of
        range."""
        return await self._endpoints.rotate(ctx, endpoint_id, overlap=overlap)

    @requires(WRITE)
    async def delete(self, ctx: RequestContext, endpoint_id: UUID) -> None:
        """Raises: NotFound."""
        await self._endpoints.delete(ctx, endpoint_id)

    @requires(WRITE)
    async def test(self, ctx: RequestContext, endpoint_id: UUID) -> None:
        """Send it an event of its own. Raises: NotFound; Conflict: it is disabled."""
        await self._endpoints.test(ctx, endpoint_id)

    @requires(READ)
    async def deliveries(
        self,
        ctx: RequestContext,
        endpoint_id: UUID,
        *,
        state: DeliveryState | None = None,
        before: UUID | None = None,
        limit: int = MAX_PAGE,
    ) -> "list[WebhookDelivery]":
        """What became of its messages, the newest first; with `state`, of those alone. Raises: NotFound."""
        return await self._deliveries.list(ctx, endpoint_id, state=state, before=before, limit=limit)

    @requires(WRITE)
    async def replay(self, ctx: RequestContext, endpoint_id: UUID, record_id: UUID | None = None) -> int:
        """Send the dead letter again, or the oldest ones; how many. Raises: NotFound; Conflict: it is disabled."""
        return await self._deliveries.replay(ctx, endpoint_id, record_id)

    @requires(READ)
    async def list(self, ctx: RequestContext, after: UUID | None = None, limit: int = MAX_PAGE) -> list[Endpoint]:
        """Up to `limit` in the order of their making, after the one named."""
        return await self._endpoints.list(ctx, after, limit)
