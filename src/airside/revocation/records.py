"""Rows of `revocation` ↔ `Entry`."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from airside.core.clock import epoch
from airside.revocation.model import ALWAYS, Entry, Kind
from airside.store.context import RequestContext

INSERT: Final = """
insert into airside.revocation (tenant_id, revocation_id, kind, id, before, expires_at, created_at)
values (%s, %s, %s, %s, %s, %s, %s)
"""

LOAD: Final = """
select kind, id, before, expires_at from airside.revocation
where tenant_id = %s and expires_at > %s
"""

SWEEP: Final = """
delete from airside.revocation
where tenant_id = %s and expires_at <= %s
"""


@dataclass(frozen=True, slots=True)
class _Row:
    kind: Kind
    id: str
    before: datetime | None
    expires_at: datetime


def insert(ctx: RequestContext, revocation_id: UUID, entry: Entry) -> None:
    """Append one entry. Leaves with the next statement or the commit: nobody waits for it, however many end at once."""
    before = None if entry.before == ALWAYS else datetime.fromtimestamp(entry.before, UTC)
    until = datetime.fromtimestamp(entry.expires_at, UTC)
    ctx.tx.put_off([(INSERT, (ctx.tenant_id, revocation_id, entry.kind, entry.id, before, until, ctx.now))])


async def load(ctx: RequestContext, margin: timedelta) -> list[Entry]:
    """The tenant's entries that ended no longer than `margin` ago."""
    rows = await ctx.tx.all(_Row, LOAD, (ctx.tenant_id, ctx.now - margin))
    return [
        Entry(row.kind, row.id, ALWAYS if row.before is None else epoch(row.before), epoch(row.expires_at))
        for row in rows
    ]


async def sweep(ctx: RequestContext, margin: timedelta) -> int:
    """Delete entries that ended longer than `margin` ago; how many."""
    return await ctx.tx.run(SWEEP, (ctx.tenant_id, ctx.now - margin))
