"""Where backups lie: what every store of them does, and how its files are called."""

import re
from collections.abc import AsyncIterable, AsyncIterator, Collection
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Final, Protocol

from airside.core.errors import Conflict
from airside.custody.backup_model import Name

SETTING: Final = "AIRSIDE_BACKUP_TARGET"
PART: Final = "the backup store"
KEYS: Final = "keys"
FORGOTTEN: Final = "forgotten"
DATA: Final = ".data"
MANIFEST: Final = ".manifest"
UNKNOWN: Final = "there is no such backup: `airside backup list` shows them"
_OURS: Final = re.compile(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{32}\.(?:data|manifest)", re.ASCII)


class Overtaken(Conflict):
    """Somebody else wrote the file in between: nothing was put."""


@dataclass(frozen=True, slots=True)
class Written:
    """What was written: bytes, and their SHA-256 in hexadecimal."""

    size: int
    sha256: str


class KeyFiles(Protocol):
    """The archive of keys and the list of what was forgotten, as one process at a time has them."""

    async def has(self, file: str) -> bool:
        """Whether there is such a file."""
        ...

    def get(self, file: str) -> AsyncIterator[bytes]:
        """As `BackupStore.get`. Raises: Overtaken: it was replaced since."""
        ...

    async def put(self, file: str, source: AsyncIterable[bytes]) -> Written:
        """As `BackupStore.put`. Raises: Overtaken: it was replaced since."""
        ...


class BackupStore(Protocol):
    """Files that appear whole or not at all. Each refuses with:

    Raises:
        Misconfigured: the store isn't there, or isn't open to us.
        Unavailable: it can't be reached now.
    """

    async def names(self) -> list[Name]:
        """Every whole backup, oldest first. What isn't named as ours is passed over (N41)."""
        ...

    async def put(self, file: str, source: AsyncIterable[bytes]) -> Written:
        """Write a file while its content is made; it appears when all of it is there."""
        ...

    def get(self, file: str) -> AsyncIterator[bytes]:
        """A file's bytes.

        Raises:
            NotFound: no such file.
        """
        ...

    async def remove(self, name: Name) -> None:
        """Take a backup away: first what lists it, then its data."""
        ...

    def creating(self) -> AbstractAsyncContextManager[None]:
        """A backup is being made. What a killed one left behind goes away.

        Raises:
            Conflict: another is being made, where one is made at a time.
        """
        ...

    def keeping_keys(self) -> AbstractAsyncContextManager[KeyFiles]:
        """Either nobody else writes the archive of keys meanwhile, or what is put is refused as `Overtaken`."""
        ...


async def once(content: bytes) -> AsyncIterator[bytes]:
    """A file's content in one piece."""
    yield content


def is_part_of_one(file: str) -> bool:
    """Whether it is called as a backup's data or manifest is."""
    return _OURS.fullmatch(file) is not None


def whole(files: Collection[str]) -> list[Name]:
    """The backups of which data and manifest are there, oldest first."""
    found = frozenset(filter(is_part_of_one, files))
    names = sorted(file.removesuffix(MANIFEST) for file in found if file.endswith(MANIFEST))
    return [Name(name) for name in names if name + DATA in found]
