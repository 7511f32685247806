"""Syslog messages say what they are given, and nothing in a value is read as anything else (RFC 5424, RFC 5425)."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from airside.core.errors import InvalidInput
from airside.protocols.syslog import MAX_MESSAGE, MAX_SEQUENCE, SyslogMessage, framed, sequence_id, write

MESSAGE = SyslogMessage(
    severity=5,
    at=datetime(2026, 11, 29, 20, 0, 0, 1000, tzinfo=UTC),
    host="id.example.com",
    app="airside",
    process="ten_01",
    id="audit",
    data={"meta": {"sequenceId": "1"}},
    text="CEF:0|…",
)
# RFC 5424 §6, as far as one message goes: a quoted value ends at the first quote that no backslash stands before.
GRAMMAR = re.compile(
    r"<\d{1,3}>1 \S+ (\S{1,255}) (\S{1,48}) (\S{1,128}) (\S{1,32}) "
    r'(-|\[[^ =\]"]+(?: [^ =\]"]+="(?:[^"\\\]]|\\.)*")*\]) (.*)'
)


def test_message_is_written_as_the_rfc_says() -> None:
    assert write(MESSAGE).decode() == (
        '<109>1 2026-11-29T20:00:00.001000Z id.example.com airside ten_01 audit [meta sequenceId="1"] CEF:0|…'
    )


def test_time_is_told_in_utc() -> None:
    there = replace(MESSAGE, at=MESSAGE.at.astimezone(timezone(timedelta(hours=5))))
    assert write(there) == write(MESSAGE)


def test_frame_counts_bytes_and_not_characters() -> None:
    assert framed("é".encode()) == b"2 \xc3\xa9"


def test_nothing_known_is_a_dash() -> None:
    assert b"airside - audit - CEF" in write(replace(MESSAGE, process="", data={}))


def test_sequence_begins_with_one_and_after_its_largest_comes_one() -> None:
    assert [sequence_id(n) for n in (0, 1, MAX_SEQUENCE - 1, MAX_SEQUENCE)] == ["1", "2", str(MAX_SEQUENCE), "1"]


@pytest.mark.parametrize(
    "value",
    ['"] [forged x="', '\\"] [forged x="', "]", "\\", "\n<0>1 - forged", "\u2028<0>1", "\x00\x1b[2J"],
    ids=["quote", "escaped", "bracket", "backslash", "line", "separator", "control"],
)
def test_value_never_ends_its_element_or_its_message(value: str) -> None:
    written = write(replace(MESSAGE, data={"meta": {"a": value}}, text=value)).decode()
    found = GRAMMAR.fullmatch(written)
    assert found is not None
    assert "forged x=" not in re.sub(r'"(?:[^"\\]|\\.)*"', "", found[5])
    assert written.isprintable()


@settings(max_examples=50)
@given(value=st.text(max_size=60), text=st.text(max_size=60))
def test_whatever_the_values_it_is_one_message_with_one_element(value: str, text: str) -> None:
    written = write(replace(MESSAGE, data={"meta": {"a": value}}, text=text)).decode()
    found = GRAMMAR.fullmatch(written)
    assert found is not None
    assert found[5].startswith('[meta a="')
    assert written.isprintable()


@pytest.mark.parametrize(
    "message",
    [
        replace(MESSAGE, host="id example"),
        replace(MESSAGE, host="h" * 256),
        replace(MESSAGE, app="a\n"),
        replace(MESSAGE, process="té"),
        replace(MESSAGE, id="i" * 33),
        replace(MESSAGE, severity=8),
        replace(MESSAGE, data={"me]ta": {}}),
        replace(MESSAGE, data={"meta": {'a"': "x"}}),
        replace(MESSAGE, text="x" * MAX_MESSAGE),
    ],
    ids=["blank", "long host", "line", "beyond ASCII", "long id", "severity", "element", "parameter", "oversized"],
)
def test_header_that_cant_be_one_is_refused(message: SyslogMessage) -> None:
    with pytest.raises(InvalidInput):
        write(message)
