"""As many people as one likes, in rows as the server itself would leave them: each with a key of their own, name and
address sealed under it. Copied in, for to be made one by one would take hours."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from psycopg import AsyncConnection

from airside.core.ids import uuid7
from airside.identity import User
from airside.identity.addresses import email_index
from airside.identity.records_email_domains import domain_index
from airside.identity.records_profiles import seal
from airside.wiring.build import Services

AT_ONCE: Final = 5_000
_ACCOUNTS: Final = (
    "copy airside.user_account (tenant_id, user_id, profile_sealed, email_index, email_domain_index, state, created_at,"
    " email_verified_at) from stdin"
)
_KEYS: Final = "copy airside.person_key (tenant_id, user_id, wrapped, created_at) from stdin"


async def fill(services: Services, superuser: str, tenant_id: UUID, count: int) -> None:
    """`count` more people of that tenant."""
    async with await AsyncConnection.connect(superuser) as connection:
        for first in range(0, count, AT_ONCE):
            await _copy(services, connection, tenant_id, range(first, min(count, first + AT_ONCE)))
    async with await AsyncConnection.connect(superuser, autocommit=True) as connection:
        await connection.execute("vacuum analyze")


async def _copy(services: Services, connection: AsyncConnection, tenant_id: UUID, numbers: Sequence[int]) -> None:
    accounts, keys = list[tuple[object, ...]](), list[tuple[object, ...]]()
    async with services.engine.begin(tenant_id) as ctx:
        keyset = await services.vault.keyset(ctx)
        for number in numbers:
            address = f"person.{number}@example.com"
            user = User(uuid7(ctx.now, services.entropy), address, f"Person Number {number}", "active", ctx.now)
            drawn = await services.vault.persons.draw(ctx, user.id)
            index, domain = email_index(keyset, address), domain_index(keyset, "example.com")
            accounts.append((tenant_id, user.id, seal(drawn.key, user), index, domain, user.state, ctx.now, ctx.now))
            keys.append((tenant_id, user.id, drawn.row.wrapped, ctx.now))
    for statement, rows in ((_ACCOUNTS, accounts), (_KEYS, keys)):
        async with connection.cursor() as cursor, cursor.copy(statement.encode()) as copy:
            for row in rows:
                await copy.write_row(row)
