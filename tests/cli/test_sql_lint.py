"""`airside sql lint`: what is built is printed with its place, and the exit code says it."""

import json
from pathlib import Path

import pytest

from airside.assurance.sql_lint import MAX_BYTES
from airside.assurance.sql_tree import lint_file
from tests.cli.command import airside

BUILT = "def f(c, x):\n    c.execute(f'select {x}')\n"


def tree(folder: Path) -> Path:
    for name in ("app/a.py", ".venv/b.py", "env/lib/c.py", "app/node_modules/d.py", ".hidden/e.py"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(BUILT, "utf-8")
    (folder / "env/pyvenv.cfg").touch()
    return folder


def test_findings_are_printed_and_exit_with_one(tmp_path: Path) -> None:
    done = airside("sql", "lint", ".", cwd=tree(tmp_path))
    assert done.returncode == 1
    assert done.stdout.splitlines()[0] == "app/a.py:2: sql-built: execute() is given an f-string"
    assert done.stderr.splitlines()[-1] == "1 found in 1 files"


def test_json_and_sarif_say_the_same(tmp_path: Path) -> None:
    told = json.loads(airside("sql", "lint", ".", "--format", "json", cwd=tree(tmp_path)).stdout)
    assert told["files"] == 1
    assert [(each["path"], each["line"], each["rule"]) for each in told["findings"]] == [("app/a.py", 2, "sql-built")]
    (result,) = json.loads(airside("sql", "lint", ".", "--format", "sarif", cwd=tmp_path).stdout)["runs"][0]["results"]
    assert result["ruleId"] == "sql-built"
    assert result["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "app/a.py"},
        "region": {"startLine": 2},
    }


def test_clean_tree_exits_with_zero(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("def f(c, x):\n    c.execute('select %s', (x,))\n", "utf-8")
    assert airside("sql", "lint", ".", cwd=tmp_path).returncode == 0


@pytest.mark.parametrize("path", ["nowhere", "."])
def test_nothing_to_judge_is_no_clean_tree(tmp_path: Path, path: str) -> None:
    done = airside("sql", "lint", path, cwd=tmp_path)
    assert done.returncode == 2
    assert "refused" in done.stderr


def test_file_that_is_no_text_or_too_large_is_found(tmp_path: Path) -> None:
    latin, unknown, large = tmp_path / "a.py", tmp_path / "b.py", tmp_path / "c.py"
    latin.write_bytes(b"x = '\xff'")
    unknown.write_bytes(b"# coding: nothing\n")
    large.write_bytes(b"#" * (MAX_BYTES + 1))
    assert [finding.fault.rule for file in (latin, unknown, large) for finding in lint_file(file)] == [
        "sql-unreadable"
    ] * 3


def test_declared_encoding_is_read(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_bytes(b"# coding: latin-1\nx = '\xff'\n" + BUILT.encode())
    assert [finding.fault.line for finding in lint_file(file)] == [4]
