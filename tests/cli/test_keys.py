"""`airside keys`: on a real database, with no server running."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from airside.store.migrate import migrate, role_of
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


async def test_status_says_which_keys_wrap_how_much_and_whether_each_answers(
    blank_database: MakeDatabase, tmp_path: Path
) -> None:
    for name in ("old", "new", "none"):
        assert airside("keys", "create", str(tmp_path / name)).returncode == 0
    async with blank_database() as database:
        await migrate(database.owner, role_of(database.app))

        def said(current: str, *old: str) -> tuple[int, list[list[str]]]:
            settings = {"database_url": database.app, "kek": f"file:{tmp_path / current}"}
            if old:
                settings["kek_old"] = ",".join(f"file:{tmp_path / name}" for name in old)
            done = airside("keys", "status", cwd=tmp_path, **settings)
            return done.returncode, [line.split(maxsplit=4)[1:] for line in done.stdout.splitlines()[1:]]

        settings = {"database_url": database.app, "kek_file": str(tmp_path / "old")}
        assert airside("tenant", "create", "acme", "Acme", cwd=tmp_path, **settings).returncode == 0
        assert said("old") == (0, [["seals", "2", "6", "answers"]])
        assert said("new", "old") == (0, [["seals", "0", "0", "answers"], ["opens", "2", "6", "answers"]])
        code, rows = said("new", "none")
        assert code == 1
        assert rows[1:] == [["opens", "0", "0", "answers"], ["opens", "2", "6", "isn't in the settings"]]


def test_sealed_setting_is_printed_and_its_value_is_not(tmp_path: Path) -> None:
    assert airside("keys", "create", str(tmp_path / "kek")).returncode == 0
    typed = "smtps://airside:canary-5f1d@mail.example.com\n"
    done = airside("keys", "seal-setting", "AIRSIDE_SMTP_URL", given=typed, kek_file=str(tmp_path / "kek"))
    assert done.returncode == 0, done.stderr
    assert re.fullmatch(r"kms:[A-Za-z0-9_-]+\n", done.stdout)
    assert "canary" not in done.stderr


@pytest.mark.parametrize("word", ["postgresql://app:canary-5f1d@db/airside", "host=db password=canary-5f1d"])
def test_password_on_the_command_line_is_refused_and_not_repeated(word: str) -> None:
    """N37: everybody on the machine could read it."""
    done = airside("keys", "seal-setting", word)
    assert done.returncode == 2
    assert "on the command line" in done.stderr
    assert "canary" not in done.stderr + done.stdout


def test_data_key_is_rotated_shown_taken_back_and_everything_sealed_anew(run: Run) -> None:
    made = run("keys", "rotate", "dek", "acme")
    assert made.returncode == 0, made.stderr
    assert "every node" in made.stdout
    again = run("keys", "rotate", "dek", "acme")
    assert (again.returncode, "coming already" in again.stderr) == (1, True)
    assert " coming " in run("keys", "vault", "acme").stdout
    assert run("keys", "rotate", "dek", "acme", "--rollback").returncode == 0
    for words in (("reseal", "acme"), ("rotate", "pepper", "--all"), ("rotate", "kek")):
        done = run("keys", *words)
        assert done.returncode == 0, done.stderr
        assert "acme: 0 " in done.stdout


def test_index_key_is_rotated_shown_taken_back_and_every_index_computed_anew(run: Run) -> None:
    made = run("keys", "rotate", "index", "acme")
    assert made.returncode == 0, made.stderr
    assert "every node" in made.stdout
    again = run("keys", "rotate", "index", "--all")
    assert (again.returncode, "coming already" in again.stderr) == (1, True)
    assert re.search(r" index +coming ", run("keys", "vault", "acme").stdout)
    assert run("keys", "rotate", "index", "acme", "--rollback").returncode == 0
    none = run("keys", "rotate", "index", "acme", "--rollback")
    assert (none.returncode, "`airside keys vault acme`" in none.stderr) == (1, True)
    done = run("keys", "reindex", "acme")
    assert (done.returncode, done.stdout) == (0, "acme: 0 indexes computed anew\n")


@pytest.mark.parametrize("kind", ["dek", "index"])
def test_rotation_wants_one_tenant_or_all(run: Run, kind: str) -> None:
    for words in ((), ("acme", "--all")):
        done = run("keys", "rotate", kind, *words)
        assert (done.returncode, "name one tenant" in done.stderr) == (1, True)
