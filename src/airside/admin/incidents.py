"""Managing incidents: opened, written into, closed, taken elsewhere."""

from uuid import UUID

from airside.access.authorise import Authorise
from airside.admin.response import READ, WRITE
from airside.admin.verb import Verbs, requires
from airside.audit import Incident, IncidentEntry, Incidents
from airside.audit.incident_model import MAX_PAGE, State
from airside.store import RequestContext


class IncidentAdmin(Verbs):
    """Keep incidents. What is done about them is `ResponseAdmin`'s."""

    def __init__(self, *, authorise: Authorise, incidents: Incidents) -> None:
        super().__init__(authorise)
        self._incidents = incidents

    @requires(WRITE)
    async def open(self, ctx: RequestContext, title: str, severity: str) -> Incident:
        """A new one. Raises: InvalidInput: a title or severity that can't be one."""
        return await self._incidents.open(ctx, title, severity)

    @requires(READ)
    async def get(self, ctx: RequestContext, incident_id: UUID) -> Incident:
        """Raises: NotFound."""
        return await self._incidents.get(ctx, incident_id)

    @requires(READ)
    async def list(
        self, ctx: RequestContext, after: UUID | None = None, limit: int = MAX_PAGE, *, state: State | None = None
    ) -> list[Incident]:
        """Up to `limit`, the newest first, after the one named; with `state`, those alone."""
        return await self._incidents.list(ctx, after, limit, state=state)

    @requires(READ)
    async def timeline(
        self, ctx: RequestContext, incident_id: UUID, after: UUID | None = None, limit: int = MAX_PAGE
    ) -> tuple[IncidentEntry, ...]:
        """Up to `limit` of its lines in the order in which they came, after the one named. Raises: NotFound."""
        return await self._incidents.timeline(ctx, incident_id, after, limit)

    @requires(WRITE)
    async def note(self, ctx: RequestContext, incident_id: UUID, text: str) -> IncidentEntry:
        """Write something down. Raises: InvalidInput; NotFound; Conflict: it is closed, or full."""
        return await self._incidents.note(ctx, incident_id, text)

    @requires(WRITE)
    async def link(self, ctx: RequestContext, incident_id: UUID, reference: str) -> IncidentEntry:
        """An alert or a record of the audit log belongs to it. Raises: as `note`; NotFound also for such a record."""
        return await self._incidents.link(ctx, incident_id, reference)

    @requires(WRITE)
    async def close(self, ctx: RequestContext, incident_id: UUID, text: str = "") -> None:
        """It is over. Raises: InvalidInput; NotFound; Conflict: it is closed already."""
        await self._incidents.close(ctx, incident_id, text)

    @requires(READ)
    async def export(self, ctx: RequestContext, incident_id: UUID) -> tuple[Incident, tuple[IncidentEntry, ...]]:
        """All of it, for whoever takes it elsewhere; that is recorded. Raises: NotFound."""
        return await self._incidents.exported(ctx, incident_id)
