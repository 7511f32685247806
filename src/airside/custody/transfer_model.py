"""A tenant's export: what is in it, what stays where it is and why, and the head of the file. Pure."""

from typing import Final
from uuid import UUID

import msgspec

from airside.core.errors import Conflict
from airside.core.strict_json import Json, dumps
from airside.custody.backup_model import Damaged, read_manifest

FORMAT: Final = 1
MAX_MANIFEST: Final = 1024 * 1024
HEAD_BYTES: Final = 24
_MAGIC: Final = b"ATX\x01"
_TAG_END: Final = 20

_ALIVE: Final = "alive at the origin: here too, it would have two lives, and ending one would leave the other"
_UNDER_WAY: Final = "under way at the origin, and over within minutes or at the next try"
_MAILED: Final = "was mailed and opens once; two installations would open it twice: have it sent again"

STAYS: Final[dict[str, str]] = {
    "limit_state": "counts what was tried at the origin",
    "alert_fact": "counts what was tried at the origin",
    "alert_progress": "how far the origin has judged its log; the last day of it is judged again, into the same alerts",
    "alert_known": "tells from where a key was used that doesn't travel",
    "tenant_plan": "the origin's operator gave it, by a name that the next one gives as they like",
    "outbox": "the origin sends it; from here it would arrive twice",
    "tenant_lock": "whoever locked the origin did, and opens it there",
    "network_ban": "is over in days, and was of who came to the origin",
    "webhook_delivery": "the origin sends it, and tells what became of it",
    "signal_event": "the origin sends it, or is asked for it",
    "syslog_progress": "how much of the log the origin's receiver has; the next one's has nothing yet",
    "tenant_shredding": "whoever asked for it asked the origin",
    "user_session": _ALIVE,
    "session_client": _ALIVE,
    "federated_session": _ALIVE,
    "refresh_family": _ALIVE,
    "refresh_token": _ALIVE,
    "claims_request": _ALIVE,
    "opaque_token": _ALIVE,
    "app_secret_lease": _ALIVE,
    "api_key": _ALIVE,
    "action_link": _MAILED,
    "setup_invitation": _MAILED,
    "signin_flow": _UNDER_WAY,
    "email_code": _UNDER_WAY,
    "passkey_challenge": _UNDER_WAY,
    "authorization_request": _UNDER_WAY,
    "authorization_code": _UNDER_WAY,
    "pushed_request": _UNDER_WAY,
    "device_authorization": _UNDER_WAY,
    "logout_request": _UNDER_WAY,
    "federation_request": _UNDER_WAY,
    "federation_answer": _UNDER_WAY,
    "pending_link": _UNDER_WAY,
}
"""A tenant's tables that don't travel, each with the reason. Every other table of a tenant does, whatever is added
later: what a row remembers so that nothing happens twice (`spent_proof`, `spent_assertion`, `revocation`) included."""


class TenantManifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an export is: it opens before anything else is read."""

    format: int
    schema: int
    tenant_id: UUID
    slug: str
    leaving: bool
    """The origin was going to shred it, and so had suspended it: it isn't suspended where it arrives."""
    audit_head: str | None
    """The last signed head of its log, which the log that arrives is held against."""

    def write(self) -> bytes:
        """Canonical JSON."""
        fields: dict[str, Json] = msgspec.to_builtins(self)
        return dumps(fields)

    @classmethod
    def read(cls, data: bytes) -> "TenantManifest":
        """What `write` wrote.

        Raises:
            Damaged: anything else.
        """
        return read_manifest(data, cls, FORMAT, MAX_MANIFEST)


def write_head(tag: UUID, length: int) -> bytes:
    """The file's first bytes: the one key that opens it, and how long the sealed manifest is that follows."""
    return _MAGIC + tag.bytes + length.to_bytes(HEAD_BYTES - _TAG_END)


def read_head(head: bytes, tag: UUID) -> int:
    """The length of the sealed manifest.

    Raises:
        Damaged: not an export of a tenant.
        Conflict: one that another key opens.
    """
    if len(head) < HEAD_BYTES or not head.startswith(_MAGIC):
        raise Damaged("it isn't an export of a tenant, or of another version")
    if head[len(_MAGIC) : _TAG_END] != tag.bytes:
        raise Conflict("another key opens this file: the one that was written with it")
    length = int.from_bytes(head[_TAG_END:])
    if length > MAX_MANIFEST:
        raise Damaged("a manifest over its cap")
    return length
