"""`airside streams`: on a real database, with no server running."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.cli.command import Run, verbs
from tests.makers import MakeDatabase


@pytest.fixture
async def run(blank_database: MakeDatabase, tmp_path: Path) -> AsyncIterator[Run]:
    """Runs a verb on a database of its own, which holds one tenant, `acme`."""
    async with verbs(blank_database, tmp_path) as verb:
        assert verb("tenant", "create", "acme", "Acme").returncode == 0
        yield verb


def client_of(run: Run, name: str) -> str:
    made = run("client", "create", "acme", name)
    return made.stdout.split("client id: ")[1].split()[0]


def test_stream_is_made_shown_paused_verified_and_deleted_by_its_clients_name_alone(run: Run, tmp_path: Path) -> None:
    client, other, header = client_of(run, "Notes"), client_of(run, "Other"), tmp_path / "header"
    header.write_text("Bearer of-the-receiver\n", "utf-8")

    def said(*words: str) -> str:
        done = run("streams", *words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    push = ("--push", "https://notes.example/events", "--authorization", str(header))
    word = said("create", "acme", client, *push, "--event", "session-revoked", "--only-added").split()[0]
    shown = json.loads(said("show", "acme", client, word))
    assert (shown["delivery"], shown["url"], shown["events"]) == ("push", push[1], ["session-revoked"])
    assert (shown["default_subjects"], "of-the-receiver" in str(shown)) == ("NONE", False)
    assert "paused" in said("pause", "acme", client, word, "--reason", "Sundays")
    assert run("streams", "verify", "acme", client, word).returncode == 1
    assert "enabled" in said("enable", "acme", client, word)
    said("verify", "acme", client, word, "--state", "mine")
    assert word not in said("list", "acme", other)
    assert [run("streams", verb, "acme", other, word).returncode for verb in ("show", "disable", "delete")] == [1] * 3
    assert "disabled" in said("disable", "acme", client, word)
    assert "disabled" in said("list", "acme", client)
    assert "gone" in said("delete", "acme", client, word)
    assert word not in said("list", "acme", client)


def test_stream_that_cant_be_is_refused_with_a_remedy(run: Run) -> None:
    client = client_of(run, "Notes")
    unknown = run("streams", "create", "acme", client, "--event", "session-ended")
    assert (unknown.returncode, "session-revoked" in unknown.stderr) == (1, True)
    nobody = run("streams", "create", "acme", "cli_nobody")
    assert (nobody.returncode, "airside client list acme" in nobody.stderr) == (1, True)
    assert run("streams", "create", "acme", client, "--push", "http://notes.example/").returncode == 1
    assert run("client", "disable", "acme", client).returncode == 0
    disabled = run("streams", "create", "acme", client)
    assert (disabled.returncode, "airside client enable acme" in disabled.stderr) == (1, True)
