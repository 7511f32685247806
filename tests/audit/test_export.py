"""An exported line has one spelling, and everything else is refused."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airside.audit import Event, Journal, entries, read_entry, verify_file, verify_tenant, write_entry
from airside.audit.export import MAX_LINE
from airside.audit.model import Closing, Entry, Head, Leaf, Loose, Opening
from airside.core.errors import InvalidInput, Refusal, TooLarge
from tests.audit.conftest import Fill, Open, Sequence
from tests.audit.test_canonical import RECORD

AT = datetime(2026, 11, 5, 12, 30, tzinfo=UTC)
LINES: list[Entry] = [
    Opening(UUID(int=7), 3, ("{}",)),
    Leaf(0, UUID(int=8), b"\x00" * 32, RECORD),
    Leaf(1, UUID(int=9), b"\xff" * 32, None),
    Head(2, b"\x05" * 32, AT, "a.b.c"),
    Loose(UUID(int=10), RECORD, None),
    Loose(UUID(int=11), None, b"\x01" * 32),
    Closing(6),
]


@pytest.mark.parametrize("entry", LINES, ids=lambda entry: type(entry).__name__)
def test_what_is_written_is_read_back(entry: Entry) -> None:
    line = write_entry(entry)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert read_entry(line) == entry


def test_line_is_what_it_always_was() -> None:
    """Wire format: exports already made must stay readable."""
    assert write_entry(LINES[3]) == (
        b'{"at":"2026-11-05T12:30:00Z","jws":"a.b.c","kind":"head",'
        b'"root":"BQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU=","tree_size":2}\n'
    )


@pytest.mark.parametrize("entry", LINES, ids=lambda entry: type(entry).__name__)
def test_line_cut_anywhere_is_refused(entry: Entry) -> None:
    line = write_entry(entry)
    for length in range(len(line)):
        with pytest.raises(InvalidInput):
            read_entry(line[:length])


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        b"[]\n",
        b"null\n",
        b'{"entries":6}\n',
        b'{"entries":6,"kind":"opened"}\n',
        b'{"entries":6,"kind":["closing"]}\n',
        b'{"entries":"6","kind":"closing"}\n',
        b'{"kind":"closing"}\n',
        b'{"kind":"closing","entries":6}\n',
        b'{"entries": 6,"kind":"closing"}\n',
        b'{"entries":6,"kind":"closing","more":1}\n',
        b'{"entries":6,"entries":6,"kind":"closing"}\n',
        b'{"entries":6,"kind":"closing"}\r\n',
        b'{"entries":6,"kind":"closing"}\n\n',
        b'{"at":"0001-01-01T00:00:00+14:00","jws":"","kind":"head","root":"","tree_size":2}\n',
        b'{"at":"2026-11-05T12:30:00","jws":"","kind":"head","root":"","tree_size":2}\n',
    ],
)
def test_any_other_spelling_is_refused(line: bytes) -> None:
    with pytest.raises(InvalidInput):
        read_entry(line)


def test_oversized_line_is_refused() -> None:
    with pytest.raises(TooLarge):
        read_entry(b'{"kind":"' + b"x" * MAX_LINE + b'"}\n')


@given(st.binary(max_size=200))
def test_bytes_from_anywhere_are_refused_and_break_nothing(line: bytes) -> None:
    with pytest.raises(Refusal):
        read_entry(line)


async def test_exported_log_verifies_as_the_live_one_does(
    journal: Journal, fill: Fill, sequence: Sequence, open_ctx: Open, tenant_id: UUID, tmp_path: Path
) -> None:
    async with open_ctx(tenant_id) as ctx:
        await journal.record(ctx, Event.USER_CREATED, personal={"name": "Ada"}, details={"é": ["\0", 1.5, None]})
    await fill(tenant_id, 30)
    await sequence(tenant_id)
    await fill(tenant_id, 3)
    await sequence(tenant_id, 2.0)
    await fill(tenant_id, 2)
    path = tmp_path / "log.ndjson"
    async with open_ctx(tenant_id) as ctx:
        live = await verify_tenant(ctx)
        with path.open("wb") as file:
            async for entry in entries(ctx):
                file.write(write_entry(entry))
    assert live.head is not None
    assert verify_file(path) == live
    assert (live.proven, live.younger, live.problems) == (34, 2, ())
    trusted = verify_file(path, live.head.jws)
    assert (trusted.proven, trusted.checkpoint, trusted.problems) == (34, 34, ())


async def test_log_longer_than_a_page_is_exported_whole(
    journal: Journal, sequence: Sequence, open_ctx: Open, tenant_id: UUID
) -> None:
    async with open_ctx(tenant_id) as ctx:
        for number in range(1203):
            await journal.record(ctx, Event.USER_UPDATED, subject=f"user:{number}")
    async with open_ctx(tenant_id) as ctx:
        assert (await verify_tenant(ctx)).younger == 1203
    assert await sequence(tenant_id) == 1203
    async with open_ctx(tenant_id, now=AT + timedelta(days=1)) as ctx:
        report = await verify_tenant(ctx)
        seen = [entry.seq async for entry in entries(ctx) if isinstance(entry, Leaf)]
    assert (report.proven, report.younger, report.problems) == (1203, 0, ())
    assert seen == list(range(1203))
