"""What became of messages: shown, and sent again."""

from uuid import UUID

from airside.audit import Event, Journal, recorded
from airside.core.errors import Conflict, InvalidInput, NotFound
from airside.core.ids import WEBHOOK, format_id
from airside.notify.webhooks import records_deliveries as records
from airside.notify.webhooks.endpoints import Endpoints
from airside.notify.webhooks.model import KEPT, MAX_PAGE, MAX_REPLAY, DeliveryState, WebhookDelivery
from airside.notify.webhooks.subscribers import Subscribers
from airside.store.context import RequestContext


class Deliveries:
    """The messages to one endpoint of the context's tenant, for `KEPT`."""

    def __init__(self, *, endpoints: Endpoints, subscribers: Subscribers, journal: Journal) -> None:
        self._endpoints = endpoints
        self._subscribers = subscribers
        self._journal = journal

    async def list(
        self,
        ctx: RequestContext,
        endpoint_id: UUID,
        *,
        state: DeliveryState | None = None,
        before: UUID | None = None,
        limit: int = MAX_PAGE,
    ) -> list[WebhookDelivery]:
        """The newest first, older than the one named, at most `limit` (1 to `MAX_PAGE`); of one state, if one is named.

        Raises:
            NotFound: no such endpoint in this tenant.
            InvalidInput: a limit out of range.
        """
        if not 1 <= limit <= MAX_PAGE:
            raise InvalidInput("page size out of range", pointer="limit", max=MAX_PAGE)
        await self._endpoints.get(ctx, endpoint_id)
        return await records.page(ctx, endpoint_id, state, before, limit)

    async def replay(self, ctx: RequestContext, endpoint_id: UUID, record_id: UUID | None = None) -> int:
        """Send dead letters again, under their own ids: the one named, or the oldest `MAX_REPLAY`; how many. They go to
        the end of their subjects' lines.

        Raises:
            NotFound: no such endpoint in this tenant, or no such dead letter.
            Conflict: the endpoint is disabled.
        """
        if (await self._endpoints.get(ctx, endpoint_id)).state != "active":
            raise Conflict("the endpoint is disabled")
        dead = await records.dead(ctx, endpoint_id, record_id, MAX_REPLAY)
        if record_id is not None and not dead:
            raise NotFound("dead letter")
        for each in dead:
            record = await recorded(ctx, each.record_id)
            await records.set_state(ctx, endpoint_id, each.record_id, "waiting", was="dead")
            await self._subscribers.put(ctx, endpoint_id, each.record_id, "" if record is None else record.subject)
        if dead:
            subject, details = format_id(WEBHOOK, endpoint_id), {"messages": len(dead)}
            await self._journal.record(ctx, Event.WEBHOOK_REPLAYED, subject=subject, details=details)
        return len(dead)

    async def sweep(self, ctx: RequestContext) -> int:
        """Forget what became of old messages, for a timer; how many."""
        return await records.sweep(ctx, ctx.now - KEPT)
