"""`airside audit`: an exported log is verified by whoever holds it, with nothing but the file."""

import json
import subprocess
from pathlib import Path

import pytest

from airside.audit.heads import read_checkpoint
from airside.audit.tree import verify_inclusion
from airside.store.migrate import migrate, role_of
from tests.cli.command import AIRSIDE, airside
from tests.makers import MakeDatabase


@pytest.fixture(scope="module")
async def folder(blank_database: MakeDatabase, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `log.ndjson` and `head.jws` of a tenant that the command line made; its database is gone."""
    folder = tmp_path_factory.mktemp("audit")
    async with blank_database() as database:
        await migrate(database.owner, role_of(database.app))

        def verb(*words: str) -> str:
            done = airside(*words, cwd=folder, data=str(folder / "data"), database_url=database.app)
            assert done.returncode == 0, done.stderr
            return done.stdout

        verb("tenant", "create", "acme", "Acme")
        verb("user", "create", "acme", "ada@acme.example")
        assert "records proven by the head of size" in verb("audit", "verify", "acme")  # without any server
        found = verb("audit", "search", "acme", "--event", "user:*:created", "--since", "2020-01-01")
        word = found.split("evt_")[1].split()[0]
        (folder / "event.json").write_text(verb("audit", "event", "acme", f"evt_{word}"), "ascii")
        (folder / "proof.json").write_text(verb("audit", "proof", "acme", f"evt_{word}"), "ascii")
        verb("audit", "export", "acme", "log.ndjson")
        (folder / "head.jws").write_text(verb("audit", "head", "acme"), "ascii")
        again = airside(
            "audit", "export", "acme", "log.ndjson", cwd=folder, data=str(folder / "data"), database_url=database.app
        )
        assert (again.returncode, "log.ndjson: File exists" in again.stderr) == (1, True)
        settings = {"data": str(folder / "data"), "database_url": database.app}
        refused = airside("audit", "expire", "acme", cwd=folder, **settings)
        assert (refused.returncode, "AIRSIDE_DATABASE_OWNER_URL" in refused.stderr) == (2, True)
        young = airside("audit", "expire", "acme", cwd=folder, **settings, database_owner_url=database.owner)
        assert (young.returncode, young.stdout, young.stderr) == (0, "", "")
    return folder


def test_exported_log_is_verified_in_an_empty_environment(folder: Path) -> None:
    done = subprocess.run(
        [*AIRSIDE, "audit", "verify", "log.ndjson", "--head", "head.jws"],
        env={},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "held against a trusted head" in done.stdout


def test_event_is_found_and_proven(folder: Path) -> None:
    event, proof = (json.loads((folder / name).read_text()) for name in ("event.json", "proof.json"))
    assert (event["event"], event["actor"]) == ("user:user:created", "operator:local")
    assert event["personal"]["email"] == "ada@acme.example"
    head = read_checkpoint(proof["head"]).head
    assert verify_inclusion(
        leaf=bytes.fromhex(proof["leaf_hash"]),
        index=proof["leaf_index"],
        size=head.tree_size,
        path=[bytes.fromhex(each) for each in proof["path"]],
        root=head.root,
    )


def test_search_and_readings_stand_in_the_exported_log(folder: Path) -> None:
    text = (folder / "log.ndjson").read_text()
    for event in ("audit:log:searched", "audit:event:read", "audit:log:exported"):
        assert text.count(f'"event":"{event}"') == 1


def test_log_cut_short_exits_with_1(folder: Path) -> None:
    lines = (folder / "log.ndjson").read_bytes().splitlines(keepends=True)
    (folder / "cut.ndjson").write_bytes(b"".join(lines[:1] + lines[2:]))
    assert airside("audit", "verify", "cut.ndjson", cwd=folder).returncode == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("audit", "verify", "./none.ndjson"), "no file ./none.ndjson"),
        (("audit", "export", "acme", "log.xml", "--format", "xml"), "--format is one of ndjson, cef, ocsf"),
        (("audit", "verify", "log.ndjson", "--head", "none.jws"), "none.jws: No such file"),
    ],
)
def test_file_that_is_not_there_is_named(folder: Path, words: tuple[str, ...], said: str) -> None:
    done = airside(*words, cwd=folder)
    assert (done.returncode, done.stdout) == (1, "")
    assert said in done.stderr
