"""The map hangs where the reader stands, and is the one of this house."""

import re
import runpy
from itertools import pairwise
from pathlib import Path

import pytest


def test_generated_pages_are_what_the_code_says(root: Path) -> None:
    """`make docs` writes them anew."""
    generate = runpy.run_path(str(root / "docs" / "generate.py"))
    wanted, found = generate["pages"](), generate["found"]()
    assert {name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name)} == set()


def test_house_names_every_room(root: Path) -> None:
    drawing = (root / "docs" / "house.md").read_text("utf-8").split("```")[1]
    rooms = {face.parent.name for face in (root / "src" / "airside").glob("*/__init__.py")}
    assert rooms - set(re.findall(r"[a-z]+", drawing)) == set()


def test_links_between_pages_lead_somewhere(root: Path) -> None:
    broken = [
        f"{path.relative_to(root)}: {target}"
        for path in [*(root / "docs").rglob("*.md"), root / "README.md", *(root / "examples").rglob("*.md")]
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text("utf-8"))
        if not (path.parent / target).exists()
    ]
    assert broken == []


@pytest.mark.parametrize(
    "page",
    ["docs/attacks.md", "docs/certification.md", "docs/oauth-security.md", "docs/house.md", "docs/operations/start.md"],
)
def test_files_that_a_page_names_exist(root: Path, page: str) -> None:
    text = (root / page).read_text("utf-8")
    named = re.findall(r"`((?:src|tests|docs|store|core|access)/[\w./]+?\.?\w+)/?`", text)
    missing = [name for name in named if not (root / name).exists() and not (root / "src/airside" / name).exists()]
    assert missing == []


@pytest.mark.parametrize("page", ["oauth-security.md", "certification.md"])
def test_every_row_names_tests_that_exist(root: Path, page: str) -> None:
    lines = (root / "docs" / page).read_text("utf-8").splitlines()
    rows = [line for line, after in pairwise([*lines, ""]) if re.match(r"\| \w|\| `", line) and "|---" not in after]
    named = {row: re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", row) for row in rows}
    assert len(rows) > 20
    assert [row for row, tests in named.items() if not tests] == []
    missing = [
        f"{file}::{name}"
        for tests in named.values()
        for file, name in tests
        if not (root / file).exists() or not re.search(rf"def {name}\(", (root / file).read_text("utf-8"))
    ]
    assert missing == []
