"""`airside plan` and `airside tenant plan`: on a real database, with no server running."""

from collections.abc import AsyncIterator

import pytest

from tests.cli.command import Run, verbs
from tests.makers import MakeDatabase

UNBOUNDED = "no bounds but the server's own"


@pytest.fixture
async def run(blank_database: MakeDatabase, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Run]:
    """Runs a verb on a database of its own, which holds one tenant, `acme`."""
    async with verbs(blank_database, tmp_path_factory.mktemp("cli")) as verb:
        assert verb("tenant", "create", "acme", "Acme").returncode == 0
        yield verb


def test_plan_that_an_operator_gives_bounds_the_tenant(run: Run) -> None:
    def said(*words: str) -> str:
        done = run(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    assert said("tenant", "plan", "acme") == f"none: {UNBOUNDED}"
    assert said("plan", "set", "starter", "users=0", "clients=5") == "starter  clients=5, users=0"
    assert "starter  clients=5, users=0" in said("plan", "list")
    assert said("tenant", "plan", "acme", "starter") == "starter  clients=5, users=0"
    refused = run("user", "create", "acme", "ada@example.com")
    assert refused.returncode == 1
    assert "quota users of 0 is used up" in refused.stderr
    assert said("tenant", "plan", "acme", "--none") == f"none: {UNBOUNDED}"
    assert run("plan", "set", "starter", "gnomes=1").returncode == 1
    assert run("plan", "set", "starter", "users=many").returncode == 1
    assert run("tenant", "plan", "acme", "nowhere").returncode == 1
