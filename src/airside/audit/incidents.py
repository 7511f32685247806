"""Keeping incidents: what belongs together while something is going on, and what was done about it.

A timeline is only ever added to. That it was, and by whom, stands in the audit log besides; what was written stands in
the timeline alone, sealed.
"""

from uuid import UUID

from airside.audit import records_incidents
from airside.audit.events import Event
from airside.audit.incident_model import (
    MAX_ENTRIES,
    MAX_PAGE,
    Incident,
    IncidentEntry,
    Kind,
    State,
    read_reference,
    read_severity,
    read_text,
    read_title,
)
from airside.audit.journal import Journal
from airside.core.entropy import Entropy
from airside.core.errors import Conflict, InvalidInput, NotFound
from airside.core.ids import EVENT, INCIDENT, format_id, parse_id, uuid7
from airside.store.context import RequestContext
from airside.vault import Vault


class Incidents:
    """The incidents of the context's tenant."""

    def __init__(self, *, vault: Vault, entropy: Entropy, journal: Journal) -> None:
        self._vault = vault
        self._entropy = entropy
        self._journal = journal

    async def open(self, ctx: RequestContext, title: str, severity: str) -> Incident:
        """A new one. Raises: InvalidInput: a title or severity that can't be one."""
        incident_id = uuid7(ctx.now, self._entropy)
        incident = Incident(incident_id, read_title(title), read_severity(severity), ctx.principal.subject, ctx.now)
        await records_incidents.insert(ctx, await self._vault.keyset(ctx), incident)
        await self._write(ctx, incident_id, "opened")
        await self._record(ctx, Event.INCIDENT_OPENED, incident_id, severity=incident.severity)
        return incident

    async def get(self, ctx: RequestContext, incident_id: UUID) -> Incident:
        """Raises: NotFound: not there, or not this tenant's."""
        found = await records_incidents.find(ctx, await self._vault.keyset(ctx), incident_id)
        if found is None:
            raise NotFound("no such incident")
        return found

    async def list(
        self, ctx: RequestContext, after: UUID | None = None, limit: int = MAX_PAGE, *, state: State | None = None
    ) -> list[Incident]:
        """The newest first, after the one named, at most `limit` (1 to `MAX_PAGE`); with `state`, those alone.

        Raises:
            InvalidInput: a limit out of range.
        """
        if not 1 <= limit <= MAX_PAGE:
            raise InvalidInput("page size out of range", pointer="limit", max=MAX_PAGE)
        return await records_incidents.page(ctx, await self._vault.keyset(ctx), after, state, limit)

    async def timeline(
        self, ctx: RequestContext, incident_id: UUID, after: UUID | None = None, limit: int = MAX_ENTRIES
    ) -> tuple[IncidentEntry, ...]:
        """Its lines in the order in which they came, after the one named. Raises: NotFound."""
        await self.get(ctx, incident_id)
        keys = await self._vault.keyset(ctx)
        return tuple(await records_incidents.entries(ctx, keys, incident_id, after, limit))

    async def note(self, ctx: RequestContext, incident_id: UUID, text: str) -> IncidentEntry:
        """Write something down.

        Raises:
            InvalidInput: nothing, too much, or what can't be shown.
            NotFound: no such incident in this tenant.
            Conflict: it is closed, or its timeline is full.
        """
        said = read_text(text)
        await self.demand_open(ctx, incident_id)
        entry = await self._write(ctx, incident_id, "note", text=said)
        await self._record(ctx, Event.INCIDENT_NOTED, incident_id, entry=entry.word)
        return entry

    async def link(self, ctx: RequestContext, incident_id: UUID, reference: str) -> IncidentEntry:
        """An alert, `alr_…`, or a record of the audit log, `evt_…`, belongs to it.

        Raises:
            InvalidInput: the id of neither.
            NotFound: no such incident, or no such record, in this tenant.
            Conflict: as `note`.
        """
        kind = read_reference(reference)
        await self.demand_open(ctx, incident_id)
        if kind == "record" and not await records_incidents.is_recorded(ctx, parse_id(EVENT, reference)):
            raise NotFound("no such record")
        entry = await self._write(ctx, incident_id, kind, reference=reference)
        await self._record(ctx, Event.INCIDENT_LINKED, incident_id, reference=reference)
        return entry

    async def acted(self, ctx: RequestContext, incident_id: UUID, event: Event, text: str) -> IncidentEntry:
        """Something was done, which the log has as `event`, and `text` says in words. Raises: NotFound, Conflict: as
        `note`."""
        await self.demand_open(ctx, incident_id)
        return await self._write(ctx, incident_id, "action", reference=event.value, text=text)

    async def close(self, ctx: RequestContext, incident_id: UUID, text: str = "") -> None:
        """It is over; nothing is written into it any more.

        Raises:
            InvalidInput: as `note`; nothing is lawful here.
            NotFound: no such incident in this tenant.
            Conflict: it is closed already.
        """
        said = read_text(text) if text.strip() else ""
        await self.get(ctx, incident_id)
        if not await records_incidents.close(ctx, incident_id):
            raise Conflict("the incident is closed already")
        await self._write(ctx, incident_id, "closed", text=said)
        await self._record(ctx, Event.INCIDENT_CLOSED, incident_id)

    async def exported(self, ctx: RequestContext, incident_id: UUID) -> tuple[Incident, tuple[IncidentEntry, ...]]:
        """All of it, for whoever takes it elsewhere; that is recorded. Raises: NotFound."""
        incident = await self.get(ctx, incident_id)
        timeline = await self.timeline(ctx, incident_id)
        await self._record(ctx, Event.INCIDENT_EXPORTED, incident_id, entries=len(timeline))
        return incident, timeline

    async def demand_open(self, ctx: RequestContext, incident_id: UUID) -> None:
        """Return if it is open, and takes another line; nobody else writes into it until this transaction ends.

        Raises:
            NotFound: no such incident in this tenant.
            Conflict: it is closed, or its timeline is full.
        """
        if not await records_incidents.take(ctx, incident_id):
            await self.get(ctx, incident_id)
            raise Conflict("the incident is closed")
        if await records_incidents.count(ctx, incident_id) >= MAX_ENTRIES - 1:  # one is left, to close it with
            raise Conflict("the incident's timeline is full: open another", max_entries=MAX_ENTRIES)

    async def _write(
        self, ctx: RequestContext, incident_id: UUID, kind: Kind, *, reference: str = "", text: str = ""
    ) -> IncidentEntry:
        entry = IncidentEntry(uuid7(ctx.now, self._entropy), kind, ctx.principal.subject, ctx.now, reference, text)
        await records_incidents.insert_entry(ctx, await self._vault.keyset(ctx), incident_id, entry)
        return entry

    async def _record(self, ctx: RequestContext, event: Event, incident_id: UUID, **details: str | int) -> None:
        await self._journal.record(ctx, event, subject=format_id(INCIDENT, incident_id), details=details)
