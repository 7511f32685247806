"""Store files: read whole, and refused with file and line where anything is wrong."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from airside.core.errors import InvalidInput, Refusal
from airside.permissions.language import ModelProblems
from airside.permissions.model import Grant, Terms, TupleKey
from airside.permissions.storefile import read_model, read_store
from airside.permissions.storetests import CheckAssertion, ObjectsAssertion, UsersAssertion

MODEL = """model: |
  model
    schema 1.1
  type user
  type group
    relations
      define member: [user]
  type doc
    relations
      define viewer: [user, user:*, group#member, user with early]
  condition early(hour: int) {
    hour < 9
  }
"""
TUPLES = """tuples:
  - user: user:anne
    relation: viewer
    object: doc:1
  - user: user:bob
    relation: viewer
    object: doc:1
    condition:
      name: early
      context: {hour: 8}
    expires_at: 2027-01-01T00:00:00Z
"""


def store(folder: Path, text: str) -> Path:
    path = folder / "store.fga.yaml"
    path.write_text(text, "utf-8")
    return path


def test_everything_is_read(tmp_path: Path) -> None:
    tests = """tests:
  - tuples:
      - {user: group:eng#member, relation: viewer, object: doc:2}
    check:
      - users: [user:anne, user:bob]
        objects: [doc:1, doc:2]
        context: {hour: 1}
        assertions: {viewer: true}
    list_objects:
      - {user: user:anne, type: doc, assertions: {viewer: [doc:2, doc:1]}}
    list_users:
      - object: doc:1
        user_filter: [{type: group, relation: member}]
        assertions: {viewer: {users: []}}
"""
    read = read_store(store(tmp_path, f"name: docs\n{MODEL}{TUPLES}{tests}"))
    anne, bob = read.grants
    assert (read.name, anne) == ("docs", Grant(TupleKey("user:anne", "viewer", "doc:1")))
    assert bob.terms == Terms("early", b'{"hour":8}', datetime(2027, 1, 1, tzinfo=UTC))
    (test,) = read.tests
    assert test.grants == (Grant(TupleKey("group:eng#member", "viewer", "doc:2")),)
    kinds = [type(each) for each in test.assertions]
    assert kinds == [CheckAssertion] * 4 + [ObjectsAssertion, UsersAssertion]
    assert test.assertions[4].expected == ["doc:1", "doc:2"]
    assert read.places.line(test.assertions[0].at) == 33
    assert read_model(tmp_path / "store.fga.yaml") == read.model


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (MODEL + "tuples: [", ":15:1: "),
        (MODEL + "name: a\nname: b\n", ":15:1: the key 'name' stands twice"),
        (MODEL + "nothing: 1\n", ":1: Object contains unknown field `nothing`"),
        (MODEL + "tests:\n  - check:\n      - user: 1\n        assertions: {}\n", ":16: Expected `str`, got `int`"),
        (MODEL + "tests:\n  - check:\n      - user: user:a\n        assertions: {}\n", ":16: a check has either"),
        (
            MODEL + "tests:\n  - list_users:\n      - object: doc:1\n        user_filter: []\n        assertions: {}\n",
            ":16: list_users takes exactly one",
        ),
        (MODEL + TUPLES.replace("user:bob", "doc:1"), ":18: 'doc:1#viewer@doc:1': type 'doc' is not an allowed"),
        (MODEL + TUPLES.replace("early", "late"), ":18: 'doc:1#viewer@user:bob': undefined condition"),
        (MODEL + TUPLES.replace("hour: 8", "hour: x"), ":18: 'doc:1#viewer@user:bob': parameter type error"),
        (
            MODEL + TUPLES + "  - {user: user:anne, relation: viewer, object: doc:1}\n",
            ":25: .* stands twice",
        ),
        (MODEL + TUPLES.replace("00Z", "00"), ":18: expires_at must end in Z"),
        (TUPLES, ":1: exactly one of model and model_file"),
        (MODEL + "model_file: model.fga\n", ":1: exactly one of model and model_file"),
        ("model_file: ../other.fga\n", "other.fga lies outside the folder"),
        (MODEL + "tuple_file: /etc/passwd\n", "/etc/passwd lies outside the folder"),
        (MODEL + "tuple_file: tuples.txt\n", "tuples.txt: a file of tuples is"),
        ("- a\n", ":1: Expected `object`, got `array`"),
        ("model: !!python/name:os.system a\n", ":1:8: a tag"),
        ("a: &a [*a]\n", "values, or nested over"),
    ],
)
def test_mistake_is_told_with_its_file_and_line(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(InvalidInput, match=says) as refused:
        read_store(store(tmp_path, text))
    assert str(refused.value).startswith((f"{tmp_path}/", "../", "/etc"))


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (MODEL.replace("[user]", "[nobody]"), (6, 22)),
        (MODEL.replace("hour < 9", "hour < x"), (11, 11)),
        (MODEL.replace("define member", "defin member"), (6, 6)),
        (MODEL.replace("schema 1.1", "schema 9.9"), (2, 11)),
        ("model: >\n  model\n", (0, 0)),
    ],
)
def test_mistake_in_the_model_is_placed_in_the_store_file(tmp_path: Path, text: str, place: tuple[int, int]) -> None:
    path = store(tmp_path, text)
    with pytest.raises(ModelProblems) as refused:
        read_store(path)
    span = refused.value.problems[0].span
    assert span is not None
    assert (span.file, span.line, span.start) == (str(path), *place)


def test_modules_are_read_by_their_manifest(tmp_path: Path) -> None:
    (tmp_path / "fga.mod").write_text("schema: '1.2'\ncontents: [core.fga, wiki.fga]\n")
    (tmp_path / "core.fga").write_text("module core\ntype user\ntype org\n  relations\n    define member: [user]")
    wiki = tmp_path / "wiki.fga"
    wiki.write_text("module wiki\nextend type org\n  relations\n    define writer: member")
    tuples = "tuples:\n  - {user: user:anne, relation: member, object: org:1}\n"
    read = read_store(store(tmp_path, "model_file: fga.mod\n" + tuples))
    assert read.model == read_model(tmp_path / "fga.mod")
    assert [each.name for each in read.model.types] == ["user", "org"]
    wiki.write_text("module wiki\nextend type org\n  relations\n    define writer: members")
    with pytest.raises(ModelProblems) as refused:
        read_model(tmp_path / "fga.mod")
    assert str(refused.value) == f"{wiki}, line 4, column 20: the relation `members` does not exist."


def test_module_that_leads_out_of_its_folder_is_refused(tmp_path: Path) -> None:
    """Also by a link."""
    inside = tmp_path / "inside"
    inside.mkdir()
    (tmp_path / "core.fga").write_text("module core\ntype user")
    (inside / "core.fga").symlink_to(tmp_path / "core.fga")
    manifest = inside / "fga.mod"
    for name, refusal in (("core.fga", InvalidInput), ("../core.fga", ModelProblems)):
        manifest.write_text(f"schema: '1.2'\ncontents: ['{name}']\n")
        with pytest.raises(refusal):
            read_model(manifest)
    manifest.write_text("schema: '1.2'\ncontents: [core.fga]\n")
    path = store(inside, "model_file: fga.mod\n")
    assert len(read_store(path, external=True).model.types) == 1


@pytest.mark.parametrize("name", ["model.json", "model.fga", "fga.mod"])
@pytest.mark.parametrize("body", [b"\xff", b"{", b"[]", b"1", b"null", b"", b"[" * 100_000, b"\x00"])
def test_model_file_of_any_bytes_is_refused_by_name(tmp_path: Path, name: str, body: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(body)
    with pytest.raises(Refusal):
        read_model(path)
