"""Who hears of an event: in the transaction that records it, one row for every stream that asked for its kind."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from airside.audit import Event, Record
from airside.core.entropy import Entropy
from airside.core.ids import SIGNAL, STREAM, TENANT, USER, format_id, uuid7
from airside.core.strict_json import Json
from airside.oauth import records_clients
from airside.oauth.signals import records, records_events, records_subjects
from airside.oauth.signals.caep import tellings
from airside.oauth.signals.model import Telling
from airside.oauth.signals.news import stirred
from airside.oauth.signals.records import Listening
from airside.oauth.signals.records_subjects import Choosy
from airside.oauth.subjects import Subjects
from airside.protocols.secevent import TOKEN_CLAIMS_CHANGE
from airside.store import Outbox
from airside.store.context import RequestContext
from airside.store.outbox import lane_of

KIND: Final = "signal"
WAY: Final = "signal"
AT_ONCE: Final = 1_000
"""Events that are put into the outbox by one statement."""


class SignalListener:
    """Implements the journal's `Told`. Which streams there are is asked for only where something is to be told, which
    few events are."""

    def __init__(self, *, outbox: Outbox, entropy: Entropy, subjects: Subjects) -> None:
        self._outbox = outbox
        self._entropy = entropy
        self._subjects = subjects

    async def __call__(self, ctx: RequestContext, event: Event, record: Record, details: Mapping[str, Json], /) -> None:
        """Put what is told of `event` where each stream's receiver gets it."""
        for telling in tellings(event, record, details):
            for stream in await self._hearing(ctx, telling):
                await self.tell(ctx, stream, telling)

    async def tell(self, ctx: RequestContext, stream: Listening, telling: Telling) -> None:
        """Have the stream say it."""
        # Several events of one moment are in no order for a receiver (RFC 8936 §2.3: `sets` is an object), and each of
        # these says all that somebody has: the last one is told.
        if telling.kind == TOKEN_CLAIMS_CHANGE:
            records_events.overtake(ctx, stream.stream_id, telling)
        event_id = uuid7(ctx.now, self._entropy)
        records_events.insert(ctx, stream.stream_id, event_id, telling)
        if stream.delivery == "push":
            about, lane = _item(stream.stream_id, event_id, telling.subject)
            await self._outbox.put(ctx, KIND, subject=None, about=about, way=WAY, lane=lane)
        else:
            await stirred(ctx, stream.stream_id)

    async def release(self, ctx: RequestContext, stream_id: UUID) -> None:
        """Push all that waits there, in its order and once: what was on its way already begins anew. The caller holds
        the stream, so that nothing is told it meanwhile."""
        await records_events.release(ctx, stream_id)
        await self._outbox.withdraw(ctx, WAY, "stream", format_id(STREAM, stream_id))
        place = 0
        while line := await records_events.line(ctx, stream_id, place, AT_ONCE):
            items = [_item(stream_id, each.event_id, each.subject) for each in line]
            await self._outbox.put_all(ctx, KIND, items, way=WAY)
            place = line[-1].place

    async def _hearing(self, ctx: RequestContext, telling: Telling) -> list[Listening]:
        """Those that asked for its kind, and for whom it happened to; what happened to everybody, each hears."""
        streams = await records.listening(ctx, telling.kind)
        if not streams or telling.subject.startswith(f"{TENANT}_"):
            return streams
        choosy = await records_subjects.choosy(ctx, [each.stream_id for each in streams])
        deaf = {each.stream_id for each in choosy if not await self._hears_of(ctx, each, telling.subject)}
        return [each for each in streams if each.stream_id not in deaf]

    async def _hears_of(self, ctx: RequestContext, stream: Choosy, subject: str) -> bool:
        client = await records_clients.find_client(ctx, stream.client_id)
        if client is None:
            return False
        known = await self._subjects.of(ctx, client, subject) if subject.startswith(f"{USER}_") else subject
        named = await records_subjects.is_named(ctx, stream.stream_id, known)
        return named == (stream.default_subjects == "NONE")


def _item(stream_id: UUID, event_id: UUID, subject: str) -> tuple[dict[str, str], UUID]:
    """What an item of the outbox is about, and its lane: what is told of one subject arrives in order."""
    about = {"stream": format_id(STREAM, stream_id), "event": format_id(SIGNAL, event_id)}
    return about, lane_of(stream_id, subject)
