"""`airside checklist` as a pipeline runs it."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from airside.cli.app import app
from tests.cli.command import airside, verbs
from tests.makers import MakeDatabase
from tests.running import free_port


@pytest.mark.parametrize(
    "words",
    [
        ("checklist",),
        ("checklist", "app.example.com"),
        ("checklist", "https://app.example.com", "--fail-on", "always"),
        ("checklist", "https://app.example.com", "--format", "pdf"),
        ("checklist", "https://app.example.com", "--protected", "api"),
        ("checklist", "https://app.example.com", "--baseline", "missing.toml"),
        ("checklist", "https://app.example.com", "--output", "report.html"),
    ],
    ids=["no target", "no address", "no severity", "no format", "no path", "no baseline", "no form"],
)
def test_what_is_not_understood_is_refused_in_a_line(words: tuple[str, ...]) -> None:
    done = CliRunner().invoke(app, words)  # without a process each, which takes longer than the rest
    assert done.exit_code == 2
    assert done.stderr.startswith("refused")


def test_a_target_that_is_away_could_not_be_checked(tmp_path: Path) -> None:
    done = airside("checklist", f"https://localhost:{free_port()}/", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "refused" in done.stderr


async def test_inside_of_a_development_server_is_told_as_json(blank_database: MakeDatabase, tmp_path: Path) -> None:
    async with verbs(blank_database, tmp_path) as verb:
        assert verb("tenant", "create", "acme", "Acme").returncode == 0
        assert verb("user", "create", "acme", "ada@example.com", "--role", "administrator").returncode == 0
        done = verb("checklist", "--self", "--format", "json")
    assert done.returncode == 1, done.stderr
    states = {check["id"]: check["state"] for check in json.loads(done.stdout)["checks"]}
    assert states.pop("self-settings") == "found"
    assert states.pop("self-backup") == "found"
    assert states.pop("self-administrators") == "found"
    assert set(states.values()) == {"passed"}
