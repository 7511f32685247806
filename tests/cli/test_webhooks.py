"""`airside webhook`: on a real database, with no server running."""

from collections.abc import AsyncIterator

import pytest

from tests.cli.command import Run, verbs
from tests.makers import MakeDatabase


@pytest.fixture
async def run(blank_database: MakeDatabase, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Run]:
    """Runs a verb on a database of its own, which holds one tenant, `acme`."""
    async with verbs(blank_database, tmp_path_factory.mktemp("cli")) as verb:
        assert verb("tenant", "create", "acme", "Acme").returncode == 0
        yield verb


def test_endpoint_is_made_changed_tested_disabled_and_deleted(run: Run) -> None:
    def said(*words: str) -> str:
        done = run("webhook", *words)
        assert done.returncode == 0, done.stderr
        return done.stdout

    made = said("create", "acme", "https://notes.example/hooks", "--event", "user:*", "--description", "Notes").split()
    word, secret = made[0], made[-1]
    assert secret.startswith("whsec_")
    assert "session:*" in said("change", "acme", word, "--event", "session:*")
    rotated = said("rotate", "acme", word, "--overlap", "1")
    assert "whsec_" in rotated
    assert secret not in rotated
    assert "deliveries" in said("test", "acme", word)
    assert "webhook:endpoint:tested" in said("deliveries", "acme", word, "--state", "waiting")
    assert "disabled" in said("disable", "acme", word)
    assert "https://notes.example/hooks" in said("list", "acme")
    assert run("webhook", "replay", "acme", word).returncode == 1
    assert "gone" in said("delete", "acme", word)


def test_unlawful_endpoint_is_refused_with_a_remedy(run: Run) -> None:
    done = run("webhook", "create", "acme", "https://notes.example/", "--event", "users:*")
    assert (done.returncode, "user:*" in done.stderr) == (1, True)
