"""`airside keys`: on a real database, with no server running."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.cli.command import Run, airside, verbs
from tests.makers import MakeDatabase

KID = r"[A-Za-z0-9_-]{43}"


@pytest.fixture
async def run(blank_database: MakeDatabase, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Run]:
    """Runs a verb on a database of its own, which holds one tenant, `acme`."""
    async with verbs(blank_database, tmp_path_factory.mktemp("cli")) as verb:
        assert verb("tenant", "create", "acme", "Acme").returncode == 0
        yield verb


def listed(run: Run) -> list[tuple[str, str, str]]:
    """Key, algorithm, state."""
    done = run("keys", "list", "acme")
    assert done.returncode == 0, done.stderr
    lines = [line.split()[:3] for line in done.stdout.splitlines()[1:]]
    return [(kid, alg, state) for kid, alg, state in lines]


def rotated(run: Run, *words: str) -> str:
    """The key that it speaks of."""
    done = run("keys", "rotate", "signing", "acme", *words)
    assert done.returncode == 0, done.stderr
    found = re.search(rf"key ({KID}) ", done.stdout)
    assert found is not None, done.stdout
    return found[1]


def test_key_is_rotated_taken_back_and_replaced_at_once(run: Run) -> None:
    first = {alg: kid for kid, alg, _ in listed(run)}
    assert first.keys() == {"ES256", "RS256"}
    new = rotated(run)
    assert (new, "ES256", "published") in listed(run)
    assert (first["ES256"], "ES256", "active") in listed(run)
    assert rotated(run, "--rollback") == first["ES256"]
    assert (new, "ES256", "retired") in listed(run)
    made = rotated(run, "--emergency")
    assert [row for row in listed(run) if row[1] == "ES256"] == [(made, "ES256", "active")]


def test_first_key_of_an_algorithm_is_made_on_demand(run: Run) -> None:
    made = rotated(run, "--alg", "EdDSA")
    assert (made, "EdDSA", "active") in listed(run)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("acme", "--alg", "none"), "no keys are made"),
        (("acme", "--alg", "PS256", "--rollback"), "`airside keys list acme`"),
        (("acme", "--emergency", "--rollback"), "choose one"),
        (("nobody",), "`airside tenant list`"),
    ],
)
def test_what_cannot_be_done_is_refused_with_the_next_step(run: Run, words: tuple[str, ...], said: str) -> None:
    done = run("keys", "rotate", "signing", *words)
    assert done.returncode == 1
    assert said in done.stderr


def test_new_key_encryption_key_is_the_owners_alone(tmp_path: Path) -> None:
    done = airside("keys", "create", str(tmp_path / "kek"))
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "kek").stat().st_mode & 0o777 == 0o600
