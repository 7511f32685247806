"""Who hears of an event: in the transaction that records it, one message for every endpoint that listens.

Which endpoints a tenant has is held in memory for `REMEMBERED`, and until there is news that one changed: so a new one
hears of what this process commits from its own commit, and of what others commit a moment later.
"""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from airside.audit import Event, Record
from airside.core.clock import Clock
from airside.core.ids import EVENT, WEBHOOK, format_id
from airside.core.strict_json import Json
from airside.notify.webhooks import records, records_deliveries
from airside.notify.webhooks.model import listens
from airside.notify.webhooks.records import Listening
from airside.store import Listener, Memory, Outbox
from airside.store.context import RequestContext
from airside.store.outbox import lane_of

CHANNEL: Final = "airside_webhooks"
KIND: Final = "webhook"
REMEMBERED: Final = 5.0
"""Seconds, where no news comes through."""


class Subscribers:
    """Implements the journal's `Told` by the outbox."""

    def __init__(self, *, outbox: Outbox, listener: Listener, clock: Clock) -> None:
        self._outbox = outbox
        self._memory: Memory[Sequence[Listening]] = Memory(listener, clock, channel=CHANNEL, seconds=REMEMBERED)

    async def __call__(
        self, ctx: RequestContext, event: Event, record: Record, _details: Mapping[str, Json], /
    ) -> None:
        """Put a message into the outbox for everyone who listens to `event`."""
        for endpoint in await self._listening(ctx):
            if _concerns(endpoint, event, record.subject):
                records_deliveries.insert(ctx, endpoint.endpoint_id, record.record_id, event.value)
                await self.put(ctx, endpoint.endpoint_id, record.record_id, record.subject)

    async def put(self, ctx: RequestContext, endpoint_id: UUID, record_id: UUID, subject: str) -> None:
        """Send it. What is told of one subject arrives at an endpoint in order."""
        about = {"endpoint": format_id(WEBHOOK, endpoint_id), "event": format_id(EVENT, record_id)}
        lane = lane_of(endpoint_id, subject) if subject else None
        await self._outbox.put(ctx, KIND, subject=None, about=about, way="webhook", lane=lane)

    async def changed(self, ctx: RequestContext) -> None:
        """Whoever changes an endpoint says so in the same transaction."""
        await self._memory.changed(ctx)

    async def _listening(self, ctx: RequestContext) -> Sequence[Listening]:
        known = self._memory.known(ctx)
        if known is not None:
            return known
        reading = self._memory.reading()
        found = await records.listening(ctx)
        self._memory.keep(ctx, reading, found)
        return found


def _concerns(endpoint: Listening, event: Event, subject: str) -> bool:
    """A test is for the endpoint that is tested. That a message was given up isn't told by messages: they would tell of
    each other for ever."""
    if event is Event.WEBHOOK_TESTED:
        return format_id(WEBHOOK, endpoint.endpoint_id) == subject
    return event is not Event.WEBHOOK_ABANDONED and listens(endpoint.events, event)
