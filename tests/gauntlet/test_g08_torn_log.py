"""G08: an exported audit log is torn at every byte of its last record: the verifier names the record, and nothing
before it is lost. With no database, no server and no setting: a customer has the file, and the head they kept."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random, SystemRandom
from uuid import UUID

import pytest

from airside.audit import Entry, Head, read_entry, verify_file, write_entry
from airside.audit.canonical import hashed
from airside.audit.heads import sign
from airside.audit.model import Closing, Leaf, Loose, Opening, Record
from airside.audit.tree import Frontier
from airside.core.ids import EVENT, format_id
from airside.core.strict_json import dumps
from airside.protocols.jose import SigningKey, public_jwk, thumbprint
from airside.protocols.jose.keys import generate

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
TENANT = UUID("018f4e5c-0000-7000-8000-000000000001")


def record(number: int, chance: Random) -> Record:
    """One that could have been: with every kind of field, and characters that JSON escapes."""
    return hashed(
        Record(
            tenant_id=TENANT,
            record_id=UUID(int=(0x018F_4E5C_0000 << 80) | 0x7000_8000_0000_0000_0000 | number),
            at=START + timedelta(seconds=number),
            event="user:user:updated",
            actor="user:usr_01jd0000000000000000000000",
            subject='a "quoted" \\ wörd',
            outcome="success",
            reason="",
            request_id=f"req_{number}",
            origin="~" + chance.randbytes(12).hex(),
            details=f'{{"number":{number}}}',
            person="",
            personal_sealed=chance.randbytes(40),
            leaf_hash=b"",
        )
    )


def log(count: int, chance: Random, *, loose: bool) -> tuple[list[Entry], Head]:
    """`count` records whose last lies in the tree, or outside it; the head is over all before it."""
    private = generate("ES256")
    key = SigningKey(thumbprint(private.public_key()), "ES256", private)
    records = [record(number, chance) for number in range(count)]
    before = Frontier().append([each.leaf_hash for each in records[:-1]])[0]
    head = sign(key, TENANT, tree_size=before.size, root=before.root(), at=START)
    leaves: list[Entry] = [Leaf(n, each.record_id, each.leaf_hash, each) for n, each in enumerate(records)]
    last: Entry = leaves[-1]
    if loose:
        last = Loose(records[-1].record_id, records[-1], records[-1].leaf_hash)
    opening = Opening(TENANT, count - loose, (dumps(public_jwk(key.verification())).decode(),))
    return [opening, *leaves[:-1], head, last, Closing(count + 2)], head


@pytest.mark.gauntlet
@pytest.mark.parametrize("loose", [False, True], ids=["in the tree", "outside it"])
def test_record_torn_at_any_byte_is_named_and_nothing_before_it_is_lost(loose: bool, tmp_path: Path) -> None:
    seed = SystemRandom().getrandbits(32)
    entries, head = log(12, Random(seed), loose=loose)
    lines = [write_entry(entry) for entry in entries]
    whole, torn, path = b"".join(lines[:-2]), lines[-2], tmp_path / "log.ndjson"
    last = entries[-2]
    assert isinstance(last, Leaf | Loose)
    path.write_bytes(b"".join(lines))
    assert verify_file(path, head.jws).problems == ()
    unnamed, lost = list[int](), list[int]()
    for length in range(len(torn)):
        path.write_bytes(whole + torn[:length])
        report = verify_file(path, head.jws)
        told = " ".join(f"{problem.kind} {problem.where}: {problem.what}" for problem in report.problems)
        known = torn[:length].count(str(last.record_id).encode()) > 0
        named = f"line {len(lines) - 1}" in told and "after leaf 10" in told if length else "after leaf 10" in told
        if not named or (known and format_id(EVENT, last.record_id) not in told):
            unnamed.append(length)
        if report.proven != 11 or report.head != head:
            lost.append(length)
    print(f"\nG08: torn at each of {len(torn)} bytes, {len(unnamed)} unnamed, {len(lost)} lost something, seed {seed}")
    assert (unnamed, lost) == ([], []), f"seed {seed}"


@pytest.mark.gauntlet
def test_log_torn_in_its_middle_and_gone_on_with_is_named_there(tmp_path: Path) -> None:
    """Half a record, and the next one on the same line or on its own: what comes after doesn't hide it."""
    entries, head = log(12, Random(0), loose=False)
    lines = [write_entry(entry) for entry in entries]
    path = tmp_path / "log.ndjson"
    for end in (b"", b"\n"):
        path.write_bytes(b"".join([*lines[:5], lines[5][:100] + end, *lines[6:]]))
        report = verify_file(path, head.jws)
        assert report.problems[0].kind == "malformed"
        assert (report.problems[0].where, "after leaf 3" in report.problems[0].what) == ("line 6", True)
        assert not report.sound


def test_entries_made_here_are_those_that_are_read() -> None:
    entries, _ = log(3, Random(0), loose=True)
    assert [read_entry(write_entry(entry)) for entry in entries] == entries
