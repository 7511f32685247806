"""The file that an application is shipped with its pins in, and keeps newer ones in."""

import os
import shutil
import sys
import tempfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from airside.core.errors import InvalidInput, Misconfigured
from airside.protocols.pins import MAX_DOCUMENT, Pins, read_pins

if sys.platform != "win32":
    import fcntl

SETTING: Final = "AIRSIDE_PINS_FILE"


@dataclass(frozen=True)
class PinsFile:
    """A document of pins (`airside pins show`), for any number of processes."""

    path: Path

    def read(self) -> Pins:
        """What it says now.

        Raises:
            Misconfigured: nobody can read it, or it is no such document.
        """
        try:
            return _read(self.path)
        except OSError as error:
            raise Misconfigured(SETTING, f"{self.path} can't be read: {error.strerror}") from None
        except InvalidInput as refusal:
            raise Misconfigured(SETTING, f"{self.path} is no document of pins: {refusal.reason}") from None

    def keep(self, newer: Pins) -> None:
        """Put `newer` in its place, whole, so that no other process ever reads half of it.

        What was said as late or later stays, and so do pins of another host: a process that has learned less than
        another would bring a key back, for all that start after it, that the other has seen withdrawn. Where the path
        is a link, what it leads to is replaced. A file for the lock stays beside that.

        Raises:
            OSError: it can't be read or written.
        """
        path = self.path.resolve(strict=True)
        with _alone(path.with_name(f".{path.name}.lock")):
            if _is_older(path, newer):
                _replace(path, newer.document())


def pins_file(environment: Mapping[str, str]) -> PinsFile | None:
    """The file that `AIRSIDE_PINS_FILE` names, if it is set.

    Raises:
        Misconfigured: it is set and names none. Whoever meant to pin would not be pinned, and not know it.
    """
    named = environment.get(SETTING)
    if named == "":
        raise Misconfigured(SETTING, "names a file or isn't set")
    return None if named is None else PinsFile(Path(named))


def _read(path: Path) -> Pins:
    with path.open("rb") as file:
        return read_pins(file.read(MAX_DOCUMENT + 1))


def _is_older(path: Path, newer: Pins) -> bool:
    try:
        found = _read(path)
    except InvalidInput:
        return True  # no document
    return found.host == newer.host and found.issued_at < newer.issued_at


def _replace(path: Path, document: bytes) -> None:
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    beside = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(document)
            file.flush()
            os.fsync(handle)
        shutil.copymode(path, beside)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


@contextmanager
def _alone(lock: Path) -> Generator[None]:
    """Nobody else keeps pins there meanwhile. Windows, which has no such lock, does without."""
    handle = os.open(lock, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        if sys.platform != "win32":
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)
