"""The embedded server's life: start or attach, watch, restart, stop."""

import asyncio
import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Final

import psycopg
from psycopg.conninfo import make_conninfo

from airside.core.clock import Clock, SystemClock
from airside.core.errors import Unavailable
from airside.store.embedded import child, place, roles

START_SECONDS: Final = 60.0  # recovery after a crash under load is bounded by max_wal_size below
STOP_SECONDS: Final = 10.0
MAX_LOG_BYTES: Final = 16 * 1024 * 1024
_TICK: Final = 0.01
_FIRST_PAUSE: Final = 0.05
_LONGEST_PAUSE: Final = 5.0
_STEADY_SECONDS: Final = 10.0

# A development default: small in memory, never weak in durability. Errors are logged without the statement,
# its parameters or the row (terse leaves DETAIL out), so that no value reaches the log.
_SETTINGS: Final[Mapping[str, str]] = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "50",
    "shared_buffers": "32MB",
    "huge_pages": "off",
    "io_method": "sync",
    "max_wal_size": "256MB",
    "max_wal_senders": "2",
    "max_worker_processes": "2",
    "max_parallel_workers": "0",
    "max_logical_replication_workers": "0",
    "autovacuum_max_workers": "1",
    "autovacuum_worker_slots": "1",
    "autovacuum_naptime": "5s",  # plans made while the tables are empty give way soon after these fill
    "jit": "off",
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "warning",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_parameter_max_length_on_error": "0",
}


class NotStarted(Unavailable):
    """The database didn't come up. `log` is where PostgreSQL says why; `said` its last line."""

    def __init__(self, log: Path, said: str) -> None:
        super().__init__("database")
        self.log = log
        self.said = said

    def __str__(self) -> str:
        return f"the embedded PostgreSQL did not start: {self.said} (see {self.log})"


