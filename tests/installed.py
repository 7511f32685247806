"""Software of others that `make` installs beside the tests: found where it is, or its test skips by name."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest

SYSTEM_FOLDERS = "/usr/sbin:/usr/local/sbin:/sbin"


@dataclass(frozen=True)
class Installed:
    """What `make test-KIND` installed: programs, and environments of their own in `folder`."""

    kind: str
    folder: Path

    def lacking(self, missing: str) -> NoReturn:
        """Skip, or fail with `AIRSIDE_KIND=required`, as `make` says it under CI."""
        if os.environ.get(f"AIRSIDE_{self.kind.upper()}") == "required":
            pytest.fail(missing)
        pytest.skip(f"{missing}: `make test-{self.kind}` installs it")

    def node(self, name: str) -> tuple[str, Path]:
        """Node.js and the folder of this name, with its packages."""
        program = shutil.which("node")
        if program is None:
            self.lacking("node")
        if not (self.folder / name / "node_modules").is_dir():
            self.lacking(f"the npm packages of {name}")
        return program, self.folder / name

    def python(self, name: str) -> tuple[str, Path]:
        """The interpreter of the virtual environment in the folder of this name, and the folder."""
        folder = self.folder / name
        if not (folder / ".venv" / ".installed").exists():
            self.lacking(f"the virtual environment of {name}")
        return str(folder / ".venv" / "bin" / "python"), folder

    def program(self, name: str) -> str:
        """A program of a Debian package, or a file of one."""
        found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:{SYSTEM_FOLDERS}")
        if found is None and not (Path(name).is_absolute() and Path(name).exists()):
            self.lacking(name)
        return found or name
