"""What every verb says of a database that isn't ready for it, and of settings that don't fit."""

from pathlib import Path

import pytest

from airside.store.migrate import migrate, role_of
from tests.cli.command import airside
from tests.makers import MakeDatabase
from tests.running import free_port


async def test_database_that_is_not_migrated_is_refused_with_the_command_to_run(
    blank_database: MakeDatabase, tmp_path: Path
) -> None:
    async with blank_database() as database:
        done = airside("tenant", "list", data=str(tmp_path), database_url=database.app)
        assert done.returncode == 2
        assert "run `airside migrate`" in done.stderr


async def test_migrating_by_command_says_what_was_applied_and_then_nothing_more(
    blank_database: MakeDatabase, tmp_path: Path
) -> None:
    async with blank_database() as database:
        urls = {"database_url": database.app, "database_owner_url": database.owner}
        first = airside("migrate", data=str(tmp_path), **urls)
        assert (first.returncode, first.stderr) == (0, "")
        assert first.stdout.startswith("applied: 0001_store, ")
        assert airside("migrate", data=str(tmp_path), **urls).stdout == "up to date\n"


async def test_owner_is_refused_as_the_role_that_serves(blank_database: MakeDatabase, tmp_path: Path) -> None:
    async with blank_database() as database:
        await migrate(database.owner, role_of(database.app))
        done = airside("tenant", "list", data=str(tmp_path), database_url=database.owner)
        assert done.returncode == 2
        assert "must own nothing" in done.stderr


@pytest.mark.parametrize("verb", [("tenant", "list"), ("migrate",)])
def test_database_that_is_away_is_named_at_once(tmp_path: Path, verb: tuple[str, ...]) -> None:
    at = f"127.0.0.1:{free_port()}/airside"
    urls = {
        "database_url": f"postgresql://app:v3ry-l0ng@{at}",
        "database_owner_url": f"postgresql://own:0ther-l0ng@{at}",
    }
    if verb != ("migrate",):
        urls.pop("database_owner_url")
    done = airside(*verb, data=str(tmp_path), **urls)
    assert done.returncode == 1
    assert "the database is away" in done.stderr
    assert "Connection refused" in done.stderr
    assert "l0ng" not in done.stderr


@pytest.mark.parametrize(
    ("verb", "settings", "said"),
    [
        ("tour", {"public_url": "https://localhost:1"}, "start the server first"),
        ("dev", {"mode": "production"}, "AIRSIDE_KEK_FILE"),
        ("migrate", {}, "AIRSIDE_DATABASE_OWNER_URL"),
    ],
)
def test_verb_that_cannot_do_its_work_says_what_is_missing(
    tmp_path: Path, verb: str, settings: dict[str, str], said: str
) -> None:
    done = airside(verb, data=str(tmp_path / "data"), **settings)
    assert done.returncode in (1, 2)
    assert said in done.stderr


def test_version_is_the_package_s() -> None:
    done = airside("--version")
    assert (done.returncode, done.stdout.split()[0]) == (0, "airside")
