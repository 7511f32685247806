"""Rows of `signal_stream` ↔ `Stream`."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from airside.core.secret import Secret
from airside.oauth.signals.model import Delivery, Stream
from airside.store.context import RequestContext
from airside.vault import Keyset, Place

INSERT: Final = """
insert into airside.signal_stream
    (tenant_id, stream_id, client_id, delivery, url, authorization_sealed, events, description, status, reason,
     default_subjects, created_at)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
FIND: Final = """
select stream_id, client_id, delivery, url, events, description, status, reason, default_subjects, created_at
from airside.signal_stream where tenant_id = %s and stream_id = %s
"""
LOCK: Final = """
select stream_id, client_id, delivery, url, events, description, status, reason, default_subjects, created_at
from airside.signal_stream where tenant_id = %s and stream_id = %s for update
"""
OF_CLIENT: Final = """
select stream_id, client_id, delivery, url, events, description, status, reason, default_subjects, created_at
from airside.signal_stream where tenant_id = %s and client_id = %s order by stream_id
"""
# Whoever changes a stream waits until what is told by what it was is committed, or nobody would find that.
LISTENING: Final = """
select stream_id, delivery from airside.signal_stream
where tenant_id = %s and status <> 'disabled' and %s = any(events) order by stream_id for share
"""
UPDATE: Final = """
update airside.signal_stream set delivery = %s, url = %s, events = %s, description = %s, status = %s, reason = %s
where tenant_id = %s and stream_id = %s
"""
AUTHORIZATION: Final = """
select authorization_sealed from airside.signal_stream where tenant_id = %s and stream_id = %s
"""
SET_AUTHORIZATION: Final = """
update airside.signal_stream set authorization_sealed = %s where tenant_id = %s and stream_id = %s
"""
VERIFY: Final = """
update airside.signal_stream set verified_at = %s
where tenant_id = %s and stream_id = %s and (verified_at is null or verified_at <= %s)
"""
DELETE: Final = "delete from airside.signal_stream where tenant_id = %s and stream_id = %s"
SWEEP: Final = """
delete from airside.signal_stream s
where s.tenant_id = %s and not exists (
    select from airside.oauth_client c
    where c.tenant_id = s.tenant_id and c.tenant_id = %s and c.client_id = s.client_id)
"""


@dataclass(frozen=True, slots=True)
class Listening:
    """A stream that is told something, now or later."""

    stream_id: UUID
    delivery: Delivery


@dataclass(frozen=True, slots=True)
class _Sealed:
    authorization_sealed: bytes | None


def _place(stream_id: UUID) -> Place:
    return Place("signal_stream", "authorization_sealed", stream_id)


async def insert(ctx: RequestContext, keyset: Keyset, stream: Stream, authorization: Secret[str] | None) -> None:
    """Write a new stream."""
    sealed = _seal(keyset, stream.stream_id, authorization)
    row = (stream.stream_id, stream.client_id, stream.delivery, stream.url, sealed, list(stream.events))
    more = (stream.description, stream.status, stream.reason, stream.default_subjects, stream.created_at)
    await ctx.tx.run(INSERT, (ctx.tenant_id, *row, *more))


async def find(ctx: RequestContext, stream_id: UUID, *, lock: bool = False) -> Stream | None:
    """With `lock`, nobody else changes it until the transaction ends."""
    return await ctx.tx.one(Stream, LOCK if lock else FIND, (ctx.tenant_id, stream_id))


async def of_client(ctx: RequestContext, client_id: UUID) -> list[Stream]:
    """Every stream of a client, oldest first."""
    return await ctx.tx.all(Stream, OF_CLIENT, (ctx.tenant_id, client_id))


async def listening(ctx: RequestContext, kind: str) -> list[Listening]:
    """Those that are told of a `kind` of event."""
    return await ctx.tx.all(Listening, LISTENING, (ctx.tenant_id, kind))


async def update(ctx: RequestContext, stream: Stream) -> None:
    """Write what may be changed of it."""
    row = (stream.delivery, stream.url, list(stream.events), stream.description, stream.status, stream.reason)
    await ctx.tx.run(UPDATE, (*row, ctx.tenant_id, stream.stream_id))


async def authorization(ctx: RequestContext, keyset: Keyset, stream_id: UUID) -> Secret[str] | None:
    """What its receiver wants to be shown."""
    row = await ctx.tx.one(_Sealed, AUTHORIZATION, (ctx.tenant_id, stream_id))
    if row is None or row.authorization_sealed is None:
        return None
    return Secret(keyset.open(_place(stream_id), row.authorization_sealed).decode())


async def set_authorization(ctx: RequestContext, keyset: Keyset, stream_id: UUID, secret: Secret[str] | None) -> None:
    """What its receiver wants to be shown from now on."""
    await ctx.tx.run(SET_AUTHORIZATION, (_seal(keyset, stream_id, secret), ctx.tenant_id, stream_id))


async def verify(ctx: RequestContext, stream_id: UUID, before: datetime) -> bool:
    """Whether it was verified before then for the last time; it is now."""
    return await ctx.tx.run(VERIFY, (ctx.now, ctx.tenant_id, stream_id, before)) == 1


async def delete(ctx: RequestContext, stream_id: UUID) -> None:
    """The row."""
    await ctx.tx.run(DELETE, (ctx.tenant_id, stream_id))


async def sweep(ctx: RequestContext) -> int:
    """Take the streams away whose client is gone; how many."""
    return await ctx.tx.run(SWEEP, (ctx.tenant_id, ctx.tenant_id))


def _seal(keyset: Keyset, stream_id: UUID, secret: Secret[str] | None) -> bytes | None:
    return None if secret is None else keyset.seal(_place(stream_id), secret.reveal().encode())
