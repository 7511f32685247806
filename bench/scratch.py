"""A folder and a database of its own for a run. As root the database runs as another user, who has to reach it."""

from collections.abc import AsyncGenerator
from contextlib import AbstractContextManager, asynccontextmanager
from pathlib import Path

from airside.store.embedded import EmbeddedPostgres, scratch_folder
from airside.store.migrate import migrate


def scratch() -> AbstractContextManager[Path]:
    """A temporary folder that goes away with its context."""
    return scratch_folder("airside-bench-")


@asynccontextmanager
async def database() -> AsyncGenerator[tuple[Path, EmbeddedPostgres]]:
    """A folder from `scratch`, and a database that runs in it with every table; both go away with the context."""
    with scratch() as folder:
        postgres = EmbeddedPostgres(folder / "database")
        await postgres.start()
        try:
            await migrate(postgres.dsn("airside_owner"), "airside_app")
            yield folder, postgres
        finally:
            await postgres.stop()
