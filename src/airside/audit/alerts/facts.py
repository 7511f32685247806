"""Audit records → facts: which events rules look at, and what of them. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from airside.audit.alerts.model import Fact, FactKind
from airside.audit.events import Event
from airside.audit.model import Record
from airside.core.errors import Refusal
from airside.core.strict_json import Json, loads_object

HASH_WEIGHT: Final = 10
"""As how many people's data one exported password hash counts: it can be guessed at without anybody seeing it."""
WHOLE: Final = 1_000_000
"""As how many people's data a whole tenant counts."""
OPERATOR: Final = "operator:"

Details = Mapping[str, Json]


def _once(_details: Details) -> int:
    return 1


def _users(details: Details) -> int:
    users = details.get("users")
    return users if isinstance(users, int) else 0


def _any_of(*names: str) -> Callable[[Details], int]:
    return lambda details: int(any(details.get(name) for name in names))


@dataclass(frozen=True, slots=True)
class Sight:
    """What an event means: a fact of `kind`, as often as `weight` says (0: none), about its subject or its actor."""

    kind: FactKind
    weight: Callable[[Details], int] = _once
    of_actor: bool = False


SIGHTS: Final[Mapping[Event, Sight]] = {
    Event.SIGNIN_SUCCEEDED: Sight("travelled", _any_of("impossible_travel")),
    Event.FAMILY_REUSED: Sight("refresh_reused"),
    Event.MEMBER_GRANTED: Sight("administrator_made", lambda details: details.get("relation") == "administrator"),
    Event.TOTP_REMOVED: Sight("factors_gone", _any_of("last")),
    Event.PASSKEY_REMOVED: Sight("factors_gone", _any_of("last")),
    Event.FACTORS_RESET: Sight("factors_gone", _any_of("totp", "passkeys")),
    Event.USERS_EXPORTED: Sight("exported", _users, of_actor=True),
    Event.PASSWORD_HASHES_EXPORTED: Sight("exported", lambda told: HASH_WEIGHT * _users(told), of_actor=True),
    Event.TENANT_EXPORTED: Sight("exported", lambda _: WHOLE, of_actor=True),
}


def fact_of(record: Record) -> Fact | None:
    """What the record means to a rule; None if nothing. An administrator whom the operator made is none of the tenant's
    own making: that is how a tenant gets its first.

    What a record says is read as it was stored: escaped already, and never put into words here.
    """
    try:
        event = Event(record.event)
    except ValueError:
        return None  # written by a younger build
    sight = SIGHTS.get(event)
    if sight is None or (event is Event.MEMBER_GRANTED and record.actor.startswith(OPERATOR)):
        return None
    try:
        count = int(sight.weight(loads_object(record.details.encode())))
    except Refusal:
        return None  # no record of ours; that it was changed is told by its hash
    subject = record.actor if sight.of_actor else record.subject
    return Fact(record.record_id, sight.kind, subject, record.at, count, record_id=record.record_id) if count else None
