"""Who hears of an event: in the transaction that records it, one row for every stream that asked for its kind."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from airside.audit import Event, Record
from airside.core.entropy import Entropy
from airside.core.ids import SIGNAL, STREAM, format_id, uuid7
from airside.core.strict_json import Json
from airside.oauth.signals import records, records_events
from airside.oauth.signals.caep import tellings
from airside.oauth.signals.model import Telling
from airside.oauth.signals.records import Listening
from airside.store import Outbox
from airside.store.context import RequestContext
from airside.store.outbox import lane_of

KIND: Final = "signal"


class SignalListener:
    """Implements the journal's `Told`. Which streams there are is asked for only where something is to be told, which
    few events are."""

    def __init__(self, *, outbox: Outbox, entropy: Entropy) -> None:
        self._outbox = outbox
        self._entropy = entropy

    async def __call__(self, ctx: RequestContext, event: Event, record: Record, details: Mapping[str, Json], /) -> None:
        """Put what is told of `event` where each stream's receiver gets it."""
        for telling in tellings(event, record, details):
            for stream in await records.listening(ctx, telling.kind):
                await self.tell(ctx, stream, telling)

    async def tell(self, ctx: RequestContext, stream: Listening, telling: Telling) -> None:
        """Have the stream say it."""
        event_id = uuid7(ctx.now, self._entropy)
        records_events.insert(ctx, stream.stream_id, event_id, telling)
        if stream.delivery == "push":
            await self.put(ctx, stream.stream_id, event_id, telling.subject)

    async def put(self, ctx: RequestContext, stream_id: UUID, event_id: UUID, subject: str) -> None:
        """Push it. What is told of one subject arrives in order."""
        about = {"stream": format_id(STREAM, stream_id), "event": format_id(SIGNAL, event_id)}
        lane = lane_of(stream_id, subject)
        await self._outbox.put(ctx, KIND, subject=None, about=about, way="signal", lane=lane)
