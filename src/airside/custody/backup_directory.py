"""A directory that holds backups: files appear whole or not at all, and no name leads out of it."""

import asyncio
import fcntl
import hashlib
import os
import re
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from airside.core.errors import Conflict, Misconfigured, NotFound
from airside.custody.backup_model import Name

KEYS: Final = "keys"
FORGOTTEN: Final = "forgotten"
DATA: Final = ".data"
MANIFEST: Final = ".manifest"
READ: Final = 1024 * 1024
# The archive of keys has a lock of its own, under which its own leftover is written over.
_PART: Final = re.compile(r"(?:[0-9]{8}T[0-9]{6}Z-[0-9a-f]{32}\.(?:data|manifest))\.part", re.ASCII)
_LISTED: Final = re.compile(r"([0-9]{8}T[0-9]{6}Z-[0-9a-f]{32})\.manifest", re.ASCII)


@dataclass(frozen=True, slots=True)
class Written:
    """What was written: bytes, and their SHA-256 in hexadecimal."""

    size: int
    sha256: str


async def once(content: bytes) -> AsyncIterator[bytes]:
    """A file's content in one piece."""
    yield content


class Directory:
    """Backups in one folder, which nobody but its owner reads."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def names(self) -> list[Name]:
        """Every whole backup, oldest first. What isn't named as ours is passed over (N41)."""
        if not self._path.is_dir():
            return []
        found = sorted(entry.name for entry in os.scandir(self._path))
        matches = [match[1] for name in found if (match := _LISTED.fullmatch(name))]
        return [Name(text) for text in matches if f"{text}{DATA}" in found]

    async def put(self, file: str, source: AsyncIterable[bytes]) -> Written:
        """Write aside, to the disk, then into its place.

        Raises:
            Misconfigured: the folder can't be written.
        """
        aside = self._path / f"{file}.part"
        digest, size = hashlib.sha256(), 0
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
            with os.fdopen(os.open(aside, flags, 0o600), "wb") as written:
                async for piece in source:
                    written.write(piece)
                    digest.update(piece)
                    size += len(piece)
                written.flush()
                await asyncio.to_thread(os.fsync, written.fileno())
            aside.replace(self._path / file)
            self._sync()
        except OSError as error:
            raise Misconfigured("AIRSIDE_BACKUP_TARGET", f"{self._path} can't be written: {error.strerror}") from error
        return Written(size, digest.hexdigest())

    async def get(self, file: str) -> AsyncIterator[bytes]:
        """A file's bytes, never through a link.

        Raises:
            NotFound: no such file.
        """
        try:
            descriptor = os.open(self._path / file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            raise NotFound("there is no such backup: `airside backup list` shows them") from None
        with os.fdopen(descriptor, "rb") as opened:
            while piece := await asyncio.to_thread(opened.read, READ):
                yield piece

    def has(self, file: str) -> bool:
        """Whether there is such a file."""
        return (self._path / file).is_file()

    def remove(self, name: Name) -> None:
        """Take a backup away: first what lists it, then its data."""
        for file in (name.text + MANIFEST, name.text + DATA):
            (self._path / file).unlink(missing_ok=True)
            self._sync()

    @asynccontextmanager
    async def creating(self) -> AsyncGenerator[None]:
        """One backup at a time. What a killed one left behind goes away.

        Raises:
            Conflict: another is being made.
            Misconfigured: the folder can't be made or written.
        """
        with self._lock("create.lock") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Conflict("another backup is being made there") from None
            await asyncio.to_thread(self._sweep)
            yield

    @asynccontextmanager
    async def keeping_keys(self) -> AsyncGenerator[None]:
        """Nobody else reads or writes the archive of keys meanwhile.

        Raises:
            Misconfigured: the folder can't be made or written.
        """
        with self._lock("keys.lock") as lock:
            await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
            yield

    def _sweep(self) -> None:
        for entry in list(os.scandir(self._path)):
            if _PART.fullmatch(entry.name):
                Path(entry.path).unlink()

    def _lock(self, file: str) -> BinaryIO:
        try:
            self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            return os.fdopen(os.open(self._path / file, flags, 0o600), "r+b")
        except OSError as error:
            raise Misconfigured("AIRSIDE_BACKUP_TARGET", f"{self._path} can't be written: {error.strerror}") from error

    def _sync(self) -> None:
        folder = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
