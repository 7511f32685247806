"""`airside alert`: on a real database, with no server running."""

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


def test_tenant_without_alerts_has_an_empty_list_and_foreign_words_are_refused_by_name(run: Run) -> None:
    listed = run("alert", "list", "acme")
    assert (listed.returncode, "alr_" in listed.stdout) == (0, False)
    wrong = run("alert", "list", "acme", "--severity", "grave")
    assert (wrong.returncode, "--severity is one of low, medium, high" in wrong.stderr) == (1, True)
    absent = run("alert", "close", "acme", "alr_nobody")
    assert (absent.returncode, "`airside alert list acme` shows them" in absent.stderr) == (1, True)
