"""Migrated databases in a fraction of the time that migrating takes: copies of one that was migrated once."""

import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from uuid import UUID

from psycopg import AsyncConnection, sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from airside.store.catalogue import TABLES
from airside.store.migrate import role_of
from tests.makers import Database


@asynccontextmanager
async def copy_of(template: Database) -> AsyncGenerator[Database]:
    """A database with everything in it that is in `template`, to which nobody may be connected; dropped afterwards."""
    name = f"airside_copy_{secrets.token_hex(6)}"
    words = {
        "name": name,
        "template": str(conninfo_to_dict(template.owner)["dbname"]),
        "owner": role_of(template.owner),
    }
    text = sql.SQL("create database {name} template {template} owner {owner}")
    async with await AsyncConnection.connect(_beside(template.superuser), autocommit=True) as connection:
        await connection.execute(text.format(**{word: sql.Identifier(value) for word, value in words.items()}))
        try:
            dsns = (template.app, template.owner, template.superuser)
            yield Database(*(make_conninfo(dsn, dbname=name) for dsn in dsns))
        finally:
            await connection.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


async def rows_of(database: Database, tenant_id: UUID | None = None) -> dict[str, list[str]]:
    """Every row of every table but the migrations', or those of one tenant, as text."""
    found: dict[str, list[str]] = {}
    of = "(to_jsonb(t) ->> 'tenant_id')::uuid"  # not every platform table says whose its rows are
    text = f"select t::text from {{}} t where %(tenant)s::uuid is null or {of} = %(tenant)s order by 1"
    async with await AsyncConnection.connect(database.superuser) as connection:
        for table, row in TABLES.items():
            if row.scope != "local":
                said = sql.SQL(text).format(sql.Identifier("airside", table))
                lines = await (await connection.execute(said, {"tenant": tenant_id})).fetchall()
                found[table] = [line for (line,) in lines]
    return found


async def is_empty(database: Database) -> bool:
    """Whether no row of anything is there."""
    return not any((await rows_of(database)).values())


def _beside(superuser: str) -> str:
    """Connected to no database that could be a template."""
    return make_conninfo(superuser, dbname="postgres")
