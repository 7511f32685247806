"""The file that an application is shipped with its pins in, and keeps newer ones in."""

import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from airside.core.errors import InvalidInput, Misconfigured
from airside.core.files import alone, replace_file
from airside.protocols.pins import MAX_DOCUMENT, Pins, read_pins

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
        with alone(path.with_name(f".{path.name}.lock")):
            if _is_older(path, newer):
                replace_file(path, newer.document(), stat.S_IMODE(path.stat().st_mode))


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
