"""CEF and OCSF: each record is one line, and what it says stays inside its field (N37)."""

import json
import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from airside.audit import Event, Found
from airside.audit.formats import write_cef, write_ocsf
from airside.audit.kinds import GRAVE, KINDS, LISTED, OCSF, Class
from airside.audit.model import Record
from airside.core.strict_json import dumps

RECORD = Record(
    tenant_id=UUID("018f4e5c-0000-7000-8000-000000000001"),
    record_id=UUID("018f4e5c-0000-7000-8000-000000000002"),
    at=datetime(2026, 3, 1, 12, 0, 0, 123456, UTC),
    event="signin:user:refused",
    actor="anonymous",
    subject="usr_1",
    outcome="refused",
    reason="password",
    request_id="req_1",
    origin="~",
    details='{"n":1}',
    person="",
    personal_sealed=None,
    leaf_hash=b"",
)
HOSTILE = [
    "two\nlines",
    "two\r\nlines",
    "line\u2028separator",
    "a|b|c",
    "back\\slash\\",
    "a=b suid=operator:local",
    '"}\n{"class_uid":3002,"status":"Success"}',
    "\x00\x1b[2Jnothing to see",
    "CEF:0|Airside|Airside|1|signin:user:succeeded|x|2|suid=me",
    "\u202eright to left",
    "\\n is two characters",
]
REQUIRED = {"activity_id", "category_uid", "class_uid", "type_uid", "severity_id", "time", "metadata"}
OF_CLASS = {
    Class.AUTHENTICATION: {"user", "service"},
    Class.ACCOUNT_CHANGE: {"user"},
    Class.USER_ACCESS: {"user", "privileges"},
    Class.ENTITY_MANAGEMENT: {"entity"},
    Class.API_ACTIVITY: {"actor", "api", "src_endpoint"},
}


def hostile(text: str) -> Found:
    """A record with `text` wherever a stranger could get it to."""
    details = dumps({"note": text}).decode()
    record = replace(RECORD, subject=text, actor=text, reason=text, request_id=text, details=details)
    return Found(record, text, {"name": text})


def cef(line: bytes) -> tuple[list[str], dict[str, str]]:
    """The header and the extension, by CEF's own rules."""
    text = line.decode()
    assert text.endswith("\n")
    assert text[:-1].isprintable()
    parts = re.split(r"(?<!\\)(?:\\\\)*\|", text[:-1], maxsplit=7)
    pairs = re.split(r" (?=\w+=)", parts[7])
    return parts[:7], {name: _plain(value) for name, value in (pair.split("=", 1) for pair in pairs)}


def _plain(value: str) -> str:
    assert re.search(r"(?<!\\)(?:\\\\)*=", value) is None, f"an equals sign that begins a field: {value!r}"
    return re.sub(r"\\(.)", lambda m: {"n": "\n", "r": "\r"}.get(m[1], m[1]), value)


def test_every_event_stands_in_the_table_once() -> None:
    assert set(KINDS) == {event.value for event in Event}
    assert len(KINDS) == LISTED
    assert set(KINDS) >= GRAVE


def test_record_in_cef() -> None:
    header, fields = cef(write_cef(Found(RECORD, "203.0.113.7", {})))
    assert header[:3] == ["CEF:0", "Airside", "Airside"]
    assert header[4:] == ["signin:user:refused", "signin user refused", "4"]
    assert fields["rt"] == "1772366400123"
    assert (fields["src"], fields["outcome"], fields["duid"]) == ("203.0.113.7", "refused", "usr_1")
    assert (fields["cs3Label"], fields["cs3"]) == ("details", '{"n":1}')


def test_address_of_the_sixth_version_has_a_field_of_its_own() -> None:
    _, fields = cef(write_cef(Found(RECORD, "2001:db8::1", {})))
    assert fields["c6a2"] == "2001:db8::1"
    assert "src" not in fields


@pytest.mark.parametrize("event", list(Event))
def test_every_event_has_what_its_class_requires(event: Event) -> None:
    for subject in ("", "usr_1"):
        line = write_ocsf(Found(replace(RECORD, event=event.value, subject=subject), None, None))
        told: dict[str, Any] = json.loads(line)
        kind = KINDS[event.value]
        assert told.keys() >= REQUIRED | OF_CLASS[kind.of]
        assert told["type_uid"] == told["class_uid"] * 100 + told["activity_id"]
        assert told["category_uid"] == told["class_uid"] // 1000
        assert told["metadata"]["version"] == OCSF == "1.3.0"
        assert told["metadata"]["product"]["vendor_name"]
        for name in ("user", "entity", "src_endpoint"):
            assert name not in told or any(told[name].values())


def test_sign_in_that_was_refused_is_an_authentication_that_failed() -> None:
    told = json.loads(write_ocsf(Found(RECORD, "203.0.113.7", {"email": "ada@example.com"})))
    assert (told["class_uid"], told["activity_id"], told["status_id"]) == (3002, 1, 2)
    assert (told["user"], told["src_endpoint"]) == ({"uid": "usr_1"}, {"ip": "203.0.113.7"})
    assert told["time"] == 1772366400123
    assert told["unmapped"]["personal"] == {"email": "ada@example.com"}


def test_event_of_a_younger_build_is_told_nonetheless() -> None:
    told = json.loads(write_ocsf(Found(replace(RECORD, event="new:thing:happened"), None, None)))
    assert (told["class_uid"], told["activity_id"]) == (6003, 99)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_values_arrive_escaped_and_begin_nothing(text: str) -> None:
    """N37"""
    line = write_cef(hostile(text))
    header, fields = cef(line)
    assert header[4] == RECORD.event
    assert line.count(b"\n") == 1
    for name in ("suid", "duid", "reason", "cs1"):
        assert fields[name] == "".join(c if c.isprintable() or c in "\r\n" else "\ufffd" for c in text)
    told = write_ocsf(hostile(text))
    assert told.count(b"\n") == 1
    assert json.loads(told)["user"] == {"uid": text}
    assert json.loads(told)["class_uid"] == 3002


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_no_text_whatever_leaves_its_field(text: str) -> None:
    line = write_cef(hostile(text))
    assert line.count(b"\n") == 1
    assert line[:-1].decode().isprintable()
    expected = "".join(c if c.isprintable() or c in "\r\n" else "\ufffd" for c in text)
    assert cef(line)[1].get("suid", "") == expected
    told = json.loads(write_ocsf(hostile(text)))
    assert told["status_detail"] == text
