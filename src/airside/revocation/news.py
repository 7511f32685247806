"""An entry as news between nodes: everything a listener needs, so that none of them reads the database."""

from typing import Final
from uuid import UUID

from airside.core.errors import InvalidInput
from airside.core.strict_json import dumps, loads_object
from airside.revocation.model import KINDS, MAX_ID, Entry, Kind

_KINDS: Final[dict[str, Kind]] = {kind: kind for kind in KINDS}


def write(tenant_id: UUID, entry: Entry) -> str:
    """The payload of a notification, under PostgreSQL's 8,000 bytes."""
    body = {"tenant": tenant_id.hex, "kind": entry.kind, "id": entry.id}
    return dumps({**body, "before": entry.before, "expires_at": entry.expires_at}).decode()


def read(payload: str) -> tuple[UUID, Entry]:
    """What a notification says.

    Raises:
        InvalidInput: it says nothing we understand: the listener then knows only that it missed something.
    """
    body = loads_object(payload.encode())
    kind = _KINDS.get(str(body.get("kind")))
    tenant, id = body.get("tenant"), body.get("id")
    before, until = body.get("before"), body.get("expires_at")
    if kind is None or not isinstance(id, str) or not isinstance(before, int) or not isinstance(until, int):
        raise InvalidInput("unreadable revocation")
    if not 0 < len(id) <= MAX_ID or not isinstance(tenant, str):
        raise InvalidInput("unreadable revocation")
    try:
        return UUID(hex=tenant), Entry(kind, id, before, until)
    except ValueError:
        raise InvalidInput("unreadable revocation") from None
