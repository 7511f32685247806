"""A directory that holds backups: files appear whole or not at all, and no name leads out of it."""

import asyncio
import fcntl
import hashlib
import os
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO, Final

from airside.core.errors import Conflict, Misconfigured, NotFound
from airside.custody.backup_model import Name
from airside.custody.backup_store import DATA, MANIFEST, SETTING, UNKNOWN, KeyFiles, Written, is_part_of_one, whole

READ: Final = 1024 * 1024
_PART: Final = ".part"


class Directory:
    """Implements `BackupStore` in one folder, which nobody but its owner reads."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def names(self) -> list[Name]:
        """As `BackupStore.names`."""
        return await asyncio.to_thread(self._names)

    async def put(self, file: str, source: AsyncIterable[bytes]) -> Written:
        """Write aside, to the disk, then into its place.

        Raises:
            Misconfigured: the folder can't be written.
        """
        aside = self._path / (file + _PART)
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
            raise Misconfigured(SETTING, f"{self._path} can't be written: {error.strerror}") from error
        return Written(size, digest.hexdigest())

    async def get(self, file: str) -> AsyncIterator[bytes]:
        """A file's bytes, never through a link.

        Raises:
            NotFound: no such file.
        """
        try:
            descriptor = os.open(self._path / file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            raise NotFound(UNKNOWN) from None
        with os.fdopen(descriptor, "rb") as opened:
            while piece := await asyncio.to_thread(opened.read, READ):
                yield piece

    async def has(self, file: str) -> bool:
        """Whether there is such a file."""
        return await asyncio.to_thread((self._path / file).is_file)

    async def remove(self, name: Name) -> None:
        """As `BackupStore.remove`."""
        await asyncio.to_thread(self._remove, name)

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
    async def keeping_keys(self) -> AsyncGenerator[KeyFiles]:
        """Nobody else reads or writes the archive of keys meanwhile.

        Raises:
            Misconfigured: the folder can't be made or written.
        """
        with self._lock("keys.lock") as lock:
            await asyncio.to_thread(fcntl.flock, lock, fcntl.LOCK_EX)
            yield self

    def _names(self) -> list[Name]:
        return whole({entry.name for entry in os.scandir(self._path)}) if self._path.is_dir() else []

    def _remove(self, name: Name) -> None:
        for file in (name.text + MANIFEST, name.text + DATA):
            (self._path / file).unlink(missing_ok=True)
            self._sync()

    def _sweep(self) -> None:
        # The archive of keys has a lock of its own, under which its own leftover is written over.
        for entry in list(os.scandir(self._path)):
            if entry.name.endswith(_PART) and is_part_of_one(entry.name.removesuffix(_PART)):
                Path(entry.path).unlink()

    def _lock(self, file: str) -> BinaryIO:
        try:
            self._path.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            return os.fdopen(os.open(self._path / file, flags, 0o600), "r+b")
        except OSError as error:
            raise Misconfigured(SETTING, f"{self._path} can't be written: {error.strerror}") from error

    def _sync(self) -> None:
        folder = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
