"""An incident as one document: for programs as JSON, for people as plain text that says everything itself. Pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from airside.audit.incident_model import Incident, IncidentEntry
from airside.core.strict_json import Json, dumps

FORMAT: Final = "airside-incident-1"
_INDENT: Final = " " * 6
_SAID: Final = {
    "opened": "opened",
    "note": "note",
    "alert": "alert linked",
    "record": "record of the audit log linked",
    "action": "action",
    "closed": "closed",
}


def as_json(incident: Incident, timeline: Sequence[IncidentEntry], now: datetime) -> bytes:
    """The whole of it (RFC 8259), in UTC."""
    lines: list[Json] = [
        {
            "id": entry.word,
            "kind": entry.kind,
            "at": _moment(entry.written_at),
            "by": entry.written_by,
            "reference": entry.reference,
            "text": entry.text,
        }
        for entry in timeline
    ]
    return dumps(
        {
            "format": FORMAT,
            "id": incident.word,
            "title": incident.title,
            "severity": incident.severity,
            "state": incident.state,
            "opened_by": incident.opened_by,
            "opened_at": _moment(incident.opened_at),
            "closed_at": None if incident.closed_at is None else _moment(incident.closed_at),
            "exported_at": _moment(now),
            "timeline": lines,
        }
    )


def as_text(incident: Incident, timeline: Sequence[IncidentEntry], now: datetime) -> str:
    """For reading and printing. What people wrote is indented, every line of it, so that nobody writes a line that
    looks like one of ours."""
    closed = "" if incident.closed_at is None else f", closed {_moment(incident.closed_at)}"
    head = [
        f"Incident {incident.word}",
        f"{_INDENT}{incident.title}",
        f"Severity {incident.severity}, {incident.state}",
        f"Opened {_moment(incident.opened_at)} by {incident.opened_by}{closed}",
        f"Exported {_moment(now)}; {len(timeline)} entries. Times are UTC.",
        "",
    ]
    body = [line for entry in timeline for line in _lines(entry)]
    return "\n".join([*head, *body]) + "\n"


def _lines(entry: IncidentEntry) -> list[str]:
    about = f" {entry.reference}" if entry.reference else ""
    said = [_INDENT + line for line in entry.text.split("\n")] if entry.text else []
    return [f"{_moment(entry.written_at)}  {_SAID[entry.kind]}{about}  by {entry.written_by}", *said]


def _moment(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
