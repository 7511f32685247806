"""A disk so small that a test can fill it: a file system of its own, in memory."""

import os
import subprocess
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

PIECE = 64 * 1024


@dataclass(frozen=True)
class SmallDisk:
    """A file system mounted at `path`."""

    path: Path

    @property
    def ballast(self) -> Path:
        """The file that fills it."""
        return self.path / "ballast"

    def fill(self) -> int:
        """Take every byte that is left; how many that were."""
        before = self.ballast.stat().st_size if self.ballast.exists() else 0
        with self.ballast.open("ab", buffering=0) as file, suppress(OSError):
            while file.write(b"\0" * PIECE) == PIECE:
                pass
        return self.ballast.stat().st_size - before

    def clear(self) -> None:
        """Give back what was taken."""
        self.ballast.unlink(missing_ok=True)


@contextmanager
def small_disk(path: Path, mebibytes: int) -> Generator[SmallDisk]:
    """One of this size, mounted at the empty folder `path`, until the context ends. Where this user can't mount, the
    test is skipped and says so; root in CI can."""
    words = f"size={mebibytes}m,mode=0711"
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", words, "airside-test", path], capture_output=True, text=True)
    if done.returncode != 0:
        why = f"no file system can be mounted here ({done.stderr.strip()}): root with CAP_SYS_ADMIN can"
        assert os.environ.get("CI") != "true", why
        pytest.skip(why)
    try:
        yield SmallDisk(path)
    finally:
        subprocess.run(["umount", "--lazy", path], check=True, capture_output=True)
