"""The file that an application is shipped with its pins in, and keeps newer ones in."""

import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from airside.core.errors import InvalidInput, Misconfigured
from airside.protocols.pins import MAX_DOCUMENT, Pins, read_pins

SETTING: Final = "AIRSIDE_PINS_FILE"


@dataclass(frozen=True)
class PinsFile:
    """A document of pins (`airside pins show`), for any number of processes."""

    path: Path

    def read(self) -> Pins:
        """What it says now. Raises: Misconfigured: nobody can read it, or it is no such document."""
        try:
            with self.path.open("rb") as file:
                return read_pins(file.read(MAX_DOCUMENT + 1))
        except OSError as error:
            raise Misconfigured(SETTING, f"{self.path} can't be read: {error.strerror}") from None
        except InvalidInput as refusal:
            raise Misconfigured(SETTING, f"{self.path} is no document of pins: {refusal.reason}") from None

    def keep(self, newer: Pins) -> None:
        """Put `newer` in its place, whole, so that no other process ever reads half of it. Raises: OSError."""
        handle, name = tempfile.mkstemp(prefix=f".{self.path.name}.", dir=self.path.parent)
        beside = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(newer.document())
                file.flush()
                os.fsync(handle)
            shutil.copymode(self.path, beside)
            beside.replace(self.path)
        finally:
            beside.unlink(missing_ok=True)


def pins_file(environment: Mapping[str, str]) -> PinsFile | None:
    """The file that `AIRSIDE_PINS_FILE` names, if it does."""
    named = environment.get(SETTING)
    return PinsFile(Path(named)) if named else None
