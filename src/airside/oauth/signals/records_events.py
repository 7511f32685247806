"""Rows of `signal_event` ↔ `Signal`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from airside.oauth.signals.model import Signal, Telling
from airside.store.context import RequestContext

State = Literal["waiting", "held", "dead"]
"""`held`: told when its stream isn't paused any more. `dead`: nobody took it."""

INSERT: Final = """
insert into airside.signal_event
    (tenant_id, stream_id, event_id, kind, subject, session, data, txn, state, created_at)
values (%s, %s, %s, %s, %s, %s, %s, %s, 'waiting', %s)
"""
OVERTAKE: Final = """
delete from airside.signal_event
where tenant_id = %s and created_at = %s and stream_id = %s and kind = %s and subject = %s
"""
FIND: Final = """
select stream_id, event_id, kind, subject, session, data, txn, created_at
from airside.signal_event where tenant_id = %s and stream_id = %s and event_id = %s and state <> 'dead'
"""
WAITING: Final = """
select stream_id, event_id, kind, subject, session, data, txn, created_at
from airside.signal_event where tenant_id = %s and stream_id = %s and state <> 'dead' order by place limit %s
"""
LINE: Final = """
select place, event_id, subject
from airside.signal_event where tenant_id = %s and stream_id = %s and state <> 'dead' and place > %s
order by place limit %s
"""
TAKE: Final = """
delete from airside.signal_event
where tenant_id = %s and stream_id = %s and event_id = any(%s) and state <> 'dead'
"""
SET_STATE: Final = """
update airside.signal_event set state = %s where tenant_id = %s and stream_id = %s and event_id = %s
"""
RELEASE: Final = """
update airside.signal_event set state = 'waiting' where tenant_id = %s and stream_id = %s and state = 'held'
"""
FORGET: Final = "delete from airside.signal_event where tenant_id = %s and stream_id = %s"
SWEEP: Final = "delete from airside.signal_event where tenant_id = %s and created_at < %s"


@dataclass(frozen=True, slots=True)
class Placed:
    """An event's place in its stream's line; the first is 1."""

    place: int
    event_id: UUID
    subject: str


def insert(ctx: RequestContext, stream_id: UUID, event_id: UUID, telling: Telling) -> None:
    """Leaves with the next statement or the commit: nobody waits for it."""
    said = (telling.kind, telling.subject, telling.session, telling.data, telling.txn)
    ctx.tx.put_off([(INSERT, (ctx.tenant_id, stream_id, event_id, *said, ctx.now))])


def overtake(ctx: RequestContext, stream_id: UUID, telling: Telling) -> None:
    """What this request was to tell there of the same kind and subject isn't told. Leaves as `insert` does."""
    ctx.tx.put_off([(OVERTAKE, (ctx.tenant_id, ctx.now, stream_id, telling.kind, telling.subject))])


async def find(ctx: RequestContext, stream_id: UUID, event_id: UUID) -> Signal | None:
    """Unless it was taken, or given up."""
    return await ctx.tx.one(Signal, FIND, (ctx.tenant_id, stream_id, event_id))


async def waiting(ctx: RequestContext, stream_id: UUID, limit: int) -> list[Signal]:
    """What is to be told, in order."""
    return await ctx.tx.all(Signal, WAITING, (ctx.tenant_id, stream_id, limit))


async def line(ctx: RequestContext, stream_id: UUID, after: int, limit: int) -> list[Placed]:
    """A page of what is to be told, in order, behind the place `after`."""
    return await ctx.tx.all(Placed, LINE, (ctx.tenant_id, stream_id, after, limit))


async def take(ctx: RequestContext, stream_id: UUID, event_ids: Sequence[UUID]) -> int:
    """Their receiver has them; how many were there to be taken."""
    return await ctx.tx.run(TAKE, (ctx.tenant_id, stream_id, list(event_ids)))


async def set_state(ctx: RequestContext, stream_id: UUID, event_id: UUID, state: State) -> None:
    """It is held, or given up."""
    await ctx.tx.run(SET_STATE, (state, ctx.tenant_id, stream_id, event_id))


async def release(ctx: RequestContext, stream_id: UUID) -> int:
    """What was held waits again; how many."""
    return await ctx.tx.run(RELEASE, (ctx.tenant_id, stream_id))


async def forget(ctx: RequestContext, stream_id: UUID) -> None:
    """Everything that was to be told there."""
    await ctx.tx.run(FORGET, (ctx.tenant_id, stream_id))


async def sweep(ctx: RequestContext, before: datetime) -> int:
    """Forget what was written before then."""
    return await ctx.tx.run(SWEEP, (ctx.tenant_id, before))
