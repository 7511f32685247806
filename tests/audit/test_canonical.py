"""What a leaf covers is computed from the stored row alone, and covers all of it."""

from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from airside.audit.canonical import as_json, covered, hashed, leaf_hash, moment
from airside.audit.export import read_entry, write_entry
from airside.audit.model import Leaf, Record
from airside.core.strict_json import dumps

RECORD = Record(
    tenant_id=UUID("018f4e5c-0000-7000-8000-000000000001"),
    record_id=UUID("018f4e5c-0000-7000-8000-000000000002"),
    at=datetime(2026, 11, 5, 12, 30, 0, 1, UTC),
    event="user:user:created",
    actor="user:usr_1",
    subject="usr_2",
    outcome="success",
    reason="",
    request_id="req_1",
    origin="192.0.2.1",
    details='{"n":1}',
    person="",
    personal_sealed=b"\x01\x02",
    leaf_hash=b"",
)
# Written out by hand: the format that records already stored were hashed in.
CANONICAL = (
    b'{"actor":"user:usr_1","at":"2026-11-05T12:30:00.000001Z","details":"{\\"n\\":1}","event":"user:user:created",'
    b'"format":1,"origin":"192.0.2.1","outcome":"success","person":"","personal_sealed":"AQI=","reason":"",'
    b'"record_id":"018f4e5c-0000-7000-8000-000000000002","request_id":"req_1","subject":"usr_2",'
    b'"tenant_id":"018f4e5c-0000-7000-8000-000000000001"}'
)
OTHERS: dict[str, Any] = {
    "tenant_id": UUID(int=1),
    "record_id": UUID(int=2),
    "at": RECORD.at + timedelta(microseconds=1),
    "personal_sealed": None,
}


def test_leaf_hash_is_what_it_always_was() -> None:
    """Wire format: RFC 9162 §2.1.1 over the canonical JSON."""
    assert leaf_hash(RECORD) == sha256(b"\x00" + CANONICAL).digest()
    assert hashed(RECORD).leaf_hash == leaf_hash(RECORD)


@pytest.mark.parametrize("name", Record.__struct_fields__[:-1])
def test_every_field_is_covered(name: str) -> None:
    changed = {name: OTHERS.get(name, "other")}
    assert leaf_hash(replace(RECORD, **changed)) != leaf_hash(RECORD)


def test_same_moment_in_another_zone_is_the_same_record() -> None:
    there = RECORD.at.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert moment(there) == moment(RECORD.at) == "2026-11-05T12:30:00.000001Z"
    assert leaf_hash(replace(RECORD, at=there)) == leaf_hash(RECORD)


def test_empty_personal_part_is_not_an_absent_one() -> None:
    assert leaf_hash(replace(RECORD, personal_sealed=b"")) != leaf_hash(replace(RECORD, personal_sealed=None))


@given(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.datetimes(datetime(1970, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001 - the zone stands beside it
    st.binary(max_size=40) | st.none(),
)
def test_bytes_are_the_canonical_json_of_the_record_whatever_it_says(
    text: str, at: datetime, sealed: bytes | None
) -> None:
    """Two writers of JSON, one spelling: else a log of one build wouldn't verify in another."""
    record = replace(RECORD, subject=text, reason=text, at=at, personal_sealed=sealed)
    assert covered(record) == dumps(as_json(record))
    leaf = Leaf(0, record.record_id, b"\x00" * 32, record)
    fields = msgspec.to_builtins(leaf)
    assert write_entry(leaf) == dumps({"kind": "leaf", **fields}) + b"\n"
    assert read_entry(write_entry(leaf)) == leaf
