"""Webhooks where they are received: signed by this tenant's Airside, fresh, and not the same twice."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from airside.core.clock import Clock
from airside.core.errors import InvalidInput, Misconfigured, Unavailable
from airside.core.strict_json import Json, loads_object
from airside.protocols.webhook import MAX_BODY, MAX_SIGNATURES, TOLERANCE, WebhookRefused, parse_secret, verify

MAX_SEEN: Final = 100_000
"""Messages remembered at once; whoever sends more has to wait until some of them are too old to come again."""


class WebhookReplayed(WebhookRefused):
    """It came before, and was taken then. A sender that didn't hear of that is answered with a 2xx all the same."""


@dataclass(frozen=True, slots=True)
class WebhookEvent:
    """What a message tells. `id` is the same at every try: what is done for it is done once for that id."""

    id: str
    type: str
    at: datetime
    data: Mapping[str, Json]


class Seen(Protocol):
    """Which messages were taken. `SeenHere` remembers in this process; an application of several processes keeps them
    in its database."""

    def begin(self, message_id: str, now: datetime, until: datetime) -> bool:
        """It is being taken; False where it is already, or was. It has to be remembered until `until`."""
        ...

    def forget(self, message_id: str) -> None:
        """It wasn't taken after all: it may come again."""
        ...


class SeenHere:
    """Implements `Seen` in this process."""

    def __init__(self) -> None:
        self._until: dict[str, datetime] = {}

    def begin(self, message_id: str, now: datetime, until: datetime) -> bool:
        """As `Seen`.

        Raises:
            Unavailable: `MAX_SEEN` are remembered already. What can't be remembered isn't taken.
        """
        known = self._until.get(message_id)
        if known is not None and known >= now:
            return False
        if len(self._until) >= MAX_SEEN:
            self._until = {each: until for each, until in self._until.items() if until >= now}
            if len(self._until) >= MAX_SEEN:
                raise Unavailable("the memory of webhooks")
        self._until[message_id] = until
        return True

    def forget(self, message_id: str) -> None:
        """As `Seen`."""
        self._until.pop(message_id, None)


class WebhookVerifier:
    """Verifies what an endpoint receives (Standard Webhooks 1.0).

    Args:
        secrets: the endpoint's secret, `whsec_…`; two of them while it is being changed.
        seen: which messages were taken.
    """

    def __init__(self, *secrets: str, clock: Clock, seen: Seen | None = None) -> None:
        if not 0 < len(secrets) <= MAX_SIGNATURES:
            raise Misconfigured("secrets", f"name one to {MAX_SIGNATURES} webhook secrets")
        try:
            self._secrets = [parse_secret(secret) for secret in secrets]
        except InvalidInput:
            raise Misconfigured("secrets", "a webhook secret is whsec_ and base64, as it was shown") from None
        self._clock = clock
        self._seen = SeenHere() if seen is None else seen

    @contextmanager
    def taking(self, headers: Mapping[str, str], body: bytes) -> Generator[WebhookEvent]:
        """The event, if it is good and new. `body` are the bytes as they came. Whoever leaves the block by an
        exception hasn't taken it, and it may be sent again.

        Raises:
            WebhookReplayed: it was taken before, or is being taken now.
            WebhookRefused: it isn't signed with a secret of ours, too old, or no event.
            Unavailable: it can't be remembered.
        """
        now = self._clock.now()
        message = verify(self._secrets, headers, body, now=now)
        event = _event(message.id, message.body)
        # Afterwards the message itself is too old; a later try has a time, and a signature, of its own.
        if not self._seen.begin(message.id, now, message.at + TOLERANCE):
            raise WebhookReplayed("it came before")
        try:
            yield event
        except BaseException:
            self._seen.forget(message.id)
            raise


def _event(message_id: str, body: bytes) -> WebhookEvent:
    try:
        told = loads_object(body, max_bytes=MAX_BODY)
        kind, at, data = told["type"], told["timestamp"], told["data"]
        if not isinstance(kind, str) or not isinstance(at, str) or not isinstance(data, dict):
            raise WebhookRefused("no event")
        moment = datetime.fromisoformat(at)
        if moment.tzinfo is None:
            raise WebhookRefused("no event")
        return WebhookEvent(message_id, kind, moment, data)
    except (InvalidInput, KeyError, ValueError):
        raise WebhookRefused("no event") from None
