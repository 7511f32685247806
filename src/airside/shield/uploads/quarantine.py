"""Files wait apart until somebody has looked at them; nobody is served from where they wait."""

import asyncio
import os
from pathlib import Path
from typing import Final

from airside.core.entropy import Entropy, SystemEntropy
from airside.core.errors import InvalidInput, NotFound, Unavailable
from airside.shield.uploads.clamav import Infected, Scanner

_NAME_BYTES: Final = 16
_HELD: Final = "held"
_CLEAN: Final = "clean"
_COMING: Final = ".part"


class Quarantine:
    """Under `folder`: `held/` for what waits, `clean/` for what may be read. Names are random; the move is atomic.

    Several processes may share a folder: a file that another has just judged is simply gone from here.
    """

    def __init__(self, folder: Path, scanner: Scanner, *, entropy: Entropy | None = None) -> None:
        self._held, self._clean = folder / _HELD, folder / _CLEAN
        for place in (self._held, self._clean):
            place.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._scanner = scanner
        self._entropy = entropy or SystemEntropy()

    async def take(self, data: bytes) -> str:
        """Keep `data`, look at it, and return the name it can be read by.

        Raises:
            Infected: it is destroyed.
            Unavailable: nobody could look; it waits for `look_again`, and `name` of the data tells which it is.
        """
        name = self._entropy.bytes(_NAME_BYTES).hex()
        await asyncio.to_thread(_write, self._held / name, data)
        try:
            await self._judge(name, data)
        except Unavailable as away:
            away.data["name"] = name
            raise
        except FileNotFoundError:  # somebody's `look_again` was quicker; what isn't clean it has destroyed
            if not (self._clean / name).exists():
                raise Infected("known to the scanner") from None
        return name

    async def look_again(self) -> list[str]:
        """Look at everything that waits: the names of what is clean now. What is infected is destroyed, and what nobody
        can tell of goes on waiting.

        Raises:
            Unavailable: nobody can tell of anything that waits.
        """
        clean: list[str] = []
        judged = False
        away: Unavailable | None = None
        for path in sorted(self._held.iterdir()):
            if path.suffix == _COMING:
                continue
            try:
                await self._judge(path.name, await asyncio.to_thread(path.read_bytes))
                clean.append(path.name)
            except Unavailable as untold:
                away = untold
                continue
            except (InvalidInput, FileNotFoundError):
                pass
            judged = True
        if away is not None and not judged:
            raise away
        return clean

    async def read(self, name: str) -> bytes:
        """The file of that name, once it is clean.

        Raises:
            NotFound: there is none, or it still waits.
        """
        if not _is_name(name):
            raise NotFound("file")
        try:
            return await asyncio.to_thread((self._clean / name).read_bytes)
        except FileNotFoundError:
            raise NotFound("file") from None

    async def _judge(self, name: str, data: bytes) -> None:
        try:
            await self._scanner.scan(data)
        except InvalidInput:
            (self._held / name).unlink(missing_ok=True)
            raise
        (self._held / name).rename(self._clean / name)


def _write(path: Path, data: bytes) -> None:
    """Whole or not at all: what a crash leaves has another name."""
    coming = path.with_suffix(_COMING)
    with os.fdopen(os.open(coming, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    coming.rename(path)


def _is_name(name: str) -> bool:
    return len(name) == 2 * _NAME_BYTES and set(name) <= set("0123456789abcdef")
