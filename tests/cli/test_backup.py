"""`airside backup`: on a real database, with no server running."""

from pathlib import Path

from airside.store.migrate import migrate, role_of
from tests.cli.command import airside
from tests.makers import MakeDatabase


async def test_backup_is_made_listed_verified_and_restored(blank_database: MakeDatabase, tmp_path: Path) -> None:
    async with blank_database() as database, blank_database() as other:
        for one in (database, other):
            await migrate(one.owner, role_of(one.app))
        target = {"data": str(tmp_path / "data"), "backup_target": str(tmp_path / "backups")}
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


def test_name_that_leads_elsewhere_and_a_missing_target_are_refused(tmp_path: Path) -> None:
    """N41."""
    data = str(tmp_path / "data")
    wrong = airside("backup", "verify", "../../etc/passwd", "--target", str(tmp_path), data=data)
    assert wrong.returncode == 1
    assert "no backup has such a name" in wrong.stderr
    missing = airside("backup", "list", data=data)
    assert missing.returncode == 2
    assert "AIRSIDE_BACKUP_TARGET" in missing.stderr
