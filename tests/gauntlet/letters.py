"""What the server goes on to write by itself, after a test has set its tenants up."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from psycopg import AsyncConnection

_WAITING = "select from airside.outbox where tenant_id = any(%s) limit 1"


async def emptied(dsn: str, tenants: Sequence[UUID]) -> None:
    """Wait until every letter of `tenants` is out: what is written then is no test's doing."""
    async with await AsyncConnection.connect(dsn, autocommit=True) as connection:
        for _ in range(1_200):
            if not (await connection.execute(_WAITING, (list(tenants),))).rowcount:
                return
            await asyncio.sleep(0.05)
    raise AssertionError("letters that nobody sends")
