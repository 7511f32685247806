"""A command line that is imported already: each command is a process of its own, forked from one that has imported it.

A process's start is its imports, a second of CPU that hundreds of commands would pay for anew. What is imported reads
no environment and starts no thread.
"""

import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from functools import cache
from multiprocessing.context import ForkServerContext
from pathlib import Path

from airside.cli.entry import main

STREAMS = {"stdin": os.O_RDONLY, "stdout": os.O_WRONLY, "stderr": os.O_WRONLY}


@cache
def _server() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__, "airside.cli.app", "airside.wiring.build"])
    return context


def run(
    words: Sequence[str], *, env: Mapping[str, str], cwd: Path | str | None, given: str, seconds: float
) -> subprocess.CompletedProcess[str]:
    """As `subprocess.run` of `airside` with these words.

    Raises:
        TimeoutExpired: it hasn't ended after `seconds`; it is killed.
    """
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name in STREAMS]
        for path in paths:
            path.write_text(given if path.name == "stdin" else "", "utf-8")
        arguments = (list(words), dict(env), str(cwd or Path.cwd()), folder)
        process = _server().Process(target=_command, args=arguments)
        process.start()
        process.join(seconds)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(list(words), seconds)
        _, said, told = (path.read_text("utf-8") for path in paths)
        return subprocess.CompletedProcess(list(words), process.exitcode, said, told)


def _command(words: list[str], env: dict[str, str], cwd: str, folder: str) -> None:
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    for number, (name, flags) in enumerate(STREAMS.items()):
        os.dup2(os.open(Path(folder) / name, flags), number)
    sys.stdin, sys.stdout, sys.stderr = open(0, encoding="utf-8"), open(1, "w"), open(2, "w")  # noqa: SIM115 - they stay
    sys.argv = ["airside", *words]
    main()
