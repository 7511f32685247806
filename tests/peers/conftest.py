"""Clients in other languages: they run where their interpreter and packages are installed, else they skip by name."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

FindNode = Callable[[str], tuple[str, Path]]


@pytest.fixture(scope="session")
def node() -> FindNode:
    """Node.js and the folder of a peer of this name, with its packages. `AIRSIDE_PEERS=required`, as `make test-peers`
    says it under CI, makes what is missing a failure."""

    def find(name: str) -> tuple[str, Path]:
        folder = Path(__file__).parent / name
        program = shutil.which("node")
        missing = "node isn't installed" if program is None else ""
        if not missing and not (folder / "node_modules").is_dir():
            missing = f"the packages of {name} aren't installed"
        if missing and os.environ.get("AIRSIDE_PEERS") == "required":
            pytest.fail(missing)
        if missing or program is None:
            pytest.skip(f"{missing}: `make test-peers` installs them")
        return program, folder

    return find
