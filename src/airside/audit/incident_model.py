"""What an incident is: what happened, what was done, in the order in which it came. Pure."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, get_args
from uuid import UUID

from airside.core.errors import InvalidInput
from airside.core.ids import ALPHABET, ENTRY, EVENT, INCIDENT, format_id

Severity = Literal["low", "medium", "high", "critical"]
State = Literal["open", "closed"]
Kind = Literal["opened", "note", "alert", "record", "action", "closed"]

SEVERITIES: Final[tuple[Severity, ...]] = get_args(Severity)
ALERT: Final = "alr"
MAX_TITLE: Final = 200
MAX_TEXT: Final = 10_000
MAX_ENTRIES: Final = 2_000
"""Of one incident: its export is one answer."""
MAX_PAGE: Final = 200

_REFERENCE: Final = re.compile(rf"({ALERT}|{EVENT})_[{ALPHABET}]{{26}}")


@dataclass(frozen=True, slots=True)
class Incident:
    """One incident. `opened_by` is a subject such as `user:usr_…`; `closed_at` is None while it is open."""

    incident_id: UUID
    title: str
    severity: Severity
    opened_by: str
    opened_at: datetime
    closed_at: datetime | None = None

    @property
    def word(self) -> str:
        """The id as people see it."""
        return format_id(INCIDENT, self.incident_id)

    @property
    def state(self) -> State:
        return "open" if self.closed_at is None else "closed"


@dataclass(frozen=True, slots=True)
class IncidentEntry:
    """One line of its timeline. `reference` is what it is about, where it is about something else: an alert, a record
    of the audit log, or the event that an action is recorded as."""

    entry_id: UUID
    kind: Kind
    written_by: str
    written_at: datetime
    reference: str = ""
    text: str = ""

    @property
    def word(self) -> str:
        """The id as people see it."""
        return format_id(ENTRY, self.entry_id)


def read_title(text: str) -> str:
    """Raises: InvalidInput: empty, too long, or with control characters."""
    title = text.strip()
    if not 0 < len(title) <= MAX_TITLE or not title.isprintable():
        raise InvalidInput(f"a title is 1 to {MAX_TITLE} printable characters", pointer="title")
    return title


def read_severity(text: str) -> Severity:
    """Raises: InvalidInput: it is none."""
    for severity in SEVERITIES:
        if text == severity:
            return severity
    raise InvalidInput(f"one of {', '.join(SEVERITIES)}", pointer="severity")


def read_text(text: str) -> str:
    """What somebody writes into a timeline, in lines. Raises: InvalidInput: empty, too long, or with other control
    characters than line breaks."""
    said = text.strip().replace("\r\n", "\n")
    if not 0 < len(said) <= MAX_TEXT or not all(line.isprintable() for line in said.split("\n")):
        raise InvalidInput(f"1 to {MAX_TEXT} printable characters, in lines", pointer="text")
    return said


def read_reference(text: str) -> Kind:
    """What `text` refers to. Raises: InvalidInput: neither the id of an alert nor of a record of the audit log."""
    if _REFERENCE.fullmatch(text) is None:
        raise InvalidInput(f"the id of an alert, {ALERT}_…, or of a record, {EVENT}_…", pointer="reference")
    return "alert" if text.startswith(ALERT) else "record"
