"""The values of webhooks: an endpoint, what it listens to, and what became of a message."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Final, Literal
from urllib.parse import urlsplit
from uuid import UUID

from airside.audit import Event
from airside.core.errors import InvalidInput
from airside.core.ids import EVENT, WEBHOOK, format_id
from airside.core.secret import Secret
from airside.fetch import Refused
from airside.fetch.addresses import is_public
from airside.fetch.target import parse

EndpointState = Literal["active", "disabled"]
DeliveryState = Literal["waiting", "delivered", "dead"]

EVERYTHING: Final = "*"
MAX_ENDPOINTS: Final = 20
"""Of one tenant: each event is written once for every one that listens to it."""
MAX_EVENTS: Final = 50
MAX_DESCRIPTION: Final = 200
MAX_PAGE: Final = 200
MAX_REPLAY: Final = 1000
"""Dead letters that are sent again at one call."""
MAX_OVERLAP: Final = timedelta(days=7)
FAILING: Final = timedelta(days=5)
"""An endpoint that took nothing for so long is disabled."""
KEPT: Final = timedelta(days=30)
"""For how long it is told what became of a message."""

_NAMES: Final = frozenset(event.value for event in Event)


@dataclass(frozen=True, slots=True)
class EndpointDraft:
    """An endpoint as it is asked for. `events` are names of events, or beginnings of them: `user:*`, or `*`."""

    url: str
    events: Sequence[str]
    description: str = ""


@dataclass(frozen=True, slots=True)
class EndpointChange:
    """What is to be another; None leaves it."""

    url: str | None = None
    events: Sequence[str] | None = None
    description: str | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where a tenant's application hears of events.

    Attributes:
        previous_until: until when messages carry a signature with the secret before the last, too.
        failing_since: nothing has been taken since then; None where the last message was.
    """

    endpoint_id: UUID
    url: str
    description: str
    events: Sequence[str]
    state: EndpointState
    previous_until: datetime | None
    failing_since: datetime | None
    created_at: datetime

    @property
    def word(self) -> str:
        """Its id as others know it."""
        return format_id(WEBHOOK, self.endpoint_id)


@dataclass(frozen=True, slots=True)
class WebhookDelivery:
    """One message to one endpoint. `status` is the last answer's, 0 where there was none."""

    endpoint_id: UUID
    record_id: UUID
    event: str
    state: DeliveryState
    attempts: int
    status: int
    tried_at: datetime | None
    created_at: datetime

    @property
    def word(self) -> str:
        """The message's id, the same at every try: that of the event."""
        return format_id(EVENT, self.record_id)


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent, and with which secrets it is signed."""

    url: str
    id: str
    body: bytes = field(repr=False)
    secrets: Sequence[Secret[str]]


def listens(events: Iterable[str], event: Event) -> bool:
    """Whether what is told of `event` is for who listens to `events`."""
    name = event.value
    return any(each == name or (each.endswith("*") and name.startswith(each[:-1])) for each in events)


def lawful_events(events: Sequence[str]) -> list[str]:
    """`events`, once each and in order.

    Raises:
        InvalidInput: none or too many, or one that no event is called or begins with.
    """
    if not 0 < len(events) <= MAX_EVENTS:
        raise InvalidInput(f"1 to {MAX_EVENTS} names of events are expected", pointer="events")
    for each in events:
        beginning = each[:-1] if each.endswith(":*") else None
        if each in _NAMES or each == EVERYTHING or (beginning and any(name.startswith(beginning) for name in _NAMES)):
            continue
        raise InvalidInput("an event's name, a beginning such as user:*, or * is expected", pointer="events")
    return sorted(set(events))


def lawful_url(url: str, exceptions: frozenset[str]) -> str:
    """`url`, if messages may go there at all; where it leads is asked again at every try. `exceptions` are the
    `host:port` that may be spoken with although they aren't public.

    Raises:
        InvalidInput: not https, with a fragment or user information, or an address that isn't public.
    """
    try:
        target = parse(url, exceptions)
    except Refused:
        raise InvalidInput("a plain https URL is expected", pointer="url") from None
    if urlsplit(url).fragment or url.endswith("#"):
        raise InvalidInput("a URL without a fragment is expected", pointer="url")
    if target.place not in exceptions and _is_address(target.host) and not is_public(target.host):
        raise InvalidInput("the address isn't public", pointer="url")
    return url


def lawful_description(text: str) -> str:
    """Raises: InvalidInput: too long, or with a character that isn't printable."""
    found = text.strip()
    if len(found) > MAX_DESCRIPTION or not found.isprintable():
        raise InvalidInput(f"{MAX_DESCRIPTION} printable characters at most", pointer="description")
    return found


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
