"""`airside threats`: what is open is printed, and the exit code says it."""

from pathlib import Path

from tests.assurance.test_threats import MODEL
from tests.cli.command import airside


def test_open_threats_are_printed_and_the_picture_is_drawn(tmp_path: Path) -> None:
    (tmp_path / "threats.toml").write_text(MODEL, "utf-8")
    done = airside("threats", "--svg", "dfd.svg", "--markdown", "page.md", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout.strip().endswith("1 threats, 0 accepted, 0 open")
    assert (tmp_path / "dfd.svg").read_text("utf-8").startswith("<svg")
    assert "](dfd.svg)" in (tmp_path / "page.md").read_text("utf-8")
    missing = airside("threats", "--tests", ".", cwd=tmp_path)
    assert missing.returncode == 1
    assert "tests/test_a.py::test_all isn't there" in missing.stdout


def test_model_that_can_not_be_read_is_no_clean_one(tmp_path: Path) -> None:
    assert airside("threats", "nowhere.toml", cwd=tmp_path).returncode == 2
