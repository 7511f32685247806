"""What has expired of the audit log, in rows."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from airside.audit import cuts
from airside.audit.events import Event
from airside.audit.model import Cut
from airside.store.context import RequestContext

_FIRST_YOUNGER: Final = """
    select min(seq) as seq from airside.audit_leaf where tenant_id = %s and record_id >= %s
"""
_OLDEST: Final = "select record_id from airside.audit_record where tenant_id = %s order by record_id limit 1"
_LAST_CUT: Final = """
    select details from airside.audit_record
    where tenant_id = %s and event = %s order by record_id desc limit 1
"""
_DELETE: Final = """
    delete from airside.audit_record
    where tenant_id = %s and record_id in (
        select record_id from airside.audit_leaf where tenant_id = %s and seq >= %s and seq < %s)
"""


@dataclass(frozen=True, slots=True)
class _Younger:
    seq: int | None


@dataclass(frozen=True, slots=True)
class _Oldest:
    record_id: UUID


@dataclass(frozen=True, slots=True)
class _Details:
    details: str


async def first_younger(ctx: RequestContext, record_id: UUID) -> int | None:
    """The first leaf whose record has this id or a later one; None where all are older."""
    found = await ctx.tx.one(_Younger, _FIRST_YOUNGER, (ctx.tenant_id, record_id))
    return found.seq if found else None


async def oldest(ctx: RequestContext) -> UUID | None:
    """The id of the oldest record that is there."""
    found = await ctx.tx.one(_Oldest, _OLDEST, (ctx.tenant_id,))
    return found.record_id if found else None


async def last_cut(ctx: RequestContext) -> Cut | None:
    """The last cut, as its record says; whether it is true is for whoever holds the key."""
    found = await ctx.tx.one(_Details, _LAST_CUT, (ctx.tenant_id, Event.AUDIT_EXPIRED.value))
    return cuts.read(found.details) if found else None


async def delete(ctx: RequestContext, start: int, end: int) -> int:
    """Delete the records of these leaves; how many there were. The server's own role may not: this is the owner's."""
    return await ctx.tx.run(_DELETE, (ctx.tenant_id, ctx.tenant_id, start, end))
