"""A file that several processes look at is judged as one that a single process reads line by line."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from msgspec.structs import replace

from airside.audit import Report, verify_file, write_entry
from airside.audit.canonical import covered, hashed
from airside.audit.export import read_entry, read_leaf
from airside.audit.heads import sign
from airside.audit.model import Closing, Entry, Leaf, Loose, Opening, Record
from airside.audit.offline import PIECE
from airside.audit.tree import Frontier, hash_leaf
from airside.audit.verify import Verifier
from airside.core.errors import Refusal
from airside.core.strict_json import dumps
from airside.protocols.jose import SigningKey, public_jwk, thumbprint
from airside.protocols.jose.keys import generate

TENANT = UUID(int=1)
NOW = datetime(2027, 1, 2, 3, 4, 5, 6, UTC)
LINES = PIECE // 8192 * 2
"""Of more than 8 KiB each: three pieces."""


def line(number: int) -> bytes:
    texts = ("user:user:updated", "operator:local", "", "success", "", "", "", '{"about":"' + "x" * 8192 + '"}', "")
    record = hashed(Record(TENANT, UUID(int=number), NOW, *texts, None, b""))
    return write_entry(Leaf(number, record.record_id, record.leaf_hash, record))


@pytest.fixture(scope="module")
def lines() -> list[bytes]:
    told = [line(number) for number in range(LINES)]
    return [write_entry(Opening(TENANT, LINES, ())), *told, write_entry(Closing(LINES + 1))]


def written(folder: Path, lines: list[bytes]) -> Path:
    path = folder / "log.ndjson"
    path.write_bytes(b"".join(lines))
    return path


def test_whole_log_is_whole_to_two_processes(lines: list[bytes], tmp_path: Path) -> None:
    report = verify_file(written(tmp_path, lines), processes=2)
    assert (report.younger, report.problems) == (LINES, ())


def test_what_is_wrong_is_named_alike_by_two_processes_and_by_one(lines: list[bytes], tmp_path: Path) -> None:
    changed = list(lines)
    changed[LINES // 2] = lines[LINES // 2].replace(b"operator:local", b"operator:other")
    changed[LINES - 7 : LINES - 4] = [b"noise\n", lines[3]]
    path = written(tmp_path, changed)
    one, two = verify_file(path), verify_file(path, processes=2)
    assert two == one
    assert [problem.kind for problem in two.problems[:3]] == ["record edited", "malformed", "leaf misplaced"]


TRICKY = '{"about":",\\"leaf_hash\\":\\"","else":"},\\"record_id\\":\\"{"}'
WHOLE_SECOND = NOW.replace(microsecond=0)
TEXTS = ("user:user:updated", "operator:local", "", "success", "", "", "", TRICKY, "")
RECORD = hashed(Record(TENANT, UUID(int=1), NOW, *TEXTS, b"sealed", b""))
FOREIGN = hashed(replace(RECORD, tenant_id=UUID(int=2)))


def opinions(line: bytes, leaves: int, folder: Path) -> tuple[Report, Report]:
    """What is said of a log of this one line, by who looks at it in a file and by who takes it entry by entry."""
    careful = Verifier(None)
    careful.take(Opening(TENANT, leaves, ()))
    try:
        careful.take(read_entry(line))
    except Refusal:
        careful.malformed(2, line)
    return verify_file(written(folder, [write_entry(Opening(TENANT, leaves, ())), line])), careful.report()


@pytest.mark.parametrize(
    ("before", "after", "at"),
    [
        pytest.param(b"", b"", NOW, id="as it is"),
        pytest.param(b"", b"", WHOLE_SECOND, id="a whole second"),
        pytest.param(b'"seq":', b'"seq": ', NOW, id="a space"),
        pytest.param(b'"person":""', b'"person":"","person":""', NOW, id="twice"),
        pytest.param(b'"person":""', b'"person":"","more":""', NOW, id="one more"),
        pytest.param(b"operator", b"\\u006fperator", NOW, id="an escape"),
        pytest.param(b'Z","details"', b'+00:00","details"', NOW, id="another zone"),
        pytest.param(b'Z","details"', b'","details"', NOW, id="no zone"),
        pytest.param(b'"kind":"leaf"', b'"kind":"loose"', NOW, id="another kind"),
        pytest.param(b"=", b"A", NOW, id="another hash"),
        pytest.param(b"}\n", b"}", NOW, id="no end"),
        pytest.param(b"}\n", b"} ", NOW, id="another end"),
        pytest.param(b'"details":"{', b'"details":"{ ', NOW, id="edited"),
    ],
)
def test_a_line_is_taken_in_one_spelling_alone(before: bytes, after: bytes, at: datetime, tmp_path: Path) -> None:
    """What is looked at quickly is what the verifier would have found itself."""
    record = hashed(replace(RECORD, at=at))
    told = write_entry(Leaf(0, record.record_id, record.leaf_hash, record))
    changed = told.replace(before, after, 1)
    assert (changed == told) == (before == after)
    report, careful = opinions(changed, 1, tmp_path)
    assert report == careful
    assert report.younger == (changed == told)


def test_whole_second_is_hashed_in_its_canonical_spelling_alone(tmp_path: Path) -> None:
    """A line spells it without the fraction, and what is hashed has one."""
    record = replace(RECORD, at=WHOLE_SECOND)
    spelled = hash_leaf(covered(record).replace(b"05.000000Z", b"05Z"))
    assert spelled != hashed(record).leaf_hash
    told = write_entry(Leaf(0, record.record_id, spelled, replace(record, leaf_hash=spelled)))
    report, careful = opinions(told, 1, tmp_path)
    assert report == careful
    assert [problem.kind for problem in report.problems] == ["record edited", "cut short"]


@pytest.mark.parametrize(
    ("entry", "what"),
    [
        pytest.param(
            Leaf(0, UUID(int=9), RECORD.leaf_hash, RECORD), f"it is record {RECORD.record_id}", id="leaf of another"
        ),
        pytest.param(
            Loose(UUID(int=9), RECORD, RECORD.leaf_hash), f"it is record {RECORD.record_id}", id="loose of another"
        ),
        pytest.param(
            Leaf(0, FOREIGN.record_id, FOREIGN.leaf_hash, FOREIGN), "it is another tenant's", id="leaf of a tenant"
        ),
        pytest.param(Loose(FOREIGN.record_id, FOREIGN, FOREIGN.leaf_hash), "it is another tenant's", id="loose of one"),
    ],
)
def test_whole_record_where_it_does_not_belong_is_named(entry: Entry, what: str, tmp_path: Path) -> None:
    """A leaf's hash covers the record alone, and neither its line nor the log that it stands in."""
    report, careful = opinions(write_entry(entry), int(isinstance(entry, Leaf)), tmp_path)
    assert report == careful
    assert next((problem.kind, problem.what) for problem in report.problems) == ("record misplaced", what)
    assert [problem.kind for problem in report.problems[1:]] == ["cut short"]
    assert report.younger == 0


