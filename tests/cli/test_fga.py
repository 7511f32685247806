"""`airside fga`: models and store files without a server, and a tenant's stores in a real database."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from airside.permissions.storefile import read_store
from tests.cli.command import Run, airside, verbs
from tests.makers import FindData, MakeDatabase

STORE = """name: docs
model: |
  model
    schema 1.1
  type user
  type doc
    relations
      define owner: [user]
      define viewer: [user, user:* with early] or owner
  condition early(hour: int) {
    hour < 9
  }
tuples:
  - {user: user:anne, relation: owner, object: doc:1}
  - user: user:*
    relation: viewer
    object: doc:2
    condition: {name: early, context: {}}
  - {user: user:bob, relation: viewer, object: doc:3, expires_at: 2127-01-01T00:00:00Z}
tests:
  - name: owners
    check:
      - user: user:anne
        object: doc:1
        assertions:
          owner: true
          viewer: WANTED
    list_objects:
      - {user: user:anne, type: doc, context: {hour: 1}, assertions: {viewer: [doc:1, doc:2]}}
"""
GOOD = STORE.replace("WANTED", "true")


@pytest.fixture(scope="module")
async def run(blank_database: MakeDatabase, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Run]:
    """Runs a verb on a database of its own, which holds one tenant, `acme`."""
    async with verbs(blank_database, tmp_path_factory.mktemp("cli")) as verb:
        assert verb("tenant", "create", "acme", "Acme").returncode == 0
        yield verb


def written(folder: Path, text: str, name: str = "store.fga.yaml") -> str:
    path = folder / name
    path.write_text(text, "utf-8")
    return str(path)


def test_valid_model_is_counted(tmp_path: Path) -> None:
    done = airside("fga", "validate", written(tmp_path, GOOD))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"valid  {tmp_path}/store.fga.yaml  schema 1.1: 2 types, 2 relations, 1 conditions\n"


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("m.fga", "model\n  schema 1.1\ntype doc\n  relations\n    define a: b\n    define c: d", ["5:15", "6:15"]),
        ("m.fga", "model\n  schema 1.1\ntyp doc", ["3:1"]),
        ("m.fga", "module core\ntype doc", ["1:1"]),
        ("m.json", '{"schema_version": "2.0", "type_definitions": []}', ["1:1"]),
        ("fga.mod", "schema: '1.1'\ncontents:\n  - ../a.fga\n", ["1:9", "3:5"]),
        ("store.fga.yaml", GOOD.replace("hour < 9", "hour < nine"), ["11:12"]),
    ],
)
def test_each_problem_of_a_model_is_told_with_its_place(tmp_path: Path, name: str, text: str, said: list[str]) -> None:
    file = written(tmp_path, text, name)
    done = airside("fga", "validate", file)
    assert (done.returncode, done.stderr) == (1, "")
    assert [line.partition(": ")[0] for line in done.stdout.splitlines()] == [f"{file}:{place}" for place in said]


def test_tests_that_hold_are_counted(tmp_path: Path, data: FindData) -> None:
    files = [written(tmp_path, GOOD), *map(str, sorted((data("openfga") / "sample-stores").rglob("*.fga.yaml")))]
    done = airside("fga", "test", *files)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert done.stdout.splitlines()[0] == f"holds  {files[0]}  3 of 3"
    assert re.fullmatch(rf"(\d+) of \1 assertions hold in {len(files)} files", done.stdout.splitlines()[-1])


def test_assertion_that_does_not_hold_is_told_with_its_line(tmp_path: Path) -> None:
    wrong, broken = written(tmp_path, STORE.replace("WANTED", "false")), written(tmp_path, "a: [", "b.fga.yaml")
    done = airside("fga", "test", wrong, broken, written(tmp_path, GOOD, "good.fga.yaml"))
    assert (done.returncode, done.stderr) == (1, "")
    lines = done.stdout.splitlines()
    assert lines[0] == f"wrong  {wrong}  2 of 3"
    assert re.split(" {2,}", lines[2]) == [f"{wrong}:27", "owners", "check user:anne viewer doc:1", "no", "yes"]
    assert lines[3].startswith(f"refused  {broken}  {broken}:2:1: ")
    assert lines[-1] == "5 of 6 assertions hold in 3 files"


def test_store_is_imported_asked_exported_and_the_same(run: Run, tmp_path: Path) -> None:
    """Conditions, contexts and expiries too; again into the same store changes nothing."""
    file = written(tmp_path, GOOD)
    made = run("fga", "import", "acme", file)
    assert (made.returncode, made.stderr) == (0, "")
    found = re.fullmatch(r"store (\w{26})  model \w{26}  3 tuples\n", made.stdout)
    assert found is not None
    ask = ("fga", "check", "acme", found[1])
    assert run(*ask, "user:anne", "viewer", "doc:1").stdout.splitlines() == [
        "✓ doc:1#viewer   [user, user:* with early] or owner",
        "└ ✓ doc:1#owner   [user]",
        "  └ ✓ doc:1#owner@user:anne",
    ]
    denied = run(*ask, "user:bob", "viewer", "doc:1")
    assert denied.returncode == 1
    assert denied.stdout.startswith("✗ doc:1#viewer")
    assert denied.stdout.endswith("would be yes with: doc:1#viewer@user:bob\n")
    assert run(*ask, "user:bob", "viewer", "doc:2", "--context", '{"hour": 8}').returncode == 0
    late = run(*ask, "user:bob", "viewer", "doc:2", "--context", '{"hour": 9}')
    assert late.returncode == 1
    assert "condition early" in late.stdout
    assert run("fga", "import", "acme", file, "--store", found[1]).returncode == 0
    exported = tmp_path / "exported.fga.yaml"
    done = run("fga", "export", "acme", found[1], str(exported))
    assert (done.returncode, done.stdout) == (0, f"3 tuples in {exported}\n")
    before, after = read_store(Path(file)), read_store(exported)
    assert (after.name, after.model, sorted(after.grants, key=lambda each: each.key)) == (
        before.name,
        before.model,
        sorted(before.grants, key=lambda each: each.key),
    )
    assert run("fga", "export", "acme", found[1]).stdout == exported.read_text("utf-8")


def test_modular_model_is_imported_and_exported_with_its_modules(run: Run, tmp_path: Path, data: FindData) -> None:
    folder = data("openfga") / "sample-stores" / "modular"
    made = run("fga", "import", "acme", str(folder / "fga.mod"))
    assert made.returncode == 0, made.stderr
    exported = tmp_path / "exported.fga.yaml"
    assert run("fga", "export", "acme", made.stdout.split()[1], str(exported)).returncode == 0
    assert read_store(exported).model == read_store(folder / "store.fga.yaml").model


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("import", "acme", "none.fga.yaml"), "none.fga.yaml: No such file or directory"),
        (("import", "acme", "bad.fga.yaml"), "bad.fga.yaml:14: 'doc:1#owner@doc:1'"),
        (("import", "acme", "good.fga.yaml", "--store", "x"), "a store's id has 26 digits and capital letters"),
        (("export", "acme", "01BX5ZZKBKACTAV9WEVGEMMVRZ"), "acme has no store 01BX5ZZKBKACTAV9WEVGEMMVRZ"),
        (("check", "acme", "01BX5ZZKBKACTAV9WEVGEMMVRZ", "a", "b", "c", "--context", "{"), ""),
    ],
)
def test_refusal_is_one_line_and_exits_with_1(run: Run, tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    written(tmp_path, GOOD, "good.fga.yaml")
    written(tmp_path, GOOD.replace("user: user:anne, relation: owner", "user: doc:1, relation: owner"), "bad.fga.yaml")
    done = run("fga", *(str(tmp_path / word) if word.endswith(".yaml") else word for word in words))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("refused ")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
