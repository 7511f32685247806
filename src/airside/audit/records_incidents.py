"""Rows of `incident` and `incident_entry` ↔ `Incident` and `IncidentEntry`. What people write is sealed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from airside.audit.incident_model import Incident, IncidentEntry, Kind, Severity, State
from airside.store.context import RequestContext
from airside.vault import Keyset, Place

INSERT: Final = """
insert into airside.incident (tenant_id, incident_id, title_sealed, severity, state, opened_by, opened_at)
values (%s, %s, %s, %s, 'open', %s, %s)
"""
FIND: Final = """
select incident_id, title_sealed, severity, opened_by, opened_at, closed_at
from airside.incident where tenant_id = %s and incident_id = %s
"""
LIST: Final = """
select incident_id, title_sealed, severity, opened_by, opened_at, closed_at
from airside.incident
where tenant_id = %s and (%s::uuid is null or incident_id < %s::uuid) and (%s::text is null or state = %s::text)
order by incident_id desc
limit %s
"""
# Whoever writes into it, or closes it, waits for whoever is writing: the next line is counted by one alone.
TAKE: Final = """
select incident_id from airside.incident
where tenant_id = %s and incident_id = %s and state = 'open'
for update
"""
CLOSE: Final = """
update airside.incident set state = 'closed', closed_at = %s
where tenant_id = %s and incident_id = %s and state = 'open'
"""
COUNT: Final = "select count(*) as number from airside.incident_entry where tenant_id = %s and incident_id = %s"
INSERT_ENTRY: Final = """
insert into airside.incident_entry
    (tenant_id, incident_id, entry_id, kind, written_by, written_at, reference, text_sealed)
values (%s, %s, %s, %s, %s, %s, %s, %s)
"""
ENTRIES: Final = """
select entry_id, kind, written_by, written_at, reference, text_sealed
from airside.incident_entry
where tenant_id = %s and incident_id = %s and (%s::uuid is null or entry_id > %s::uuid)
order by entry_id
limit %s
"""
RECORD: Final = "select record_id from airside.audit_record where tenant_id = %s and record_id = %s"


@dataclass(frozen=True, slots=True)
class _Row:
    incident_id: UUID
    title_sealed: bytes
    severity: Severity
    opened_by: str
    opened_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class _EntryRow:
    entry_id: UUID
    kind: Kind
    written_by: str
    written_at: datetime
    reference: str
    text_sealed: bytes


@dataclass(frozen=True, slots=True)
class _Taken:
    incident_id: UUID


@dataclass(frozen=True, slots=True)
class _Recorded:
    record_id: UUID


@dataclass(frozen=True, slots=True)
class _Count:
    number: int


async def insert(ctx: RequestContext, keys: Keyset, incident: Incident) -> None:
    sealed = keys.seal(_title(incident.incident_id), incident.title.encode())
    row = (incident.incident_id, sealed, incident.severity, incident.opened_by, incident.opened_at)
    await ctx.tx.run(INSERT, (ctx.tenant_id, *row))


async def find(ctx: RequestContext, keys: Keyset, incident_id: UUID) -> Incident | None:
    row = await ctx.tx.one(_Row, FIND, (ctx.tenant_id, incident_id))
    return None if row is None else _incident(keys, row)


async def page(
    ctx: RequestContext, keys: Keyset, after: UUID | None, state: State | None, limit: int
) -> list[Incident]:
    """The newest first, after the one named."""
    rows = await ctx.tx.all(_Row, LIST, (ctx.tenant_id, after, after, state, state, limit))
    return [_incident(keys, row) for row in rows]


async def take(ctx: RequestContext, incident_id: UUID) -> bool:
    """Whether it is open, and nobody else writes into it or closes it until this transaction ends."""
    return await ctx.tx.one(_Taken, TAKE, (ctx.tenant_id, incident_id)) is not None


async def close(ctx: RequestContext, incident_id: UUID) -> bool:
    """Whether it was this caller who closed it."""
    return await ctx.tx.run(CLOSE, (ctx.now, ctx.tenant_id, incident_id)) == 1


async def count(ctx: RequestContext, incident_id: UUID) -> int:
    """How many lines its timeline has."""
    row = await ctx.tx.one(_Count, COUNT, (ctx.tenant_id, incident_id))
    return 0 if row is None else row.number


async def insert_entry(ctx: RequestContext, keys: Keyset, incident_id: UUID, entry: IncidentEntry) -> None:
    sealed = keys.seal(_text(entry.entry_id), entry.text.encode())
    row = (incident_id, entry.entry_id, entry.kind, entry.written_by, entry.written_at, entry.reference, sealed)
    await ctx.tx.run(INSERT_ENTRY, (ctx.tenant_id, *row))


async def entries(
    ctx: RequestContext, keys: Keyset, incident_id: UUID, after: UUID | None, limit: int
) -> list[IncidentEntry]:
    """In the order in which they came, after the one named."""
    rows = await ctx.tx.all(_EntryRow, ENTRIES, (ctx.tenant_id, incident_id, after, after, limit))
    return [
        IncidentEntry(
            row.entry_id,
            row.kind,
            row.written_by,
            row.written_at,
            row.reference,
            keys.open(_text(row.entry_id), row.text_sealed).decode(),
        )
        for row in rows
    ]


async def is_recorded(ctx: RequestContext, record_id: UUID) -> bool:
    """Whether the tenant's log has that record."""
    return await ctx.tx.one(_Recorded, RECORD, (ctx.tenant_id, record_id)) is not None


def _incident(keys: Keyset, row: _Row) -> Incident:
    title = keys.open(_title(row.incident_id), row.title_sealed).decode()
    return Incident(row.incident_id, title, row.severity, row.opened_by, row.opened_at, row.closed_at)


def _title(incident_id: UUID) -> Place:
    return Place("incident", "title_sealed", incident_id)


def _text(entry_id: UUID) -> Place:
    return Place("incident_entry", "text_sealed", entry_id)
