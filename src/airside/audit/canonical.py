"""A record's canonical bytes and leaf hash: what anyone can compute from a stored row, without any key."""

import base64
from dataclasses import fields
from datetime import UTC, datetime
from typing import Final

from airside.audit.model import Record
from airside.audit.tree import hash_leaf
from airside.core.strict_json import Json, dumps

FORMAT: Final = 1
_COVERED: Final = tuple(field.name for field in fields(Record))[:-1]


def moment(at: datetime) -> str:
    """RFC 3339 in UTC with microseconds, always: the precision that the database keeps."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def as_json(record: Record) -> dict[str, Json]:
    """The record as the JSON object that its leaf hash covers: every field but the hash."""
    sealed = record.personal_sealed
    return {
        "format": FORMAT,
        "tenant_id": str(record.tenant_id),
        "record_id": str(record.record_id),
        "at": moment(record.at),
        "event": record.event,
        "actor": record.actor,
        "subject": record.subject,
        "outcome": record.outcome,
        "reason": record.reason,
        "request_id": record.request_id,
        "origin": record.origin,
        "details": record.details,
        "person": record.person,
        "personal_sealed": None if sealed is None else base64.b64encode(sealed).decode(),
    }


def leaf_hash(record: Record) -> bytes:
    """SHA-256(0x00 ‖ canonical JSON of the record as stored): compact, keys sorted, UTF-8 (RFC 9162 §2.1.1)."""
    return hash_leaf(dumps(as_json(record)))


def hashed(record: Record) -> Record:
    """The record with its leaf hash."""
    return Record(*(getattr(record, name) for name in _COVERED), leaf_hash=leaf_hash(record))
