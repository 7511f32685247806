"""`airside backup`: on a real database, with no server running."""

from contextlib import ExitStack
from pathlib import Path

import pytest
from psycopg import AsyncConnection

from airside.store.migrate import migrate, role_of
from tests.cli.command import airside
from tests.custody.stores import Folder, Kept, s3
from tests.makers import MakeDatabase
from tests.vault.kms.services import credentials


@pytest.mark.parametrize("kind", ["directory", "s3"])
async def test_backup_is_made_listed_verified_and_restored(
    blank_database: MakeDatabase, tmp_path: Path, kind: str
) -> None:
    with ExitStack() as stack:
        kept: Kept = Folder(tmp_path / "backups")
        if kind == "s3":
            stack.enter_context(credentials())
            kept = stack.enter_context(s3()).bucket()
        await _made_listed_verified_and_restored(blank_database, tmp_path, kept)


async def _made_listed_verified_and_restored(blank_database: MakeDatabase, tmp_path: Path, kept: Kept) -> None:
    async with blank_database() as database, blank_database() as other:
        for one in (database, other):
            await migrate(one.owner, role_of(one.app))
        target = {"data": str(tmp_path / "data"), "backup_target": kept.target}
        assert airside("tenant", "create", "acme", "Acme", database_url=database.app, **target).returncode == 0
        made = airside("backup", "create", database_url=database.app, **target)
        assert made.returncode == 0, made.stderr
        name = made.stdout.split(":")[0]
        listed = airside("backup", "list", database_url=database.app, **target)
        assert listed.stdout.splitlines()[1].startswith(name)
        verified = airside("backup", "verify", name, **target)
        assert (verified.returncode, verified.stderr) == (0, "")
        assert "0 audit logs differ" in verified.stdout
        again = {"database_url": other.app, "database_owner_url": other.owner, **target}
        restored = airside("backup", "restore", name, **again)
        assert restored.returncode == 0, restored.stderr
        assert "acme" in airside("tenant", "list", **again).stdout
        refused = airside("backup", "restore", name, **again)
        assert refused.returncode == 1
        assert "isn't empty" in refused.stderr
        named = airside("backup", "list", "--target", kept.target, data=target["data"])
        assert named.stdout == listed.stdout
        assert await told(database.superuser) == [("custody:backup:made", "success")]
        assert await told(other.superuser) == [
            ("custody:backup:restored", "success"),
            ("custody:backup:failed", "failure"),
        ]


async def test_verifying_is_in_the_operators_log_whatever_came_of_it(
    blank_database: MakeDatabase, tmp_path: Path
) -> None:
    async with blank_database() as database:
        await migrate(database.owner, role_of(database.app))
        settings = {
            "data": str(tmp_path / "data"),
            "backup_target": str(tmp_path / "backups"),
            "database_url": database.app,
        }
        assert airside("tenant", "create", "acme", "Acme", **settings).returncode == 0
        name = airside("backup", "create", **settings).stdout.split(":")[0]
        assert airside("backup", "verify", name, **settings).returncode == 0
        (tmp_path / "backups" / f"{name}.data").write_bytes(b"ABK")
        assert airside("backup", "verify", name, **settings).returncode == 1
        assert await told(database.superuser) == [
            ("custody:backup:made", "success"),
            ("custody:backup:verified", "success"),
            ("custody:backup:failed", "failure"),
        ]
        assert airside("audit", "verify", "platform", **settings).returncode == 0


async def told(superuser: str) -> list[tuple[str, str]]:
    """What the audit log says of backups, and how they came out."""
    async with await AsyncConnection.connect(superuser) as connection:
        statement = "select event, outcome from airside.audit_record where event like 'custody:%' order by record_id"
        return await (await connection.execute(statement)).fetchall()


def test_name_that_leads_elsewhere_and_a_missing_target_are_refused(tmp_path: Path) -> None:
    """N41."""
    data = str(tmp_path / "data")
    wrong = airside("backup", "verify", "../../etc/passwd", "--target", str(tmp_path), data=data)
    assert wrong.returncode == 1
    assert "no backup has such a name" in wrong.stderr
    missing = airside("backup", "list", data=data)
    assert missing.returncode == 2
    assert "AIRSIDE_BACKUP_TARGET" in missing.stderr


def test_target_that_is_none_is_refused_by_name(tmp_path: Path) -> None:
    """N41."""
    data, word = str(tmp_path / "data"), "s3://bucket/x?endpoint=http://s3.example.com"
    for refused, name in (
        (airside("backup", "list", "--target", word, data=data), "--target"),
        (airside("backup", "list", data=data, backup_target=word), "AIRSIDE_BACKUP_TARGET"),
    ):
        assert refused.returncode == 2
        assert name in refused.stderr


def test_bucket_that_is_not_there_is_refused_in_words(tmp_path: Path) -> None:
    with credentials(), s3() as service:
        target = service.bucket().target.replace("s3://", "s3://no-")
        refused = airside("backup", "list", "--target", target, data=str(tmp_path / "data"))
    assert refused.returncode == 2
    assert "there is no bucket no-" in refused.stderr
