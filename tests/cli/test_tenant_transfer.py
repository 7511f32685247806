"""`airside tenant export` and `import`: two installations, no server running."""

from pathlib import Path

from airside.store.migrate import migrate, role_of
from tests.cli.command import airside
from tests.makers import MakeDatabase


async def test_tenant_goes_from_one_installation_to_another(blank_database: MakeDatabase, tmp_path: Path) -> None:
    """The key comes by a file or by standard input, never as a word of the command."""
    async with blank_database() as database, blank_database() as other:
        for one in (database, other):
            await migrate(one.owner, role_of(one.app))
        here = {"data": str(tmp_path / "here"), "database_url": database.app}
        there = {"data": str(tmp_path / "there"), "database_url": other.app, "database_owner_url": other.owner}
        file, key = tmp_path / "acme.tenant", tmp_path / "acme.tenant.key"
        assert airside("tenant", "create", "acme", "Acme", **here).returncode == 0
        assert airside("user", "create", "acme", "ada@example.com", **here).returncode == 0
        made = airside("tenant", "export", "acme", "--to", str(file), **here)
        assert made.returncode == 0, made.stderr
        assert [path.stat().st_mode & 0o777 for path in (file, key)] == [0o600, 0o600]
        assert key.read_text().split()[-1] not in made.stdout + made.stderr
        again = airside("tenant", "export", "acme", "--to", str(file), **here)
        assert (again.returncode, "is there already" in again.stderr) == (1, True)

        key.chmod(0o644)
        for word, given, remedy in ((str(key), None, "chmod 600"), ("-", "nonsense", "not a key file")):
            refused = airside("tenant", "import", str(file), "--key", word, given=given, **there)
            assert (refused.returncode, remedy in refused.stderr) == (2, True), refused.stderr
        brought = airside("tenant", "import", str(file), "--key", "-", given=key.read_text(), **there)
        assert brought.returncode == 0, brought.stderr
        assert "/t/acme" in brought.stdout
        assert "ada@example.com" in airside("user", "list", "acme", **there).stdout
        log = tmp_path / "log"
        assert airside("audit", "export", "acme", str(log), **there).returncode == 0
        told = [event in log.read_text() for event in ("tenant:tenant:exported", "tenant:tenant:imported")]
        assert told == [True, True]
        assert airside("audit", "verify", "acme", **there).returncode == 0
        key.chmod(0o600)
        twice = airside("tenant", "import", str(file), "--key", str(key), **there)
        assert (twice.returncode, "with the slug acme" in twice.stderr) == (1, True)


async def test_refused_export_leaves_no_file_and_no_key(blank_database: MakeDatabase, tmp_path: Path) -> None:
    """Nobody's, the operators' own, and into a folder that isn't there."""
    async with blank_database() as database:
        await migrate(database.owner, role_of(database.app))
        here = {"data": str(tmp_path / "here"), "database_url": database.app}
        assert airside("tenant", "create", "acme", "Acme", **here).returncode == 0
        key = tmp_path / "key"
        for slug, file in (
            ("nobody", tmp_path / "file"),
            ("platform", tmp_path / "file"),
            ("acme", tmp_path / "missing" / "file"),
        ):
            refused = airside("tenant", "export", slug, "--to", str(file), "--key", str(key), **here)
            assert refused.returncode == 1, refused.stderr
        assert [path.name for path in tmp_path.iterdir()] == ["here"]  # noqa: ASYNC240
