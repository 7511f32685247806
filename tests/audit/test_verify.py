"""The offline verifier names what is wrong with a file, and counts nothing as proven that isn't."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from msgspec.structs import replace

from airside.audit import Report, entries, verify_file, verify_tenant, write_entry
from airside.audit.canonical import hashed
from airside.audit.model import Closing, Entry, Head, Leaf, Loose, Opening
from airside.audit.verify import MAX_PROBLEMS, Verifier
from airside.core.errors import InvalidInput
from tests.audit.conftest import Fill, Open, Sequence

Log = list[Entry]


@pytest.fixture
async def log(fill: Fill, sequence: Sequence, open_ctx: Open, tenant_id: UUID) -> Log:
    """Heads at 5 and 9 leaves, one more leaf that no head covers, one record that waits."""
    for later, count in ((0.0, 5), (2.0, 4), (2.1, 1)):
        await fill(tenant_id, count)
        await sequence(tenant_id, later)
    await fill(tenant_id, 1)
    async with open_ctx(tenant_id) as ctx:
        return [entry async for entry in entries(ctx)]


def last_head(log: Log) -> str:
    return [entry.jws for entry in log if isinstance(entry, Head)][-1]


def verified(log: Log, trusted: str | None = None) -> Report:
    verifier = Verifier(trusted)
    for entry in log:
        verifier.take(entry)
    return verifier.report()


def kinds(report: Report) -> set[str]:
    return {problem.kind for problem in report.problems}


def place_of(log: Log, seq: int) -> int:
    return next(at for at, entry in enumerate(log) if isinstance(entry, Leaf) and entry.seq == seq)


def test_sound_log_says_what_is_proven_and_what_is_younger(log: Log) -> None:
    for trusted in (None, last_head(log), next(entry.jws for entry in log if isinstance(entry, Head))):
        report = verified(log, trusted)
        assert (report.proven, report.younger, report.sound) == (9, 2, True)
        assert report.head is not None
        assert report.head.tree_size == 9


def test_edited_record_is_named(log: Log) -> None:
    at = place_of(log, 3)
    leaf = log[at]
    assert isinstance(leaf, Leaf)
    assert leaf.record is not None
    log[at] = replace(leaf, record=replace(leaf.record, actor="somebody else"))
    report = verified(log)
    assert [(problem.kind, problem.where) for problem in report.problems] == [
        ("record edited", f"leaf 3, record {leaf.record_id}")
    ]
    assert report.proven == 8


def test_edited_record_with_its_hashes_made_to_fit_breaks_the_heads(log: Log) -> None:
    at = place_of(log, 3)
    leaf = log[at]
    assert isinstance(leaf, Leaf)
    assert leaf.record is not None
    record = hashed(replace(leaf.record, actor="somebody else"))
    log[at] = replace(leaf, record=record, leaf_hash=record.leaf_hash)
    report = verified(log)
    assert kinds(report) == {"head mismatch"}
    assert (report.proven, report.head) == (0, None)


def test_edit_between_two_heads_leaves_the_first_one_standing(log: Log) -> None:
    del log[place_of(log, 7)]
    report = verified(log, last_head(log))
    assert report.proven == 5
    assert report.head is not None
    assert report.head.tree_size == 5
    assert {"leaf missing", "head mismatch", "tree size"} <= kinds(report)


def test_missing_record_and_waiting_hash_without_one_are_told(log: Log) -> None:
    at = place_of(log, 2)
    leaf = log[at]
    assert isinstance(leaf, Leaf)
    log[at] = replace(leaf, record=None)
    loose = log[-2]
    assert isinstance(loose, Loose)
    log[-2] = replace(loose, record=None)
    assert [problem.kind for problem in verified(log).problems] == ["record missing", "record missing"]


def test_record_that_nobody_waits_for_is_told(log: Log) -> None:
    loose = log[-2]
    assert isinstance(loose, Loose)
    log[-2] = replace(loose, queued=None)
    assert kinds(verified(log)) == {"record unaccounted"}


def test_head_whose_columns_say_something_else_is_told(log: Log) -> None:
    at, head = next((at, entry) for at, entry in enumerate(log) if isinstance(entry, Head))
    log[at] = replace(head, root=b"\0" * 32)
    assert kinds(verified(log)) == {"head forged"}


def test_missing_trusted_head_is_told_though_its_leaves_hold(log: Log) -> None:
    trusted = last_head(log)
    rest = [entry for entry in log[:-1] if not isinstance(entry, Head)]
    report = verified([*rest, Closing(len(rest))], trusted)
    assert kinds(report) == {"head missing"}
    assert report.proven == 9


def test_entries_out_of_their_order_are_told(log: Log) -> None:
    assert "malformed" in kinds(verified([log[0], *log]))
    assert "malformed" in kinds(verified(log[1:]))
    assert "malformed" in kinds(verified([*log, log[-1]]))
    assert kinds(verified([])) == {"cut short"}


def test_closing_that_counts_otherwise_is_told(log: Log) -> None:
    assert kinds(verified([*log[:-1], Closing(99)])) == {"cut short"}


def test_keys_that_aren_t_what_they_say_are_told(log: Log) -> None:
    opening = log[0]
    assert isinstance(opening, Opening)
    for keys in (("{}",), (*opening.keys, *opening.keys), ("\ud800",)):
        assert "key replaced" in kinds(verified([replace(opening, keys=keys), *log[1:]]))


async def test_trusted_head_of_another_tenant_is_told(
    log: Log, fill: Fill, sequence: Sequence, open_ctx: Open, make_tenant: Callable[[], Awaitable[UUID]]
) -> None:
    """N20"""
    other = await make_tenant()
    await fill(other, 9)
    await sequence(other)
    async with open_ctx(other) as ctx:
        head = (await verify_tenant(ctx)).head
    assert head is not None
    assert {"checkpoint mismatch", "key replaced"} <= kinds(verified(log, head.jws))


async def test_text_that_isn_t_a_head_is_refused_and_verifies_nothing(
    open_ctx: Open, tenant_id: UUID, tmp_path: Path
) -> None:
    with pytest.raises(InvalidInput):
        verify_file(tmp_path / "none", "x")
    with pytest.raises(InvalidInput):
        async with open_ctx(tenant_id) as ctx:
            await verify_tenant(ctx, trusted_head="")


async def test_empty_log_is_sound_and_proves_nothing(open_ctx: Open, tenant_id: UUID) -> None:
    async with open_ctx(tenant_id) as ctx:
        assert await verify_tenant(ctx) == Report(0, 0, None, None, ())


def test_file_torn_at_any_byte_of_its_last_records_is_told_and_nothing_before_is_lost(log: Log, tmp_path: Path) -> None:
    """G08"""
    lines = [write_entry(entry) for entry in log]
    whole, tail = b"".join(lines[:-3]), b"".join(lines[-3:])
    path = tmp_path / "log.ndjson"
    for length in range(0, len(tail), 7):
        path.write_bytes(whole + tail[:length])
        report = verify_file(path)
        assert "cut short" in kinds(report)
        assert report.proven == 9
        rest = tail[:length].split(b"\n")
        named = [problem.where for problem in report.problems if problem.kind == "malformed"]
        assert named == ([f"line {len(lines) - 3 + len(rest)}"] if rest[-1] else [])


def test_file_of_noise_is_told_in_bounded_words(tmp_path: Path) -> None:
    path = tmp_path / "log.ndjson"
    path.write_bytes(b"noise\n" * (MAX_PROBLEMS * 3))
    report = verify_file(path)
    assert len(report.problems) == MAX_PROBLEMS
    path.write_bytes(b"x" * 10_000_000)
    assert kinds(verify_file(path)) == {"malformed", "cut short"}


async def test_verifying_while_others_write_and_sequence_reports_no_problem(
    fill: Fill, sequence: Sequence, open_ctx: Open, tenant_id: UUID
) -> None:
    """The tree moves on between two pages; what is told is of one moment, and nothing looks wrong."""
    await fill(tenant_id, 5)
    await sequence(tenant_id)
    await fill(tenant_id, 5)
    verifier = Verifier(None)
    async with open_ctx(tenant_id) as ctx:
        async for entry in entries(ctx):
            verifier.take(entry)
            if isinstance(entry, Opening):
                await sequence(tenant_id, 2.0)
                await fill(tenant_id, 2)
    report = verifier.report()
    assert (report.proven, report.younger, report.problems) == (5, 7, ())


async def test_edit_in_the_database_is_named_by_its_record(
    log: Log, open_ctx: Open, tenant_id: UUID, superuser_dsn: str
) -> None:
    leaf = log[place_of(log, 4)]
    assert isinstance(leaf, Leaf)
    async with await psycopg.AsyncConnection.connect(superuser_dsn) as connection:
        await connection.execute(
            "update airside.audit_record set at = at + interval '1 microsecond'"
            " where tenant_id = %s and record_id = %s",
            (tenant_id, leaf.record_id),
        )
    async with open_ctx(tenant_id) as ctx:
        report = await verify_tenant(ctx)
    assert [problem.where for problem in report.problems] == [f"leaf 4, record {leaf.record_id}"]
