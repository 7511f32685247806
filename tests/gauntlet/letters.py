"""What the server goes on to do by itself, after a test has set its tenants up."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from psycopg import AsyncConnection, sql

_WAITING = "select from airside.outbox where tenant_id = any(%s) limit 1"
_ENDING = """
    select table_name from information_schema.columns where table_schema = 'airside' and column_name = 'expires_at'
    intersect
    select table_name from information_schema.columns where table_schema = 'airside' and column_name = 'tenant_id'
"""
_LATER = """
    update {} set expires_at = greatest(expires_at, now() + interval '1 day')
    where tenant_id = any(%s) and expires_at is not null
"""


async def settled(dsn: str, tenants: Sequence[UUID]) -> None:
    """Wait until every letter of `tenants` is out, and let nothing of theirs end within a day: what is written or
    swept then is no test's doing."""
    async with await AsyncConnection.connect(dsn, autocommit=True) as connection:
        await _emptied(connection, tenants)
        for (table,) in await (await connection.execute(_ENDING)).fetchall():
            await connection.execute(sql.SQL(_LATER).format(sql.Identifier("airside", table)), (list(tenants),))


async def _emptied(connection: AsyncConnection, tenants: Sequence[UUID]) -> None:
    for _ in range(1_200):
        if not (await connection.execute(_WAITING, (list(tenants),))).rowcount:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("letters that nobody sends")
