"""`airside apikeys scan`: leaked keys, found in a tree by their checksum, and revoked if they are ours."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from airside.admin import OPERATOR
from airside.apikeys.records import presented as stored_key
from airside.apikeys.verifier import key_hash
from airside.cli.session import err, opened, out, run, settings_for_people
from airside.core.entropy import equal
from airside.core.errors import NotFound
from airside.protocols.apikey import LENGTH, PresentedKey, keys_in
from airside.wiring.build import Services

MAX_BYTES: Final = 64 * 1024 * 1024
"""A larger file is left out, and named."""
HEAD: Final = 8 * 1024
"""A NUL among the first bytes of a file says that it is no text, as Git has it; it is left out."""
BLOCK: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Leak:
    """A key, and where it stands."""

    path: Path
    line: int
    key: PresentedKey


def scan(path: Path, *, revoke: bool) -> None:
    """Print every key below `path`, by what it begins with; exit 1 if one of them is a secret.

    Raises:
        SystemExit: 1: a secret key was found.
    """

    async def main() -> int:
        leaks = find(path)
        for leak in leaks:
            text = leak.key.text.reveal()
            out.print(f"{leak.path}:{leak.line}: {text[:16]}… {leak.key.kind} {leak.key.mode} key")
        secrets = {leak.key.text.reveal(): leak.key for leak in leaks if leak.key.kind == "secret"}
        err.print(f"{len(leaks)} found, {len(secrets)} different secret keys among them", style="dim")
        if revoke and secrets:
            async with opened(settings_for_people()) as services:
                for key in secrets.values():
                    out.print(f"{key.text.reveal()[:16]}… {await _revoked(services, key)}")
        return 1 if secrets else 0

    run(main())


def find(path: Path) -> list[Leak]:
    """Every key in the file or below the folder `path`; what can't be read, or is too large, is named.

    Raises:
        NotFound: nothing is there.
    """
    if not path.exists():
        raise NotFound(f"{path} isn't there")
    files = list(_files(path))
    found: list[Leak] = []
    columns = (TextColumn("scanning"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as progress:
        for file in progress.track(files):
            try:
                found += _in(file)
            except OSError as error:
                err.print(f"left out {file}: {error.strerror}", style="dim")
    return found


def _files(path: Path) -> Iterator[Path]:
    if not path.is_dir():
        yield path
        return
    for folder, folders, names in os.walk(path):  # links aren't followed: what they lead to isn't in the tree
        folders.sort()
        yield from (Path(folder, name) for name in sorted(names))


def _in(file: Path) -> list[Leak]:
    about = file.lstat()
    if not stat.S_ISREG(about.st_mode):
        return []
    if about.st_size > MAX_BYTES:
        err.print(f"left out {file}: over {MAX_BYTES // 1024 // 1024} MiB", style="dim")
        return []
    with file.open("rb") as opened_file:
        if b"\x00" in opened_file.read(HEAD):
            return []
        opened_file.seek(0)
        return list(_leaks(file, opened_file))


def _leaks(file: Path, source: BinaryIO) -> Iterator[Leak]:
    """A block at a time; what stands across the end of one is looked at with the next."""
    rest, line = b"", 1
    last = False
    while not last:
        block = source.read(BLOCK)
        data, last = rest + block, len(block) < BLOCK
        # A key that reaches the end of what was read may go on, and then is none.
        end = len(data) if last else len(data) - LENGTH
        for place, key in keys_in(data):
            if place < end:
                yield Leak(file, line + data.count(b"\n", 0, place), key)
        kept = max(end, 0)
        line += data.count(b"\n", 0, kept)
        rest = data[kept:]


async def _revoked(services: Services, key: PresentedKey) -> str:
    """What became of it. The whole key has to fit: whoever writes down another's lookup id revokes nothing."""
    address = await services.lookup.by_key(key.lookup)
    if address is None:
        return "is unknown here"
    async with services.engine.begin(address.tenant_id, principal=OPERATOR) as ctx:
        found = await stored_key(ctx, key.lookup)
        if found is None or not equal(found.key_hash, key_hash(ctx.tenant_id, key.text.reveal())):
            return "is unknown here"
        state = found.key.state(ctx.now)
        if state in ("revoked", "expired"):
            return f"of {address.slug} is {state} already"
        await services.api_key_admin.revoke(ctx, found.key.key_id, reason="leaked")
    return f"of {address.slug} is revoked"
