"""`airside secret`: on a real database, with no server running; values come in by the standard input alone."""

import os
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from airside.store.migrate import migrate, role_of
from tests.cli.command import airside
from tests.makers import MakeDatabase

PATH = "billing/stripe/api-key"
VALUE = "a value that stands nowhere else"


class Verbs:
    """Runs `airside` on a database of its own, which holds one tenant, `acme`."""

    def __init__(self, folder: Path, dsn: str) -> None:
        self._folder, self._dsn = folder, dsn

    def __call__(self, *words: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        return airside(*words, given=typed, data=str(self._folder / "data"), database_url=self._dsn)


@pytest.fixture(scope="module")
async def run(blank_database: MakeDatabase, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Verbs]:
    async with blank_database() as database:
        await migrate(database.owner, role_of(database.app))
        verbs = Verbs(tmp_path_factory.mktemp("cli"), database.app)
        assert verbs("tenant", "create", "acme", "Acme").returncode == 0
        yield verbs


def test_secret_is_written_read_rotated_deleted_and_listed(run: Verbs) -> None:
    """N37: no value is shown but where it was asked for."""
    said = [run("secret", "put", "acme", PATH, "--expected", "0", typed=VALUE + "\n")]
    assert said[0].returncode == 0, said[0].stderr
    assert run("secret", "get", "acme", PATH).stdout == VALUE
    again = run("secret", "put", "acme", PATH, "--expected", "0", typed="x")
    assert (again.returncode, "another version is the youngest" in again.stderr) == (1, True)
    said += [again, run("secret", "rotate", "acme", PATH, "--every", "30"), run("secret", "list", "acme")]
    assert "every 30 days" in said[-1].stdout
    assert len(run("secret", "get", "acme", PATH).stdout) == 43
    said += [run("secret", "delete", "acme", PATH), run("secret", "versions", "acme", PATH)]
    assert [line.split()[:2] for line in said[-1].stdout.splitlines()[1:]] == [["2", "deleted"], ["1", "active"]]
    gone = run("secret", "get", "acme", PATH)
    assert (gone.returncode, gone.stdout) == (1, "")
    assert run("secret", "get", "acme", PATH, "--version", "1").stdout == VALUE
    assert run("secret", "delete", "acme", PATH, "--version", "1", "--destroy").returncode == 0
    assert run("secret", "get", "acme", PATH, "--version", "1").returncode == 1
    assert not any(VALUE in each.stdout + each.stderr for each in said)


@pytest.mark.parametrize("typed", ["", "x" * (33 * 1024)], ids=["nothing", "too much"])
def test_what_is_no_secret_is_refused(run: Verbs, typed: str) -> None:
    assert run("secret", "put", "acme", "other", typed=typed).returncode == 1
    assert os.linesep + "other" not in run("secret", "list", "acme").stdout


def test_named_key_is_made_listed_rotated_and_destroyed(run: Verbs) -> None:
    """A key that applications seal with; what it destroys has to be named."""
    made = run("keys", "app", "create", "acme", "notes")
    assert made.stdout == "notes seals\n", made.stderr
    assert run("keys", "app", "create", "acme", "iban", "--tokens").stdout == "iban makes tokens\n"
    again = run("keys", "app", "create", "acme", "notes")
    assert (again.returncode, "airside keys app list acme" in again.stderr) == (1, True)
    assert run("keys", "app", "rotate", "acme", "notes").stdout == "version 2 of notes is active\n"
    listed = [line.split()[:4] for line in run("keys", "app", "list", "acme").stdout.splitlines()[1:]]
    assert listed == [["iban", "token", "1", "-"], ["notes", "seal", "2", "1"]]
    assert run("keys", "app", "destroy", "acme", "notes").returncode == 1
    assert run("keys", "app", "destroy", "acme", "notes", "--version", "2").returncode == 1
    assert (
        run("keys", "app", "destroy", "acme", "notes", "--version", "1").stdout == "version 1 of notes is destroyed\n"
    )
    assert run("keys", "app", "destroy", "acme", "notes", "--all").stdout == "notes is destroyed\n"
    gone = run("keys", "app", "rotate", "acme", "notes")
    assert (gone.returncode, "no such version of a key notes" in gone.stderr) == (1, True)
