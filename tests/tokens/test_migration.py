"""Migration 54: a refresh whose answer was lost before it gets the same successor after it."""

import uuid
from typing import Final

from psycopg import AsyncConnection

from airside.store.migrate import migrate, role_of
from tests.makers import MakeDatabase

BEFORE: Final = (
    """alter table airside.refresh_token drop constraint refresh_token_sealed_check, drop column sealed,
        add column successor_sealed bytea, add column predecessor_hash bytea,
        add constraint refresh_token_sealed_check check (successor_sealed is null or spent_at is not null)""",
    "delete from airside.migration where version = 54",
    "alter table airside.refresh_token no force row level security",
    "alter table airside.refresh_family no force row level security",
)

FAMILY: Final = """
insert into airside.refresh_family (tenant_id, family_id, client_id, subject, scope, audience, amr, created_at,
    expires_at)
values (%s, %s, 'cli_x', 'usr_x', '{}', '{}', '{}', now(), now())
"""

TOKEN: Final = """
insert into airside.refresh_token (tenant_id, token_hash, family_id, created_at, expires_at, spent_at, successor_hash,
    successor_sealed, predecessor_hash)
values (%s, %s, %s, now(), now(), case when %s then now() end, %s, %s, %s)
"""


async def test_seal_of_an_unused_successor_moves_to_its_own_row(blank_database: MakeDatabase) -> None:
    tenant, family = uuid.uuid4(), uuid.uuid4()
    async with blank_database() as database:
        await migrate(database.owner, role_of(database.app))
        async with await AsyncConnection.connect(database.owner, autocommit=True) as connection:
            for statement in BEFORE:
                await connection.execute(statement)
            await connection.execute(FAMILY, (tenant, family))
            for row in (
                (b"first", True, b"second", None, None),
                (b"second", True, b"third", b"third, sealed", b"first"),
                (b"third", False, None, None, b"second"),
            ):
                await connection.execute(TOKEN, (tenant, row[0], family, *row[1:]))
            await connection.execute("alter table airside.refresh_token force row level security")
        assert await migrate(database.owner, role_of(database.app)) == ["0054_refresh_successors", "catalogue"]
        async with await AsyncConnection.connect(database.owner, autocommit=True) as connection:
            await connection.execute("select set_config('airside.tenant_id', %s, false)", (str(tenant),))
            cursor = await connection.execute("select token_hash, sealed from airside.refresh_token order by 1")
            assert await cursor.fetchall() == [(b"first", None), (b"second", None), (b"third", b"third, sealed")]
