"""The README says what is so."""

import re
import runpy
from pathlib import Path
from typing import Any

import httpx2
import pytest
from typer.main import get_command

from airside.cli.app import app

SAID = re.compile(r"^(?:\.venv/bin/)?airside((?: [a-z]+)+)", re.MULTILINE)
QUOTED = re.compile(r"`(?:\.venv/bin/)?airside((?: [a-z]+)+)")


@pytest.fixture(scope="module")
def readme(root: Path) -> str:
    return (root / "README.md").read_text("utf-8")


def test_verbs_of_make_are_those_of_the_makefile(readme: str, root: Path) -> None:
    phony = re.search(r"^\.PHONY: (.+)$", (root / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert phony is not None
    assert set(re.findall(r"^\| `make ([a-z-]+)` \|", readme, re.MULTILINE)) == set(phony[1].split())


def test_every_file_that_the_makefile_runs_exists(root: Path) -> None:
    recipes = re.findall(r"^\t.*$", (root / "Makefile").read_text("utf-8"), re.MULTILINE)
    named = {name for line in recipes for name in re.findall(r"\b(?:docs|tests|bench|requirements)/[\w./-]+", line)}
    assert {name for name in named if not (root / name).exists()} == set()


@pytest.mark.parametrize("page", ["README.md", "docs/operations/start.md", "docs/operations/audit.md"])
def test_commands_that_a_page_names_exist(root: Path, page: str) -> None:
    text = (root / page).read_text("utf-8")
    named = SAID.findall(text) + QUOTED.findall(text)
    assert named != []
    assert [words for words in named if not _exists(words.split())] == []


def test_settings_that_the_readme_names_exist(readme: str) -> None:
    from airside.wiring.settings import PREFIX, SETTINGS, TESTING

    known = {PREFIX + name.upper() for name in SETTINGS} | TESTING
    assert set(re.findall(r"AIRSIDE_[A-Z_]+", readme)) - known == set()


async def test_sample_of_the_readme_refuses_nobody_by_name(
    readme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sample as it stands there, under 20 lines, is an application that asks for a token."""
    sample = re.search(r"```python\n(.+?)```", readme, re.DOTALL)
    assert sample is not None
    assert len(sample[1].splitlines()) < 20
    monkeypatch.setenv("AIRSIDE_ISSUER", "https://id.example.com/t/acme")
    monkeypatch.setenv("AIRSIDE_STORE_ID", "01M83VND9EM4BFE2Y6E79VHPGV")
    monkeypatch.setenv("AIRSIDE_CLIENT_ID", "cli_01m83vndhaf1btc2zjae7pmfga")
    monkeypatch.setenv("AIRSIDE_CLIENT_SECRET", "x")
    (tmp_path / "sample.py").write_text(sample[1], "utf-8")
    made = runpy.run_path(str(tmp_path / "sample.py"))
    transport = httpx2.ASGITransport(app=made["app"])
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost:8000") as client:
        assert (await client.get("/notes/1")).status_code == 401
        assert (await client.get("/notes/1", headers={"host": "elsewhere"})).status_code == 421


def _exists(words: list[str]) -> bool:
    """Whether the words lead to a command; what follows it is an argument."""
    command: Any = get_command(app)
    for word in words:
        children = getattr(command, "commands", None)
        if children is None:
            return True
        command = children.get(word)
        if command is None:
            return False
    return True
