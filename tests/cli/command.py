"""The command line as a person runs it: a process of its own, with an environment of its own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from airside.cli.entry import main
from airside.core.clock import SystemClock
from airside.store.migrate import migrate, role_of
from tests import forked
from tests.makers import MakeDatabase

AIRSIDE = (sys.executable, "-m", "airside")
SECONDS = 60.0

Run = Callable[..., subprocess.CompletedProcess[str]]


def environment(**settings: str) -> dict[str, str]:
    """This process's environment without any setting of ours but those named, in lower case, without the prefix."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AIRSIDE_")}
    return clean | {"COLUMNS": "80"} | {f"AIRSIDE_{name.upper()}": value for name, value in settings.items()}


def command(words: list[str]) -> None:
    """`airside` with these words, in this process."""
    sys.argv = ["airside", *words]
    main()


def airside(
    *words: str, cwd: Path | str | None = None, given: str | None = None, **settings: str
) -> subprocess.CompletedProcess[str]:
    """Run a verb to its end, with `given` at its standard input. Nobody is ever shown a traceback."""
    done = forked.run(
        command,
        words,
        preload=(__name__, "airside.cli.app", "airside.wiring.build", "typer._adapters"),
        env=environment(**settings),
        cwd=cwd or Path.cwd(),
        seconds=SECONDS,
        given=given or "",
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


@asynccontextmanager
async def verbs(blank_database: MakeDatabase, folder: Path) -> AsyncGenerator[Run]:
    """Runs verbs on a migrated database of its own, without a tenant."""
    async with blank_database() as database:
        await migrate(database.owner, role_of(database.app))

        def verb(*words: str) -> subprocess.CompletedProcess[str]:
            return airside(*words, cwd=folder, data=str(folder / "data"), database_url=database.app)

        yield verb


class Dev:
    """A development server in a process of its own."""

    def __init__(self, **settings: str) -> None:
        command = [*AIRSIDE, "dev"]
        self.process = subprocess.Popen(
            command, env=environment(**settings), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        self.said = ""

    def wait_until_ready(self) -> str:
        """What it says at its start."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said += line
            if line.startswith("next "):
                return self.said
        raise AssertionError(self.said)

    def database(self) -> list[int]:
        """The process ids of its children."""
        pid = self.process.pid
        return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()]

    def end(self, how: signal.Signals) -> int:
        """Send a signal and wait; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(how)
        code = self.process.wait(SECONDS)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code


def gone(pid: int, seconds: float = 15.0) -> bool:
    """Whether the process ends within `seconds`."""
    clock = SystemClock()
    deadline = clock.monotonic() + seconds
    while clock.monotonic() < deadline:
        if not Path(f"/proc/{pid}").exists():
            return True
        time.sleep(0.05)
    return False