@pytest.mark.parametrize("place", [b'"seq":0', b'"person":""'])
def test_line_that_is_nested_deeply_is_malformed_like_any_other(place: bytes, tmp_path: Path) -> None:
    told = write_entry(Leaf(0, RECORD.record_id, RECORD.leaf_hash, RECORD))
    deep = told.replace(place, place + b',"more":' + b"[" * 30_000 + b"]" * 30_000)
    report, careful = opinions(deep, 0, tmp_path)
    assert report == careful
    assert [problem.kind for problem in report.problems] == ["malformed", "cut short"]


def test_log_that_begins_with_noise_is_judged_line_by_line(lines: list[bytes], tmp_path: Path) -> None:
    report = verify_file(written(tmp_path, [b"noise\n", *lines]))
    assert ([problem.kind for problem in report.problems], report.younger) == (["malformed"], LINES)


def test_nothing_is_read_behind_a_line_without_an_end(lines: list[bytes], tmp_path: Path) -> None:
    torn = written(tmp_path, [*lines[:5], b"x" * (PIECE * 2), *lines[5:]])
    one, two = verify_file(torn), verify_file(torn, processes=2)
    assert two == one
    assert [problem.kind for problem in two.problems] == ["malformed", "cut short", "tree size"]


def test_trusted_head_within_a_run_is_held_against_the_leaves_up_to_it(lines: list[bytes], tmp_path: Path) -> None:
    private, size = generate("ES256"), LINES // 3
    key = SigningKey(thumbprint(private.public_key()), "ES256", private)
    opening = write_entry(Opening(TENANT, LINES, (dumps(public_jwk(key.verification())).decode(),)))
    path = written(tmp_path, [opening, *lines[1:]])
    root = Frontier().grown([read_leaf(each).leaf_hash for each in lines[1 : size + 1]]).root()
    right = verify_file(path, sign(key, TENANT, tree_size=size, root=root, at=NOW).jws)
    assert (right.proven, right.younger) == (size, LINES - size)
    assert [problem.kind for problem in right.problems] == ["head missing"]
    wrong = verify_file(path, sign(key, TENANT, tree_size=size, root=bytes(32), at=NOW).jws)
    assert (wrong.proven, wrong.younger) == (0, LINES)
    assert [problem.kind for problem in wrong.problems] == ["checkpoint mismatch", "head missing"]
