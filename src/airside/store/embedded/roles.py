"""The two roles and the database that exist once the embedded server runs.

`airside_owner` owns the database and migrates it; `airside_app` owns nothing and serves. Neither is a superuser
nor bypasses row-level security. `postgres` is the bootstrap superuser, used here and by restore only.
"""

from typing import Final

import psycopg
from psycopg import sql

SUPERUSER: Final = "postgres"
OWNER: Final = "airside_owner"
APPLICATION: Final = "airside_app"
DATABASE: Final = "airside"

_ATTRIBUTES: Final = "login nosuperuser nocreatedb nocreaterole noinherit noreplication nobypassrls"


async def ensure(bootstrap_dsn: str, database_dsn: str) -> None:
    """Create roles and database where missing, and take from PUBLIC what it has by default. Idempotent."""
    async with await psycopg.AsyncConnection.connect(bootstrap_dsn, autocommit=True) as connection:
        for role in (OWNER, APPLICATION):
            await _ensure_role(connection, role)
        found = await connection.execute("select 1 from pg_catalog.pg_database where datname = %s", [DATABASE])
        if await found.fetchone() is not None:
            return
        await connection.execute(
            sql.SQL("create database {} owner {} template template0").format(
                sql.Identifier(DATABASE), sql.Identifier(OWNER)
            )
        )
        await connection.execute(sql.SQL("revoke all on database {} from public").format(sql.Identifier(DATABASE)))
        await connection.execute(
            sql.SQL("grant connect on database {} to {}").format(sql.Identifier(DATABASE), sql.Identifier(APPLICATION))
        )
    async with await psycopg.AsyncConnection.connect(database_dsn, autocommit=True) as connection:
        await connection.execute("revoke all on schema public from public")


async def _ensure_role(connection: psycopg.AsyncConnection, role: str) -> None:
    found = await connection.execute("select 1 from pg_catalog.pg_roles where rolname = %s", [role])
    verb = "create" if await found.fetchone() is None else "alter"
    await connection.execute(
        sql.SQL("{} role {} with {}").format(sql.SQL(verb), sql.Identifier(role), sql.SQL(_ATTRIBUTES))
    )
