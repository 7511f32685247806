"""What is told of an audit event: one table, from the journal's events to CAEP 1.0's. Pure."""

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from airside.audit import Event, Record
from airside.core.clock import epoch
from airside.core.ids import EVENT, format_id
from airside.core.strict_json import Json, dumps
from airside.oauth.signals.model import Telling
from airside.protocols.secevent import ASSURANCE_CHANGE, CREDENTIAL_CHANGE, SESSION_REVOKED, TOKEN_CLAIMS_CHANGE

Details: TypeAlias = Mapping[str, Json]
Told: TypeAlias = tuple[str, Mapping[str, Json]]

PASSWORD: Final = "password"
GENERATOR: Final = "app"
PASSKEY: Final = "fido2-roaming"
"""Whether a passkey roams is never asked: CAEP has no word for either."""


def _revoked(_: Details) -> list[Told]:
    return [(SESSION_REVOKED, {})]


def _assurance(details: Details) -> list[Told]:
    return [(ASSURANCE_CHANGE, {"namespace": "NIST-AAL", "current_level": f"nist-{details.get('acr')}"})]


def _password(details: Details) -> list[Told]:
    return _changed(PASSWORD, "create" if details.get("first") else "update")


def _changed(credential: str, change: str) -> list[Told]:
    return [(CREDENTIAL_CHANGE, {"credential_type": credential, "change_type": change})]


def _credential(credential: str, change: str) -> Callable[[Details], list[Told]]:
    return lambda _: _changed(credential, change)


def _claims(details: Details) -> list[Told]:
    """Of what tokens say of a person, their roles: an address or a name changes too, and is never in an event."""
    roles = details.get("roles")
    return [(TOKEN_CLAIMS_CHANGE, {"claims": {"roles": roles}})] if isinstance(roles, list) else []


def _reset(details: Details) -> list[Told]:
    taken = (("totp", GENERATOR), ("passkeys", PASSKEY))
    return [told for name, credential in taken if details.get(name) for told in _changed(credential, "revoke")]


TOLD: Final[Mapping[Event, Callable[[Details], list[Told]]]] = {
    Event.SESSION_ENDED: _revoked,
    Event.SESSIONS_ENDED: _revoked,
    Event.SESSION_ROTATED: _assurance,
    Event.PASSWORD_SET: _password,
    Event.TOTP_ADDED: _credential(GENERATOR, "create"),
    Event.TOTP_REMOVED: _credential(GENERATOR, "delete"),
    Event.PASSKEY_ADDED: _credential(PASSKEY, "create"),
    Event.PASSKEY_REMOVED: _credential(PASSKEY, "delete"),
    Event.FACTORS_RESET: _reset,
    Event.MEMBER_GRANTED: _claims,
    Event.MEMBER_REVOKED: _claims,
    Event.ROLE_ASSIGNED: _claims,
    Event.ROLE_UNASSIGNED: _claims,
}
"""The subject of each of these is a user, or the tenant: everybody."""


def tellings(event: Event, record: Record, details: Details) -> list[Telling]:
    """What is told of `event`; nothing of most. Ids, words and moments: nothing of what a record seals."""
    write = TOLD.get(event)
    session, subject = details.get("session"), record.subject.removeprefix("user:")
    initiator = _initiator(record.actor, subject)
    common: dict[str, Json] = {"event_timestamp": int(epoch(record.at)), "initiating_entity": initiator}
    return [
        Telling(
            kind=kind,
            subject=subject,
            session=session if isinstance(session, str) else "",
            data=dumps({**common, **said}).decode(),
            txn=format_id(EVENT, record.record_id),
        )
        for kind, said in ([] if write is None else write(details))
    ]


def _initiator(actor: str, subject: str) -> str:
    """CAEP 1.0 §2: whoever it happened to, somebody who manages, or nobody."""
    if actor == f"user:{subject}":
        return "user"
    return "system" if actor.startswith("job:") or actor == "anonymous" else "admin"
