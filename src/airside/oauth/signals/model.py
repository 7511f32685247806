"""The values of streams of security events: a stream, what it is asked to be, and one thing that it has to tell."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from airside.core.errors import InvalidInput
from airside.core.ids import SIGNAL, STREAM, format_id
from airside.core.secret import Secret
from airside.protocols.secevent import EVENTS

Delivery = Literal["push", "poll"]
Status = Literal["enabled", "paused", "disabled"]
DefaultSubjects = Literal["ALL", "NONE"]
"""Of whom is told before any subject was added or removed."""

MAX_STREAMS: Final = 4
"""Of one client: what happens is written once for every one."""
MAX_REQUESTED: Final = 50
MAX_SUBJECTS: Final = 10_000
"""That one stream names."""
MAX_TEXT: Final = 200
"""Characters of a description or a reason."""
MAX_HEADER: Final = 2048
"""Characters of what a receiver wants to be shown."""
MAX_SETS: Final = 100
"""Of one answer to a poll."""
MAX_ACKS: Final = 1000
KEPT: Final = timedelta(days=7)
"""For how long something waits to be told; a receiver that is away for longer asks what there is now."""
VERIFY_EVERY: Final = timedelta(seconds=30)
"""A stream is verified at most so often."""


@dataclass(frozen=True, slots=True)
class StreamDraft:
    """A stream as its receiver asks for it. `events` are addresses of types, also of those that there aren't here."""

    delivery: Delivery = "poll"
    url: str | None = None
    authorization: Secret[str] | None = field(default=None, repr=False)
    events: Sequence[str] = ()
    description: str = ""
    default_subjects: DefaultSubjects = "ALL"


@dataclass(frozen=True, slots=True)
class StreamChange:
    """What is to be another; None leaves it. With another `delivery` comes everything that belongs to it."""

    delivery: StreamDraft | None = None
    events: Sequence[str] | None = None
    description: str | None = None
    default_subjects: DefaultSubjects | None = None
    """What it is, or nothing: its receiver says of whom it is told by adding and removing."""


@dataclass(frozen=True, slots=True)
class Stream:
    """Where a client hears of security events. `url` is the receiver's, where it is told by push."""

    stream_id: UUID
    client_id: UUID
    delivery: Delivery
    url: str | None
    events: Sequence[str]
    description: str
    status: Status
    reason: str
    default_subjects: DefaultSubjects
    created_at: datetime

    @property
    def word(self) -> str:
        """Its id as others know it."""
        return format_id(STREAM, self.stream_id)

    @property
    def delivered(self) -> list[str]:
        """Of what was asked for, what there is."""
        return [event for event in EVENTS if event in self.events]


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody whom a stream names, by what its client knows them by; their id where that says it."""

    subject: str
    user_id: UUID | None


@dataclass(frozen=True, slots=True)
class Telling:
    """What has happened to whom: a user (`usr_…`), the whole tenant (`ten_…`), or the stream itself (`str_…`); `data`
    is what the event says, as JSON."""

    kind: str
    subject: str
    session: str
    data: str
    txn: str


@dataclass(frozen=True, slots=True)
class Signal:
    """One thing that one stream has to tell. `event_id` is the token's, the same at every try."""

    stream_id: UUID
    event_id: UUID
    kind: str
    subject: str
    session: str
    data: str
    txn: str
    created_at: datetime

    @property
    def word(self) -> str:
        """The token's `jti`."""
        return format_id(SIGNAL, self.event_id)


def lawful_text(text: str, pointer: str) -> str:
    """Raises: InvalidInput: too long, or with a character that isn't printable."""
    if len(text) > MAX_TEXT or not text.isprintable():
        raise InvalidInput(f"{MAX_TEXT} printable characters at most", pointer=pointer)
    return text


def lawful_events(events: Sequence[str]) -> list[str]:
    """`events`, once each and in order. Raises: InvalidInput: too many."""
    if len(events) > MAX_REQUESTED or any(len(each) > MAX_TEXT or not each.isprintable() for each in events):
        raise InvalidInput(f"{MAX_REQUESTED} addresses of event types at most", pointer="events_requested")
    return sorted(set(events))


def lawful_header(secret: Secret[str] | None) -> Secret[str] | None:
    """Raises: InvalidInput: no value of a header (RFC 9110 §5.5)."""
    text = "" if secret is None else secret.reveal()
    if len(text) > MAX_HEADER or not text.isascii() or not text.isprintable() or text != text.strip():
        raise InvalidInput("no value of an Authorization header", pointer="authorization_header")
    return secret
