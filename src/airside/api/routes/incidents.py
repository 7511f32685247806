"""Incidents, `{issuer}/api/v1/incidents…`."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Query, Response
from pydantic import Field

from airside.admin import IncidentAdmin
from airside.api.cursors import Cursors
from airside.api.strict import MAX_PAGE, PAGE, Answer, Body, path_id
from airside.audit import Incident, IncidentEntry
from airside.audit.incident_report import as_json, as_text
from airside.core.ids import INCIDENT
from airside.store import RequestContext

Severity = Literal["low", "medium", "high", "critical"]
State = Literal["open", "closed"]
Limit = Annotated[int, Query(ge=1, le=MAX_PAGE)]
_MAX_TEXT: Final = 20_000


class NewIncident(Body):
    title: Annotated[str, Field(max_length=400)]
    severity: Severity


class NewNote(Body):
    text: Annotated[str, Field(max_length=_MAX_TEXT)]


class NewLink(Body):
    reference: Annotated[str, Field(max_length=64)]


class Closing(Body):
    text: Annotated[str, Field(max_length=_MAX_TEXT)] = ""


class IncidentAnswer(Answer):
    id: str
    title: str
    severity: Severity
    state: State
    opened_by: str
    opened_at: datetime
    closed_at: datetime | None


class IncidentPage(Answer):
    incidents: list[IncidentAnswer]
    next_cursor: str | None = None


class EntryAnswer(Answer):
    id: str
    kind: Literal["opened", "note", "alert", "record", "action", "closed"]
    written_by: str
    written_at: datetime
    reference: str
    text: str


class TimelinePage(Answer):
    entries: list[EntryAnswer]
    next_cursor: str | None = None


def add(routes: APIRouter, caller: Any, verbs: IncidentAdmin, cursors: Cursors) -> None:
    """The routes of incidents."""
    _incident_routes(routes, caller, verbs, cursors)
    _timeline_routes(routes, caller, verbs, cursors)


def _incident_routes(routes: APIRouter, caller: Any, verbs: IncidentAdmin, cursors: Cursors) -> None:
    @routes.post("/incidents", status_code=201, tags=["incidents"])
    async def open_incident(body: NewIncident, ctx: RequestContext = caller) -> IncidentAnswer:
        return _incident(await verbs.open(ctx, body.title, body.severity))

    @routes.get("/incidents", tags=["incidents"])
    async def list_incidents(
        state: State | None = None, cursor: str | None = None, limit: Limit = PAGE, ctx: RequestContext = caller
    ) -> IncidentPage:
        listing = "incidents" if state is None else f"{state} incidents"
        after = None if cursor is None else await cursors.read(ctx, listing, cursor)
        found = await verbs.list(ctx, after, limit, state=state)
        last = await cursors.make(ctx, listing, found[-1].incident_id) if len(found) == limit else None
        return IncidentPage(incidents=[_incident(each) for each in found], next_cursor=last)

    @routes.get("/incidents/{incident_id}", tags=["incidents"])
    async def get_incident(incident_id: str, ctx: RequestContext = caller) -> IncidentAnswer:
        return _incident(await verbs.get(ctx, path_id(INCIDENT, incident_id)))

    @routes.post("/incidents/{incident_id}/close", status_code=204, tags=["incidents"])
    async def close_incident(incident_id: str, body: Closing, ctx: RequestContext = caller) -> None:
        await verbs.close(ctx, path_id(INCIDENT, incident_id), body.text)

    @routes.get("/incidents/{incident_id}/export", tags=["incidents"], response_class=Response)
    async def export_incident(
        incident_id: str, format: Literal["json", "text"] = "json", ctx: RequestContext = caller
    ) -> Response:
        incident, timeline = await verbs.export(ctx, path_id(INCIDENT, incident_id))
        if format == "json":
            content, media, suffix = as_json(incident, timeline, ctx.now), "application/json", "json"
        else:
            content, media = as_text(incident, timeline, ctx.now).encode(), "text/plain; charset=utf-8"
            suffix = "txt"
        disposition = f'attachment; filename="{incident.word}.{suffix}"'
        return Response(content, media_type=media, headers={"content-disposition": disposition})


def _timeline_routes(routes: APIRouter, caller: Any, verbs: IncidentAdmin, cursors: Cursors) -> None:
    @routes.get("/incidents/{incident_id}/timeline", tags=["incidents"])
    async def list_timeline(
        incident_id: str, cursor: str | None = None, limit: Limit = PAGE, ctx: RequestContext = caller
    ) -> TimelinePage:
        listing = f"timeline of {incident_id}"
        after = None if cursor is None else await cursors.read(ctx, listing, cursor)
        found = await verbs.timeline(ctx, path_id(INCIDENT, incident_id), after, limit)
        last = await cursors.make(ctx, listing, found[-1].entry_id) if len(found) == limit else None
        return TimelinePage(entries=[_entry(each) for each in found], next_cursor=last)

    @routes.post("/incidents/{incident_id}/notes", status_code=201, tags=["incidents"])
    async def add_note(incident_id: str, body: NewNote, ctx: RequestContext = caller) -> EntryAnswer:
        return _entry(await verbs.note(ctx, path_id(INCIDENT, incident_id), body.text))

    @routes.post("/incidents/{incident_id}/links", status_code=201, tags=["incidents"])
    async def add_link(incident_id: str, body: NewLink, ctx: RequestContext = caller) -> EntryAnswer:
        return _entry(await verbs.link(ctx, path_id(INCIDENT, incident_id), body.reference))


def _incident(incident: Incident) -> IncidentAnswer:
    return IncidentAnswer(
        id=incident.word,
        title=incident.title,
        severity=incident.severity,
        state=incident.state,
        opened_by=incident.opened_by,
        opened_at=incident.opened_at,
        closed_at=incident.closed_at,
    )


def _entry(entry: IncidentEntry) -> EntryAnswer:
    return EntryAnswer(
        id=entry.word,
        kind=entry.kind,
        written_by=entry.written_by,
        written_at=entry.written_at,
        reference=entry.reference,
        text=entry.text,
    )
