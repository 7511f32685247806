"""What people are told of that happens to their account: one table, from the journal's event to the kind of letter.

A tiding leaves by the transaction that records the event, so neither is without the other.
"""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from airside.audit import Event, Record
from airside.core.ids import USER, parse_id
from airside.core.strict_json import Json
from airside.store import Outbox
from airside.store.context import RequestContext

Details: TypeAlias = Mapping[str, Json]
Tiding: TypeAlias = tuple[str, Mapping[str, str]]


def _factor(kind: str, factor: str) -> Callable[[Details], Tiding | None]:
    return lambda _: (kind, {"factor": factor})


def _password(details: Details) -> Tiding | None:
    # Who gets their first one knows, and a recovery has a letter of its own.
    return None if details.get("first") or details.get("recovery") else ("password_changed", {})


TIDINGS: Final[Mapping[Event, Callable[[Details], Tiding | None]]] = {
    Event.PASSWORD_SET: _password,
    Event.TOTP_ADDED: _factor("factor_added", "totp"),
    Event.TOTP_REMOVED: _factor("factor_removed", "totp"),
    Event.PASSKEY_ADDED: _factor("factor_added", "passkey"),
    Event.PASSKEY_REMOVED: _factor("factor_removed", "passkey"),
    Event.RECOVERY_CODES_RENEWED: _factor("factor_added", "recovery_code"),
    Event.FACTORS_RESET: _factor("factor_removed", "every"),
}
"""The subject of each of these events is a user."""


class Tidings:
    """Implements the journal's `Told` by the outbox."""

    def __init__(self, *, outbox: Outbox) -> None:
        self._outbox = outbox

    async def __call__(self, ctx: RequestContext, event: Event, record: Record, details: Details, /) -> None:
        """Put a letter into the outbox if `event` is one that its person is told of."""
        write = TIDINGS.get(event)
        tiding = None if write is None else write(details)
        if tiding is not None:
            kind, about = tiding
            await self._outbox.put(ctx, kind, subject=parse_id(USER, record.subject), about=about)
