"""PostgreSQL's programs as children of this process, and telling when one has ended."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Final

from airside.store.embedded.place import Account

# Fast shutdown: sessions are cut, a checkpoint is written, the next start needs no recovery.
DEATH_SIGNAL: Final = signal.SIGINT
_LAUNCHER: Final = Path(__file__).with_name("launcher.py")
_ENVIRONMENT: Final = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
_POLL_SECONDS: Final = 0.1


def spawn(command: Sequence[str | Path], account: Account, output: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start `command` as `account`, with a parent-death signal where the system has one (Linux).

    The signal follows the *thread* that calls this: call it from one that lives as long as the process, the
    main one. The child leads a session of its own, so that Ctrl-C in a terminal stops this process first, which
    finishes its requests and then stops the database.
    """
    uid, gid = (account.uid, account.gid) if account.switch else (-1, -1)
    arguments = [sys.executable, "-I", "-S", _LAUNCHER, uid, gid, os.getpid(), int(DEATH_SIGNAL), *command]
    return subprocess.Popen(  # noqa: S603  # our own programs and paths; no word of it comes from outside
        [str(argument) for argument in arguments],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        env=_ENVIRONMENT,
        cwd="/",
        start_new_session=True,
    )


async def ended(process: subprocess.Popen[bytes]) -> int:
    """Wait until `process` has ended; its return code."""
    if process.poll() is None and hasattr(os, "pidfd_open"):
        await _readable(os.pidfd_open(process.pid))
    while (code := process.poll()) is None:  # noqa: ASYNC110  # where there is no pidfd, nothing tells us
        await asyncio.sleep(_POLL_SECONDS)
    return code


async def _readable(pidfd: int) -> None:
    loop = asyncio.get_running_loop()
    done = asyncio.Event()
    loop.add_reader(pidfd, done.set)
    try:
        await done.wait()
    finally:
        loop.remove_reader(pidfd)
        os.close(pidfd)
