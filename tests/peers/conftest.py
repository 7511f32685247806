"""Stock software of others: it runs where it is installed, else its tests skip by name."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

FindNode = Callable[[str], tuple[str, Path]]
FindPython = Callable[[str], tuple[str, Path]]
FindProgram = Callable[[str], str]

SYSTEM_FOLDERS = "/usr/sbin:/usr/local/sbin:/sbin"


def lacking(missing: str) -> NoReturn:
    """Skip, or fail with `AIRSIDE_PEERS=required`, as `make test-peers` says it under CI."""
    if os.environ.get("AIRSIDE_PEERS") == "required":
        pytest.fail(missing)
    pytest.skip(f"{missing}: `make test-peers` installs it")


@pytest.fixture(scope="session")
def node() -> FindNode:
    """Node.js and the folder of a peer of this name, with its packages."""

    def find(name: str) -> tuple[str, Path]:
        folder = Path(__file__).parent / name
        program = shutil.which("node")
        if program is None:
            lacking("node")
        if not (folder / "node_modules").is_dir():
            lacking(f"the npm packages of {name}")
        return program, folder

    return find


@pytest.fixture(scope="session")
def python() -> FindPython:
    """The interpreter of the virtual environment of a peer of this name, and its folder."""

    def find(name: str) -> tuple[str, Path]:
        folder = Path(__file__).parent / name
        program = folder / ".venv" / "bin" / "python"
        if not (folder / ".venv" / ".installed").exists():
            lacking(f"the virtual environment of {name}")
        return str(program), folder

    return find


@pytest.fixture(scope="session")
def program() -> FindProgram:
    """A program of a Debian package, or a file of one."""

    def find(name: str) -> str:
        found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:{SYSTEM_FOLDERS}")
        if found is None and not Path(name).is_absolute():
            lacking(name)
        if found is None and not Path(name).exists():
            lacking(name)
        return found or name

    return find
