"""Processes that are forked from one that has imported already what they need, as `subprocess.run` would start them.

A process's start is its imports, a second of CPU or more that hundreds of processes would pay for anew. What is
imported beforehand reads no environment and starts no thread.
"""

import multiprocessing
import os
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

STREAMS = {"stdin": os.O_RDONLY, "stdout": os.O_WRONLY, "stderr": os.O_WRONLY}

BROKEN = 70
"""The exit code of a program that raised (`EX_SOFTWARE` of sysexits.h): what it returns by itself may be 1."""

Program = Callable[[list[str]], None]
"""What is run with its words; a function that its module's name leads to."""


def run(
    program: Program,
    words: Sequence[str],
    *,
    preload: Sequence[str],
    env: Mapping[str, str],
    cwd: Path | str,
    seconds: float,
    given: str = "",
) -> subprocess.CompletedProcess[str]:
    """Run `program` to its end in a process of its own, with `given` at its standard input. The modules of `preload`
    are imported once; who comes first says which.

    Raises:
        TimeoutExpired: it hasn't ended after `seconds`; it is killed.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(list(preload))
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name in STREAMS]
        for path in paths:
            path.write_text(given if path.name == "stdin" else "", "utf-8")
        process = context.Process(target=_start, args=(program, list(words), dict(env), str(cwd), folder))
        process.start()
        process.join(seconds)
        if process.exitcode is None:
            process.kill()
            process.join()
            raise subprocess.TimeoutExpired(list(words), seconds)
        _, said, told = (path.read_text("utf-8") for path in paths)
        return subprocess.CompletedProcess(list(words), process.exitcode, said, told)


def _start(program: Program, words: list[str], env: dict[str, str], cwd: str, folder: str) -> None:
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    for number, (name, flags) in enumerate(STREAMS.items()):
        os.dup2(os.open(Path(folder) / name, flags), number)
    # multiprocessing has shut what stood there; the program's ends with its process. What was open on 1 and 2 still is.
    sys.stdin = open(0, encoding="utf-8")  # noqa: SIM115
    try:
        program(words)
    except Exception:  # noqa: BLE001 - whatever it is, multiprocessing would end with 1, as a program that refuses does
        traceback.print_exc()
        sys.exit(BROKEN)
