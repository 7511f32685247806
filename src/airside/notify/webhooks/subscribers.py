"""Who hears of an event: in the transaction that records it, one message for every endpoint that listens.

Which endpoints a tenant has is held in memory for `REMEMBERED`, and until there is news that one changed: so a new one
hears of what this process commits from its own commit, and of what others commit a moment later.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Final
from uuid import UUID

from airside.audit import Event, Record
from airside.core.clock import Clock
from airside.core.ids import EVENT, WEBHOOK, format_id
from airside.core.strict_json import Json
from airside.notify.webhooks import records, records_deliveries
from airside.notify.webhooks.model import listens
from airside.notify.webhooks.records import Listening
from airside.store import Listener, Outbox
from airside.store.context import RequestContext

CHANNEL: Final = "airside_webhooks"
KIND: Final = "webhook"
REMEMBERED: Final = 5.0
"""Seconds, where no news comes through."""
MAX_REMEMBERED: Final = 10_000
"""Tenants; the one asked for longest ago is forgotten."""


class Subscribers:
    """Implements the journal's `Told` by the outbox."""

    def __init__(self, *, outbox: Outbox, listener: Listener, clock: Clock) -> None:
        self._outbox = outbox
        self._clock = clock
        self._held: OrderedDict[UUID, tuple[float, Sequence[Listening]]] = OrderedDict()
        self._generation = 0
        listener.subscribe(CHANNEL, self._hear, self._forget)

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
        lane = UUID(bytes=sha256(endpoint_id.bytes + subject.encode()).digest()[:16]) if subject else None
        await self._outbox.put(ctx, KIND, subject=None, about=about, way="webhook", lane=lane)

    async def changed(self, ctx: RequestContext) -> None:
        """Whoever changes an endpoint says so in the same transaction."""
        tenant_id = ctx.tenant_id
        await ctx.tx.notify(CHANNEL, tenant_id.hex)
        ctx.tx.after_commit(lambda: self._drop(tenant_id))

    async def _listening(self, ctx: RequestContext) -> Sequence[Listening]:
        moment, held = self._clock.monotonic(), self._held.get(ctx.tenant_id)
        if held is not None and 0 <= moment - held[0] < REMEMBERED:
            return held[1]
        generation = self._generation
        found = await records.listening(ctx)
        # Only what has been committed may outlive this transaction.
        ctx.tx.after_commit(lambda: self._keep(ctx.tenant_id, generation, moment, found))
        return found

    def _keep(self, tenant_id: UUID, generation: int, moment: float, found: Sequence[Listening]) -> None:
        if generation != self._generation:
            return  # something changed while it was being read: perhaps this
        self._held[tenant_id] = moment, found
        self._held.move_to_end(tenant_id)
        if len(self._held) > MAX_REMEMBERED:
            self._held.popitem(last=False)

    def _drop(self, tenant_id: UUID) -> None:
        self._generation += 1
        self._held.pop(tenant_id, None)

    def _hear(self, payload: str) -> None:
        try:
            self._drop(UUID(hex=payload))
        except ValueError:
            self._forget()

    def _forget(self) -> None:
        self._generation += 1
        self._held.clear()


def _concerns(endpoint: Listening, event: Event, subject: str) -> bool:
    """A test is for the endpoint that is tested. That a message was given up isn't told by messages: they would tell of
    each other for ever."""
    if event is Event.WEBHOOK_TESTED:
        return format_id(WEBHOOK, endpoint.endpoint_id) == subject
    return event is not Event.WEBHOOK_ABANDONED and listens(endpoint.events, event)
