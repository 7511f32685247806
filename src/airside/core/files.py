"""Files that several processes share: replaced whole, and by one of them at a time."""

import os
import sys
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

if sys.platform != "win32":
    import fcntl


def replace_file(path: Path, content: bytes, mode: int) -> None:
    """Write beside and rename: a reader sees the old file or the new one, never half of one.

    Raises:
        OSError: it can't be written; the old one stays.
    """
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # made with mode 0600
    beside = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            beside.chmod(mode)
            os.fsync(handle)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


@contextmanager
def alone(lock: Path) -> Generator[None]:
    """Nobody else holds the lock meanwhile, whose file stays. Windows, which has no such lock, does without.

    Raises:
        OSError: its file can't be opened.
    """
    handle = os.open(lock, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        if sys.platform != "win32":
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
