"""A file that several processes look at is judged as one that a single process reads line by line."""

from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest

from airside.audit import verify_file, write_entry
from airside.audit.canonical import hashed
from airside.audit.export import read_entry, read_leaf
from airside.audit.heads import sign
from airside.audit.model import Closing, Leaf, Opening, Record
from airside.audit.offline import PIECE
from airside.audit.tree import Frontier
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
    texts = ("user:user:updated", "operator:local", "", "success", "", "", "", TRICKY, "")
    record = hashed(Record(TENANT, UUID(int=1), at, *texts, b"sealed", b""))
    told = write_entry(Leaf(0, record.record_id, record.leaf_hash, record))
    changed = told.replace(before, after, 1)
    assert (changed == told) == (before == after)
    report = verify_file(written(tmp_path, [write_entry(Opening(TENANT, 1, ())), changed]))
    careful = Verifier(None)
    careful.take(Opening(TENANT, 1, ()))
    try:
        careful.take(read_entry(changed))
    except Refusal:
        careful.malformed(2, changed)
    assert report == careful.report()
    assert report.younger == (changed == told)


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
