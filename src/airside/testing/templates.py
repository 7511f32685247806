"""A migrated database, made once for each version and kept in the user's cache: later servers are copies of it."""

import asyncio
import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from airside.store.catalogue import TABLES
from airside.store.embedded import APPLICATION, OWNER, EmbeddedPostgres, scratch_folder
from airside.store.embedded.place import installed
from airside.store.migrate import POLICY, load, migrate

SETTINGS: Final[Mapping[str, str]] = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
"""Nothing of it has to outlive the session."""


def cache_folder() -> Path:
    """Where this user's templates are kept (XDG Base Directory Specification); may be deleted at any time."""
    home = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(home) if home.startswith("/") else Path.home() / ".cache") / "airside-testing"


@asynccontextmanager
async def postgres(folder: Path, kept: Path) -> AsyncGenerator[EmbeddedPostgres]:
    """A copy of the template `kept` in `folder`, which a server's account may pass through, until the context ends.

    Raises:
        NotStarted: PostgreSQL said no.
    """
    server = EmbeddedPostgres(folder / "postgres", settings=SETTINGS, template=kept)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


async def template(tell: Callable[[str], None], cache: Path | None = None) -> Path:
    """The stopped cluster of this version, made where it is missing: by one process, however many want it. `tell` hears
    of it, for it takes long.

    Raises:
        NotStarted: PostgreSQL said no.
    """
    kept = cache or cache_folder()
    kept.mkdir(mode=0o700, parents=True, exist_ok=True)
    found = kept / key()
    async with _alone(kept / f"{found.name}.lock"):
        if not found.exists():
            tell("making a migrated database for tests; the next session copies it")
            await _make(found)
    return found


def key() -> str:
    """What a template is of: the migrations, the catalogue and PostgreSQL."""
    parts = [migration.checksum for migration in load()]
    parts += [repr(sorted(TABLES.items())), POLICY, installed().version]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


async def _make(found: Path) -> None:
    with scratch_folder("airside-template-") as folder:
        server = EmbeddedPostgres(folder / "postgres", settings=SETTINGS)
        await server.start()
        try:
            await migrate(server.dsn(OWNER), APPLICATION)
        finally:
            await server.stop()
        _keep(server.cluster, found)


def _keep(cluster: Path, found: Path) -> None:
    """Under a name of its own first: a kill halfway leaves nothing that looks like a template."""
    made = Path(tempfile.mkdtemp(prefix=f"{found.name}.", dir=found.parent))
    shutil.copytree(cluster, made, copy_function=_copy, dirs_exist_ok=True)
    made.rename(found)


def _copy(source: str, target: str) -> None:
    """On the disk before the folder gets its name: a machine that goes down leaves a whole template or none."""
    shutil.copy(source, target)
    with Path(target).open("rb") as copied:
        os.fsync(copied.fileno())


@asynccontextmanager
async def _alone(lock: Path) -> AsyncGenerator[None]:
    with lock.open("ab") as opened:
        await asyncio.to_thread(fcntl.flock, opened, fcntl.LOCK_EX)
        yield
