"""`airside respond` and `airside incident`: on a real database, with no server running."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.cli.command import Run, verbs
from tests.makers import MakeDatabase


@pytest.fixture
async def run(blank_database: MakeDatabase, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Run]:
    """Runs a verb on a database of its own, which holds one tenant, `acme`, and a user of it."""
    async with verbs(blank_database, tmp_path_factory.mktemp("cli")) as verb:
        assert verb("tenant", "create", "acme", "Acme").returncode == 0
        assert verb("user", "create", "acme", "ada@example.com").returncode == 0
        yield verb


def _said(run: Run, *words: str) -> str:
    done = run(*words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_incident_is_kept_and_what_is_done_for_it_stands_in_its_timeline(run: Run, tmp_path: Path) -> None:
    incident = _said(run, "incident", "open", "acme", "Somebody guesses passwords", "--severity", "high").split()[0]
    part = ("--incident", incident)
    assert "acme is locked" in _said(run, "respond", "lock", "acme", *part)
    ban = _said(run, "respond", "ban", "acme", "192.0.2.0/24", "--minutes", "5", *part).split()[0]
    listed = _said(run, "respond", "bans", "acme")
    assert "acme is locked" in listed
    assert f"{ban}  192.0.2.0/24" in listed
    assert "0 sessions" in _said(run, "respond", "end-sessions", "acme", "ada@example.com", *part)
    assert "0 sessions" in _said(run, "respond", "reauthenticate", "acme", "--everybody", *part)
    assert "signs now" in _said(run, "respond", "rotate-keys", "acme", "--withdraw", *part)
    assert "is lifted" in _said(run, "respond", "lift", "acme", ban, *part)
    assert "is unlocked" in _said(run, "respond", "unlock", "acme", *part)
    _said(run, "incident", "note", "acme", incident, "It was a test.")
    _said(run, "incident", "link", "acme", incident, "alr_01ba2272b0000000000000000a")
    assert "is closed" in _said(run, "incident", "close", "acme", incident, "--text", "Nothing was lost.")
    file = tmp_path / "incident.json"
    _said(run, "incident", "export", "acme", incident, str(file))
    kinds = [entry["kind"] for entry in json.loads(file.read_text())["timeline"]]
    assert (kinds[0], kinds[-1], kinds.count("action"), kinds.count("alert")) == ("opened", "closed", 7, 1)
    log = tmp_path / "audit.ndjson"
    _said(run, "audit", "export", "acme", str(log))
    assert log.read_text().count(incident) >= 7  # every record of what was done names it


def test_whom_is_said_and_what_is_not_there_is_refused(run: Run) -> None:
    for words in (
        ("respond", "end-sessions", "acme"),
        ("respond", "revoke-keys", "acme", "svc_nobody"),
        ("respond", "lock", "acme", "--incident", "inc_01ba2272b0000000000000000a"),
        ("respond", "ban", "acme", "0.0.0.0/0"),
        ("incident", "show", "acme", "inc_nobody"),
    ):
        assert run(*words).returncode == 1, words
