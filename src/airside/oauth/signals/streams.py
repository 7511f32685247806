"""Streams: where a client hears of security events (SSF 1.0 §8.1). Each client has its own, and sees no other's."""

from dataclasses import replace
from uuid import UUID

from airside.audit import Event, Journal
from airside.core.entropy import Entropy
from airside.core.errors import Conflict, InvalidInput, LimitExceeded, NotFound
from airside.core.ids import uuid7
from airside.core.strict_json import dumps
from airside.notify.webhooks.model import lawful_url
from airside.oauth.signals import records, records_events, records_subjects
from airside.oauth.signals.listening import SignalListener
from airside.oauth.signals.model import (
    KEPT,
    MAX_STREAMS,
    VERIFY_EVERY,
    Status,
    Stream,
    StreamChange,
    StreamDraft,
    Telling,
    lawful_events,
    lawful_header,
    lawful_text,
)
from airside.oauth.signals.news import stirred
from airside.oauth.signals.records import Listening
from airside.protocols.secevent import VERIFICATION
from airside.store.context import RequestContext
from airside.store.queues import queue_for
from airside.vault import Vault


class SignalStreams:
    """The streams of the clients of the context's tenant. What a receiver wants to be shown is sealed."""

    def __init__(
        self,
        *,
        vault: Vault,
        entropy: Entropy,
        journal: Journal,
        listener: SignalListener,
        exceptions: frozenset[str] = frozenset(),
    ) -> None:
        """`exceptions` are the `host:port` that may be spoken with although they aren't public."""
        self._vault = vault
        self._entropy = entropy
        self._journal = journal
        self._listener = listener
        self._exceptions = exceptions

    async def create(self, ctx: RequestContext, client_id: UUID, draft: StreamDraft) -> Stream:
        """Raises:
        InvalidInput: the draft isn't lawful; `pointer` names the field.
        Conflict: the client has `MAX_STREAMS`.
        """
        await queue_for(ctx, f"signal stream {client_id}")
        if len(await records.of_client(ctx, client_id)) >= MAX_STREAMS:
            raise Conflict("too many streams", max_streams=MAX_STREAMS)
        stream = Stream(
            stream_id=uuid7(ctx.now, self._entropy),
            client_id=client_id,
            delivery=draft.delivery,
            url=self._url(draft),
            events=lawful_events(draft.events),
            description=lawful_text(draft.description, "description"),
            status="enabled",
            reason="",
            default_subjects=draft.default_subjects,
            created_at=ctx.now,
        )
        await records.insert(ctx, await self._vault.keyset(ctx), stream, lawful_header(draft.authorization))
        await self._changed(ctx, Event.STREAM_CREATED, stream)
        return stream

    async def get(self, ctx: RequestContext, client_id: UUID, stream_id: UUID) -> Stream:
        """Raises:
        NotFound: not there, or not this client's.
        """
        return _own(await records.find(ctx, stream_id), client_id)

    async def held(self, ctx: RequestContext, client_id: UUID, stream_id: UUID) -> Stream:
        """As `get`; nobody tells it anything or changes it until the transaction ends. Raises: NotFound."""
        return _own(await records.find(ctx, stream_id, lock=True), client_id)

    async def list(self, ctx: RequestContext, client_id: UUID) -> list[Stream]:
        """The client's, oldest first."""
        return await records.of_client(ctx, client_id)

    async def update(self, ctx: RequestContext, client_id: UUID, stream_id: UUID, change: StreamChange) -> Stream:
        """Raises:
        NotFound: not there, or not this client's.
        InvalidInput: what it would become isn't lawful; `pointer` names the field.
        """
        before = after = await self.held(ctx, client_id, stream_id)
        if change.default_subjects not in (None, before.default_subjects):
            raise InvalidInput("it stays as the stream was made", pointer="default_subjects")
        if change.delivery is not None:
            after = replace(after, delivery=change.delivery.delivery, url=self._url(change.delivery))
            secret = lawful_header(change.delivery.authorization)
            await records.set_authorization(ctx, await self._vault.keyset(ctx), stream_id, secret)
        if change.events is not None:
            after = replace(after, events=lawful_events(change.events))
        if change.description is not None:
            after = replace(after, description=lawful_text(change.description, "description"))
        await records.update(ctx, after)
        if after.delivery == "push" and before.delivery == "poll":
            await self._listener.release(ctx, stream_id)
        await self._changed(ctx, Event.STREAM_UPDATED, after)
        return after

    async def set_status(
        self, ctx: RequestContext, client_id: UUID, stream_id: UUID, status: Status, reason: str
    ) -> Stream:
        """Pause: what happens is told when it is enabled again, for `KEPT`. Disable: nothing is told, neither what
        waits. Enable (SSF 1.0 §8.1.2).

        Raises:
            NotFound: not there, or not this client's.
            InvalidInput: a reason that isn't printable, or too long.
        """
        before = await self.held(ctx, client_id, stream_id)
        after = replace(before, status=status, reason=lawful_text(reason, "reason"))
        await records.update(ctx, after)
        if status == "disabled":
            await records_events.forget(ctx, stream_id)
        if status == "enabled" and before.status == "paused" and after.delivery == "push":
            await self._listener.release(ctx, stream_id)
        if after != before:
            await self._changed(ctx, Event.STREAM_STATUS_SET, after)
        return after

    async def delete(self, ctx: RequestContext, client_id: UUID, stream_id: UUID) -> None:
        """Take it away, with everything that it had to tell.

        Raises:
            NotFound: not there, or not this client's.
        """
        stream = await self.held(ctx, client_id, stream_id)
        await records_events.forget(ctx, stream_id)
        await records_subjects.forget(ctx, stream_id)
        await records.delete(ctx, stream_id)
        await self._changed(ctx, Event.STREAM_DELETED, stream)

    async def verify(self, ctx: RequestContext, client_id: UUID, stream_id: UUID, state: str | None) -> None:
        """Have it tell an event of its own, which says `state` (SSF 1.0 §8.1.4).

        Raises:
            NotFound: not there, or not this client's.
            Conflict: it isn't enabled.
            InvalidInput: a state that isn't printable, or too long.
            LimitExceeded: it was verified less than `VERIFY_EVERY` ago.
        """
        stream = await self.held(ctx, client_id, stream_id)
        if stream.status != "enabled":
            raise Conflict("the stream isn't enabled")
        if not await records.verify(ctx, stream_id, ctx.now - VERIFY_EVERY):
            raise LimitExceeded("stream_verification", VERIFY_EVERY.total_seconds())
        data = dumps({} if state is None else {"state": lawful_text(state, "state")}).decode()
        telling = Telling(VERIFICATION, stream.word, "", data, "")
        await self._listener.tell(ctx, Listening(stream_id, stream.delivery), telling)

    async def sweep(self, ctx: RequestContext) -> int:
        """Forget what nobody asked for in `KEPT`, and the streams of clients that are gone, for a timer; how many."""
        swept = await records.sweep(ctx) + await records_subjects.sweep(ctx)
        return swept + await records_events.sweep(ctx, ctx.now - KEPT)

    def _url(self, draft: StreamDraft) -> str | None:
        if draft.delivery == "push":
            return lawful_url(draft.url or "", self._exceptions)
        if draft.authorization is not None:
            raise InvalidInput("a header is for push alone", pointer="authorization_header")
        return None

    async def _changed(self, ctx: RequestContext, event: Event, stream: Stream) -> None:
        await stirred(ctx, stream.stream_id)
        details = {"delivery": stream.delivery, "status": stream.status, "events": len(stream.delivered)}
        await self._journal.record(ctx, event, subject=stream.word, details=details)


def _own(stream: Stream | None, client_id: UUID) -> Stream:
    if stream is None or stream.client_id != client_id:
        raise NotFound("stream")
    return stream
