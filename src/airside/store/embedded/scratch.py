"""A server for a while, in a folder that goes away with it."""

import tempfile
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

from airside.store.embedded.server import EmbeddedPostgres

REACHABLE: Final = 0o711
"""As root the server runs as another user, who passes through its folder."""


@contextmanager
def scratch_folder(prefix: str) -> Generator[Path]:
    """A temporary folder that a server may lie in."""
    with tempfile.TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(REACHABLE)
        yield folder


@asynccontextmanager
async def scratch_server(prefix: str) -> AsyncGenerator[EmbeddedPostgres]:
    """A server that runs, with nothing in it.

    Raises:
        NotStarted: it doesn't start.
    """
    with scratch_folder(prefix) as folder:
        server = EmbeddedPostgres(folder / "postgres")
        await server.start()
        try:
            yield server
        finally:
            await server.stop()
