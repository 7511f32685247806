"""A folder and a database of its own for a run. As root the database runs as another user, who has to reach it."""

import tempfile
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from airside.store.embedded import EmbeddedPostgres
from airside.store.migrate import migrate


def scratch() -> tempfile.TemporaryDirectory[str]:
    """A temporary folder that goes away with its context."""
    folder = tempfile.TemporaryDirectory(prefix="airside-bench-", ignore_cleanup_errors=True)
    Path(folder.name).chmod(0o711)
    return folder


@asynccontextmanager
async def database() -> AsyncGenerator[tuple[Path, EmbeddedPostgres]]:
    """A folder from `scratch`, and a database that runs in it with every table; both go away with the context."""
    with scratch() as name:
        folder = Path(name)
        postgres = EmbeddedPostgres(folder / "database")
        await postgres.start()
        try:
            await migrate(postgres.dsn("airside_owner"), "airside_app")
            yield folder, postgres
        finally:
            await postgres.stop()
