"""Numbered migrations: once each, whole or not at all, never silently different."""

import asyncio
import re

import psycopg
import pytest
from psycopg import AsyncConnection
from psycopg.conninfo import make_conninfo

from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.errors import Misconfigured
from airside.store import TABLES, Away, Engine, reach
from airside.store.migrate import load, migrate, role_of, split
from tests.makers import Database, MakeDatabase


async def test_migrating_twice_changes_nothing(blank_database: MakeDatabase):
    async with blank_database() as database:
        applied = await migrate(database.owner, role_of(database.app))
        assert applied == [*(migration.name for migration in load()), "catalogue"]
        assert await migrate(database.owner, role_of(database.app)) == []


async def test_two_processes_migrate_once(blank_database: MakeDatabase):
    async with blank_database() as database:
        runs = await asyncio.gather(*(migrate(database.owner, role_of(database.app)) for _ in range(4)))
        assert sorted(map(len, runs)) == [0, 0, 0, len(load()) + 1]


def test_no_two_files_have_one_number():
    """They would share a row of `airside.migration`, and one of them be refused or left out."""
    versions = [migration.version for migration in load()]
    assert versions == sorted(set(versions))


async def test_changed_file_is_refused_by_name(blank_database: MakeDatabase):
    async with blank_database() as database:
        await migrate(database.owner, role_of(database.app))
        async with await AsyncConnection.connect(database.owner, autocommit=True) as connection:
            await connection.execute("update airside.migration set checksum = 'x' where version = 1")
        with pytest.raises(Misconfigured, match="0001_store"):
            await migrate(database.owner, role_of(database.app))


async def test_newer_database_is_refused(blank_database: MakeDatabase):
    async with blank_database() as database:
        await migrate(database.owner, role_of(database.app))
        async with await AsyncConnection.connect(database.owner, autocommit=True) as connection:
            await connection.execute("insert into airside.migration values (9999, 'later', 'x', now())")
        with pytest.raises(Misconfigured, match="9999"):
            await migrate(database.owner, role_of(database.app))


@pytest.mark.parametrize("role", ["owner", "superuser"])
async def test_owner_and_superuser_are_refused_as_application_role(blank_database: MakeDatabase, role: str):
    async with blank_database() as database:
        with pytest.raises(Misconfigured, match="AIRSIDE_DATABASE_URL"):
            await migrate(database.owner, role_of({"owner": database.owner, "superuser": database.superuser}[role]))


async def test_application_role_cannot_alter_or_drop(database: Database):
    async with await AsyncConnection.connect(database.app, autocommit=True) as connection:
        for statement in (
            "create table airside.mine (x int)",
            "drop table airside.tenant",
            "alter table airside.tenant disable row level security",
            "truncate airside.tenant_key",
            "insert into airside.migration values (9999, 'later', 'x', now())",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                await connection.execute(statement)


def test_statement_ends_at_a_semicolon_outside_dollar_quotes():
    text = "-- head\ncreate a;\ncreate function f() as $$\nbegin;\nend;\n$$;\ncreate b (\n  x\n);\n"
    assert list(split(text)) == ["create a", "create function f() as $$\nbegin;\nend;\n$$", "create b (\n  x\n)"]


def test_every_table_of_the_files_is_declared_in_the_catalogue():
    created = {
        name
        for migration in load()
        for statement in migration.statements
        for name in re.findall(r"create table airside\.(\w+)", statement)
    }
    assert created | {"migration"} == set(TABLES)


async def test_server_refuses_a_database_that_is_behind_and_says_what_to_run(
    blank_database: MakeDatabase, clock: Clock, entropy: Entropy
):
    async with blank_database() as database:
        with pytest.raises(Misconfigured, match="run `airside migrate`"):
            await Engine(database.app, clock=clock, entropy=entropy).open()
        await migrate(database.owner, role_of(database.app))
        *_, before, last = (migration.version for migration in load())
        async with await AsyncConnection.connect(database.owner, autocommit=True) as connection:
            await connection.execute("delete from airside.migration where version = %s", (last,))
        with pytest.raises(Misconfigured, match=f"is at migration {before} of {last}"):
            await Engine(database.app, clock=clock, entropy=entropy).open()


async def test_database_that_is_away_is_told_apart_from_one_that_turns_the_role_down(database: Database):
    await reach(database.app)
    for changes, said in (({"host": "127.0.0.1", "port": "1"}, "refused"), ({"user": "nobody_here"}, "nobody_here")):
        with pytest.raises(Away) as caught:
            await reach(make_conninfo(database.app, **changes))
        assert said in str(caught.value)
        assert "\n" not in str(caught.value)
