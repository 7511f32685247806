"""A file that holds a tenant's export: whole or not there, never over another, for its owner's eyes."""

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from pathlib import Path
from typing import BinaryIO, Final

from airside.core.errors import Conflict, InvalidInput

READ: Final = 1024 * 1024


def demand_free(path: Path) -> None:
    """Raises: Conflict: there is a file already."""
    if path.exists():
        raise Conflict(f"{path} is there already")


async def write_new(path: Path, source: AsyncGenerator[bytes]) -> int:
    """Write aside, to the disk, then into its place; how many bytes.

    Raises:
        Conflict: there is a file already.
        OSError: it can't be written.
    """
    demand_free(path)
    aside, size = path.with_name(f".{path.name}.part"), 0
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as written:
            async with aclosing(source):
                async for piece in source:
                    await asyncio.to_thread(written.write, piece)
                    size += len(piece)
            written.flush()
            await asyncio.to_thread(os.fsync, written.fileno())
        try:
            os.link(aside, path)
        except FileExistsError:
            raise Conflict(f"{path} is there already") from None
    finally:
        aside.unlink()
    return size


async def read_file(path: Path) -> AsyncIterator[bytes]:
    """What the file holds, piece by piece.

    Raises:
        InvalidInput: not a file.
        OSError: it can't be read.
    """
    with _opened(path) as opened:
        while piece := await asyncio.to_thread(opened.read, READ):
            yield piece


def _opened(path: Path) -> BinaryIO:
    if not path.is_file():
        raise InvalidInput(f"there is no file {path}")
    return path.open("rb")