class EmbeddedPostgres:
    """PostgreSQL 18 over a Unix socket, as a child of this process or attached to another's.

    No password guards it: every role is let in by `trust`, and what keeps others out is the socket's folder,
    of mode 0700 and owned by the user that runs the database. It listens on no network address. (Under root,
    that user is an `airside` or `postgres` account where there is one, else `nobody`: other processes of that
    user can then reach it. A machine that runs foreign code as `nobody` wants an `airside` account.)
    """

    def __init__(
        self,
        data: Path,
        *,
        clock: Clock | None = None,
        progress: Callable[[str], None] = lambda _: None,
        settings: Mapping[str, str] | None = None,
        template: Path | None = None,
    ) -> None:
        """`data`: the data directory. `progress` hears one line before each slow step. `settings`: server
        settings that win over the defaults. `template`: a stopped cluster of the same version, which a new one is a
        copy of."""
        self._data = data
        self._clock = clock or SystemClock()
        self._progress = progress
        self._settings = {**_SETTINGS, **(settings or {})}
        self._template = template
        self._place: place.Place | None = None
        self._lock: IO[bytes] | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._supervisor: asyncio.Task[None] | None = None

    @property
    def owner(self) -> bool:
        """Whether the server is this process's child, to be stopped by it."""
        return self._lock is not None

    @property
    def port(self) -> int:
        return place.PORT

    @property
    def socket_dir(self) -> Path:
        """The folder of the socket, for libpq's `host`."""
        return self._here.socket_dir

    @property
    def cluster(self) -> Path:
        """The folder of PostgreSQL's own files."""
        return self._here.cluster

    @property
    def pid(self) -> int | None:
        """The server's process id where it is our child."""
        return self._process.pid if self._process is not None else None

    def dsn(self, role: str, database: str = roles.DATABASE) -> str:
        """A connection string over the Unix socket."""
        return make_conninfo(
            "", host=str(self._listening()), port=str(self.port), user=role, dbname=database, connect_timeout="10"
        )

    async def start(self) -> None:
        """Start the server as our child, creating the cluster at the first time.

        Raises:
            Unavailable: another process runs this data directory's database (see `attach_or_start`).
            NotStarted: PostgreSQL said no.
            Misconfigured: the data directory can't hold a database.
        """
        if not self._take_lock():
            raise Unavailable("database", retry_after=1.0)
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise

    async def attach_or_start(self) -> bool:
        """Use the server that another process runs on this data directory, or start it; True if we started it.

        An attached server goes when its owner goes: a process that must outlive that one starts its own.

        Raises:
            NotStarted: PostgreSQL said no, or the other process's server didn't answer in time.
            Misconfigured: the data directory can't hold a database.
        """
        deadline = self._clock.monotonic() + START_SECONDS
        told = False
        while not self._take_lock():
            if await self._answers(roles.OWNER, roles.DATABASE):
                return False
            if self._clock.monotonic() > deadline:
                raise NotStarted(self._here.log, "another process holds it, and its server doesn't answer")
            if not told:
                self._progress("waiting for the database of another process")
                told = True
            await asyncio.sleep(_TICK)
        try:
            await self._start()
        except BaseException:
            await self.stop()
            raise
        return True

    async def stop(self) -> None:
        """Stop the server if it is ours; leave an attached one alone. Harmless when called twice."""
        if self._supervisor is not None:
            self._supervisor.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._supervisor
            self._supervisor = None
        process, self._process = self._process, None
        if process is not None:
            await _stop(process)
        if self._lock is not None:
            self._lock.close()
            self._lock = None

    @property
    def _here(self) -> place.Place:
        if self._place is None:
            self._place = place.resolve(self._data)
        return self._place

    def _take_lock(self) -> bool:
        if self._lock is not None:
            raise RuntimeError("this embedded database is started already")
        lock = _append(self._here.lock)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            lock.close()
            return False
        self._lock = lock
        return True

    async def _start(self) -> None:
        here = self._here
        programs = place.installed()
        if here.account.switch and not here.account.reads(programs.postgres):
            self._progress("copying PostgreSQL's programs to where its user can read them")
        programs = place.readable(programs, here)
        place.own(here.socket_dir, here.account)
        if not (here.cluster / "PG_VERSION").exists():
            await self._create_cluster(programs)
        await self._outlive_predecessor()
        self._process = await self._launch(programs)
        await roles.ensure(self.dsn(roles.SUPERUSER, "postgres"), self.dsn(roles.SUPERUSER))
        self._supervisor = asyncio.create_task(self._supervise(programs), name="embedded-postgres")

    async def _create_cluster(self, programs: place.Programs) -> None:
        """Beside its place first, so that a kill halfway leaves nothing that looks like a cluster."""
        here = self._here
        made = here.cluster.with_name(f"{here.cluster.name}.new")
        shutil.rmtree(made, ignore_errors=True)
        if self._template is None:
            self._progress("creating the database")
            await self._initialise(programs, made)
        else:
            place.copy(self._template, made, here.account)
        made.rename(here.cluster)

    async def _initialise(self, programs: place.Programs, made: Path) -> None:
        here = self._here
        place.own(made, here.account)
        command = [
            programs.initdb,
            *("--pgdata", made, "--username", roles.SUPERUSER, "--encoding", "UTF8"),
            *("--locale", "C", "--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"),
            *("--auth-local", "trust", "--auth-host", "reject", "--data-checksums"),
        ]
        with self._open_log() as log:
            process = child.spawn(command, here.account, log)
        if await child.ended(process) != 0:
            raise NotStarted(here.log, self._last_line())

    async def _outlive_predecessor(self) -> None:
        """Wait for the server of a killed predecessor, which is writing its last checkpoint, to end."""
        deadline = self._clock.monotonic() + START_SECONDS
        told = False
        while (pid := self._recorded_pid()) is not None and _works_in(pid, self._here.cluster):
            if self._clock.monotonic() > deadline:
                raise NotStarted(self._here.log, f"process {pid} of an earlier start doesn't end")
            if not told:
                self._progress("waiting for the previous database server to stop")
                told = True
            await asyncio.sleep(_TICK)
        if pid is not None and _alive(pid):
            # Its number went to a stranger since (a container restarted); PostgreSQL would refuse to start.
            self._here.pid_file.unlink(missing_ok=True)

    async def _launch(self, programs: place.Programs) -> subprocess.Popen[bytes]:
        here = self._here
        command: list[str | Path] = [programs.postgres, "-D", here.cluster, "-k", here.socket_dir]
        command += ["-p", str(self.port)]
        for name, value in self._settings.items():
            command += ["-c", f"{name}={value}"]
        with self._open_log() as log:
            process = child.spawn(command, here.account, log)
        try:
            await self._ready(process)
        except BaseException:
            await _stop(process)
            raise
        return process

    async def _ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = self._clock.monotonic() + START_SECONDS
        while not await self._answers(roles.SUPERUSER, "postgres"):
            if process.poll() is not None:
                raise NotStarted(self._here.log, self._last_line())
            if self._clock.monotonic() > deadline:
                raise NotStarted(self._here.log, f"no answer within {START_SECONDS:.0f} s")
            await asyncio.sleep(_TICK)

    async def _answers(self, role: str, database: str) -> bool:
        try:
            connection = await psycopg.AsyncConnection.connect(self.dsn(role, database))
        except psycopg.OperationalError:
            return False
        await connection.close()
        return True

    async def _supervise(self, programs: place.Programs) -> None:
        """Bring the server back whenever it ends, at once the first time, then ever more slowly."""
        pause = 0.0
        while self._process is not None:
            since = self._clock.monotonic()
            await child.ended(self._process)
            if self._clock.monotonic() - since > _STEADY_SECONDS:
                pause = 0.0
            restarted = False
            while not restarted:
                self._progress("the database server ended unexpectedly; restarting it")
                await asyncio.sleep(pause)
                pause = min(max(2 * pause, _FIRST_PAUSE), _LONGEST_PAUSE)
                # The killed one's children end a moment after it, and hold its shared memory until then.
                with contextlib.suppress(NotStarted, OSError):
                    self._process = await self._launch(programs)
                    restarted = True

    def _open_log(self) -> IO[bytes]:
        log = self._here.log
        if log.exists() and log.stat().st_size > MAX_LOG_BYTES:
            log.replace(log.with_name(f"{log.name}.1"))
        return _append(log)

    def _last_line(self) -> str:
        lines = self._here.log.read_bytes()[-4096:].decode(errors="replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"

    def _recorded_pid(self) -> int | None:
        lines = self._pid_lines()
        return int(lines[0]) if lines and lines[0].strip().isdigit() else None

    def _listening(self) -> Path:
        """The folder of the socket: an owner with another environment may have chosen another one."""
        lines = [] if self.owner else self._pid_lines()
        return Path(lines[4]) if len(lines) > 4 and lines[4] else self._here.socket_dir

    def _pid_lines(self) -> list[str]:
        try:
            return self._here.pid_file.read_text().splitlines()
        except FileNotFoundError:
            return []


def _append(path: Path) -> IO[bytes]:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600), "ab")


async def _stop(process: subprocess.Popen[bytes]) -> None:
    """Fast shutdown, then immediate, then the kill that PostgreSQL recovers from at its next start."""
    for how in (signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
        if process.poll() is not None:
            return
        process.send_signal(how)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(child.ended(process), STOP_SECONDS)


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _works_in(pid: int, cluster: Path) -> bool:
    """Whether `pid` is a server of `cluster`: a postmaster's working directory is its cluster."""
    if not Path("/proc/self/cwd").exists():
        return _alive(pid)
    try:
        return Path(f"/proc/{pid}/cwd").readlink() == cluster
    except OSError:
        return False
