"""Rows of `signal_subject`: whom a stream is told of although it is told of nobody, or isn't although of everybody."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from airside.oauth.signals.model import DefaultSubjects, Named
from airside.store.context import RequestContext

INSERT: Final = """
insert into airside.signal_subject (tenant_id, stream_id, subject, user_id) values (%s, %s, %s, %s)
on conflict (tenant_id, stream_id, subject) do nothing
"""
DELETE: Final = "delete from airside.signal_subject where tenant_id = %s and stream_id = %s and subject = %s"
COUNT: Final = "select count(*) as count from airside.signal_subject where tenant_id = %s and stream_id = %s"
NAMED: Final = """
select count(*) as count from airside.signal_subject where tenant_id = %s and stream_id = %s and subject = %s
"""
CHOOSY: Final = """
select stream_id, client_id, default_subjects from airside.signal_stream s
where s.tenant_id = %s and s.stream_id = any(%s) and (s.default_subjects = 'NONE' or exists (
    select from airside.signal_subject n
    where n.tenant_id = s.tenant_id and n.tenant_id = %s and n.stream_id = s.stream_id))
order by stream_id
"""
FORGET: Final = "delete from airside.signal_subject where tenant_id = %s and stream_id = %s"
SWEEP: Final = """
delete from airside.signal_subject n
where n.tenant_id = %s and not exists (
    select from airside.signal_stream s
    where s.tenant_id = n.tenant_id and s.tenant_id = %s and s.stream_id = n.stream_id)
"""


@dataclass(frozen=True, slots=True)
class Choosy:
    """A stream that isn't told of everybody."""

    stream_id: UUID
    client_id: UUID
    default_subjects: DefaultSubjects


@dataclass(frozen=True, slots=True)
class _Count:
    count: int


async def insert(ctx: RequestContext, stream_id: UUID, named: Named) -> bool:
    """Unless it is there; whether it wasn't."""
    return await ctx.tx.run(INSERT, (ctx.tenant_id, stream_id, named.subject, named.user_id)) == 1


async def delete(ctx: RequestContext, stream_id: UUID, named: Named) -> bool:
    """Whether it was there."""
    return await ctx.tx.run(DELETE, (ctx.tenant_id, stream_id, named.subject)) == 1


async def count(ctx: RequestContext, stream_id: UUID) -> int:
    """How many a stream has."""
    row = await ctx.tx.one(_Count, COUNT, (ctx.tenant_id, stream_id))
    return 0 if row is None else row.count


async def is_named(ctx: RequestContext, stream_id: UUID, subject: str) -> bool:
    """Whether it has this one."""
    row = await ctx.tx.one(_Count, NAMED, (ctx.tenant_id, stream_id, subject))
    return row is not None and row.count > 0


async def choosy(ctx: RequestContext, stream_ids: Sequence[UUID]) -> list[Choosy]:
    """Those of `stream_ids` that aren't told of everybody, whose rows are locked: it is read after that."""
    return await ctx.tx.all(Choosy, CHOOSY, (ctx.tenant_id, list(stream_ids), ctx.tenant_id))


async def forget(ctx: RequestContext, stream_id: UUID) -> None:
    """Everybody whom a stream names."""
    await ctx.tx.run(FORGET, (ctx.tenant_id, stream_id))


async def sweep(ctx: RequestContext) -> int:
    """Forget whom streams named that are gone; how many."""
    return await ctx.tx.run(SWEEP, (ctx.tenant_id, ctx.tenant_id))
