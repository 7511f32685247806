"""Templates: made once, copied by each, changed by none."""

import asyncio
from pathlib import Path

import psycopg
import pytest

from airside.store.embedded import APPLICATION, OWNER, SUPERUSER, EmbeddedPostgres, scratch_folder
from airside.store.migrate import migrate
from airside.testing.templates import cache_folder, postgres, template


@pytest.fixture(scope="module")
async def kept(cache: Path) -> Path:
    """One that these tests share with the server of the others."""
    return await template(print, cache / "airside-testing")


async def test_several_who_want_one_at_once_get_the_same(tmp_path: Path) -> None:
    said: list[str] = []
    found = await asyncio.gather(*(template(said.append, tmp_path / "own") for _ in range(3)))
    assert set(found) == {found[0]}
    assert said == ["making a migrated database for tests; the next session copies it"]
    folders = [each for each in (tmp_path / "own").iterdir() if each.is_dir()]
    assert folders == [found[0]]
    assert [path.stat().st_mode & 0o777 for path in (tmp_path / "own", found[0])] == [0o700, 0o700]


async def test_copy_is_migrated_and_leaves_the_template_as_it_was(kept: Path) -> None:
    for _ in range(2):
        with scratch_folder("airside-test-") as folder:
            async with postgres(folder, kept) as server:
                assert await migrate(server.dsn(OWNER), APPLICATION) == []
                async with await psycopg.AsyncConnection.connect(server.dsn(SUPERUSER), autocommit=True) as one:
                    await one.execute("create table left_behind ()")


async def test_copy_that_was_killed_halfway_is_begun_anew(kept: Path) -> None:
    with scratch_folder("airside-test-") as folder:
        server = EmbeddedPostgres(folder / "postgres", template=kept)
        half = server.cluster.with_name(f"{server.cluster.name}.new")
        half.mkdir()
        (half / "PG_VERSION").write_text("half")
        await server.start()
        await server.stop()
        assert not half.exists()


def test_cache_is_where_the_user_keeps_theirs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "airside-testing"
    monkeypatch.setenv("XDG_CACHE_HOME", "not/absolute")
    assert cache_folder() == Path.home() / ".cache" / "airside-testing"
