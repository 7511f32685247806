"""Whether a database answers at all, and what it says where it doesn't."""

from typing import Final

import psycopg

from airside.store.errors import Away

PATIENCE: Final = 5
"""Seconds to wait for an answer."""


async def reach(dsn: str) -> None:
    """One attempt to connect.

    Raises:
        Away: nothing answers there, or it turns this role down; it says which.
    """
    try:
        connection = await psycopg.AsyncConnection.connect(dsn, connect_timeout=PATIENCE)
    except psycopg.OperationalError as error:
        raise Away(error) from error
    await connection.close()
