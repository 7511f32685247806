"""An application's own tables: the tenant is set in the transaction, and the proof finds each way past it."""

from collections.abc import AsyncIterator, Callable, Generator, Iterator
from contextlib import contextmanager

import psycopg
import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.orm import Session
from sqlalchemy.pool import QueuePool

from airside.core.errors import Conflict, InvalidInput, Misconfigured
from airside.sdk.database import (
    tenant_begin,
    tenant_session,
    tenant_statement,
    tenant_transaction,
    tenant_transaction_async,
)
from airside.sdk.isolation import Bounds, conjuncts, prove, prove_async
from airside.store.migrate import role_of
from tests.makers import Database, MakeDatabase

ACME, OTHER = "ten_01jd0000000000000000000001", "ten_01jd0000000000000000000002"
BOUND = "tenant_id = current_setting('app.tenant_id', true)"
TABLES = f"""
    create table note (tenant_id text not null, id int not null, body text, deleted bool not null default false,
                       primary key (tenant_id, id));
    create table line (tenant_id text not null, note_id int not null, body text,
                       foreign key (tenant_id, note_id) references note (tenant_id, id));
    create table country (code text primary key);
    alter table note enable row level security;
    alter table note force row level security;
    alter table line enable row level security;
    alter table line force row level security;
    create policy own on note using ({BOUND}) with check ({BOUND} and not deleted);
    create policy own on line using ({BOUND});
    create view lines with (security_invoker = true) as select body from line;
    grant select, insert, update, delete on note, line, country, lines to {{app}};
"""
BECOMES = "create role r_{app}; alter role {app} noinherit; grant r_{app} to {app}"
"""Another role that it has the rights of only after SET ROLE."""
SHARED = Bounds(shared=frozenset({"public.country"}))


@pytest.fixture(scope="module")
async def owned(blank_database: MakeDatabase) -> AsyncIterator[Database]:
    async with blank_database() as database:
        with psycopg.connect(database.owner, autocommit=True) as connection:
            connection.execute(TABLES.format(app=role_of(database.app)).encode())
        yield database


@pytest.fixture
def app(owned: Database) -> Iterator[psycopg.Connection]:
    with psycopg.connect(owned.app) as connection:
        yield connection


@pytest.fixture
def engine(owned: Database) -> Iterator[Engine]:
    made = create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(owned.app), poolclass=QueuePool, pool_size=1
    )
    yield made
    made.dispose()


def write(run: Callable[[str], object], tenant: str) -> None:
    run(f"insert into note (tenant_id, id) values ('{tenant}', 1) on conflict do nothing")


def tenants_seen(connection: psycopg.Connection) -> int:
    found = connection.execute(b"select count(distinct tenant_id) from note").fetchone()
    assert found is not None
    return int(found[0])


def test_transaction_sees_and_writes_one_tenant(app: psycopg.Connection) -> None:
    """N20."""
    for tenant in (ACME, OTHER):
        with tenant_transaction(app, tenant) as connection:
            write(lambda sql: connection.execute(sql.encode()), tenant)
    with tenant_transaction(app, ACME) as connection:
        assert tenants_seen(connection) == 1
    with pytest.raises(psycopg.errors.InsufficientPrivilege), tenant_transaction(app, ACME) as connection:
        connection.execute(f"insert into note (tenant_id, id) values ('{OTHER}', 9)".encode())
    assert tenants_seen(app) == 0, "after the block nobody's rows are seen"
    app.rollback()


async def test_transaction_that_awaits_sees_one_tenant(owned: Database) -> None:
    async with await psycopg.AsyncConnection.connect(owned.app) as connection:
        async with tenant_transaction_async(connection, ACME) as mine:
            await mine.execute(b"insert into note (tenant_id, id) values (%s, 2)", (ACME,))
        async with tenant_transaction_async(connection, OTHER) as mine:
            found = await (await mine.execute(b"select count(*) from note where id = 2")).fetchone()
        assert found == (0,)


def test_transaction_within_another_is_refused(app: psycopg.Connection) -> None:
    """What a savepoint sets outlives it: the rest of the outer transaction would be another tenant's."""
    with tenant_transaction(app, ACME), pytest.raises(Conflict), tenant_transaction(app, OTHER):
        pass


@pytest.mark.parametrize("tenant", ["", "x'; reset role; --", "é", "a b", "a" * 65, "x\n"], ids=repr)
def test_word_that_would_need_quoting_is_no_tenant(tenant: str) -> None:
    """N30."""
    with pytest.raises(InvalidInput):
        tenant_statement(tenant)


@pytest.mark.parametrize("setting", ["role", "app.x; drop", "App.x", "app.", "app.tenant_id\n"], ids=repr)
def test_setting_that_is_none_is_refused(setting: str) -> None:
    with pytest.raises(Misconfigured):
        tenant_statement(ACME, setting)


def test_sqlalchemy_session_is_of_one_tenant_in_each_transaction(engine: Engine) -> None:
    with Session(engine) as session:
        tenant_session(session, ACME)
        write(lambda sql: session.execute(text(sql)), ACME)
        session.commit()
        tenants = session.scalars(text("select distinct tenant_id from note")).all()
        assert tenants == [ACME], "the transaction after a commit too"
        with pytest.raises(Conflict):
            tenant_session(session, OTHER)
    with Session(engine) as session:  # the same pooled connection
        assert session.scalar(text("select count(*) from note")) == 0
        with pytest.raises(Conflict):
            tenant_session(session, OTHER)


def test_sqlalchemy_connection_is_of_one_tenant(engine: Engine) -> None:
    with tenant_begin(engine, OTHER) as connection:
        write(lambda sql: connection.execute(text(sql)), OTHER)
        assert connection.scalar(text("select count(distinct tenant_id) from note")) == 1
    with engine.begin() as connection:
        assert connection.scalar(text("select count(*) from note")) == 0


def test_tables_that_keep_tenants_apart_are_proven(app: psycopg.Connection) -> None:
    assert prove(app, SHARED) == ()


async def test_proof_that_awaits_says_the_same(owned: Database) -> None:
    async with await psycopg.AsyncConnection.connect(owned.app) as connection:
        assert await prove_async(connection, SHARED) == ()
        assert [str(hole) for hole in await prove_async(connection)] == [
            "public.country: has no tenant_id and isn't named as shared"
        ]


HOLES = {
    "not-enabled": ("alter table note disable row level security", "isn't enabled"),
    "not-forced": ("alter table note no force row level security", "isn't forced"),
    "second-policy": ("create policy all_rows on note for select using (true)", "policy all_rows"),
    "or": (f"create policy p on line using (({BOUND}) or body = '')", "policy p"),
    "other-setting": ("create policy p on line using (tenant_id = current_setting('app.tenant', true))", "policy p"),
    "other-column": ("create policy p on line using (body = current_setting('app.tenant_id', true))", "policy p"),
    "written-unbound": (f"create policy p on line using ({BOUND}) with check (true)", "policy p"),
    "inserted-unbound": ("create policy p on line for insert with check (note_id > 0)", "policy p"),
    "case": (f"create policy p on line using (case when body = '' then true else {BOUND} end)", "policy p"),
    "quoted-and": (
        f"create policy p on line using (body = ') AND ({BOUND.replace(chr(39), chr(39) * 2)}')",
        "policy p",
    ),
    "null-tenant": ("alter table line alter tenant_id drop not null", "may be null"),
    "view": ("alter view lines set (security_invoker = false)", "a view that reads as its owner"),
    "materialised": (
        "create materialized view m as select * from line; grant select on m to {app}",
        "materialised view has no policies",
    ),
    "truncate": ("grant truncate on note to {app}", "may TRUNCATE"),
    "unknown-table": ("create table t (id int); grant insert (id) on t to {app}", "has no tenant_id"),
    "partition": (
        "create table p (tenant_id text not null) partition by list (tenant_id);"
        "create table p1 partition of p default;"
        f"alter table p enable row level security; alter table p force row level security;"
        f"create policy own on p using ({BOUND}); grant select on p, p1 to {{app}}",
        "public.p1: row-level security isn't enabled",
    ),
    "foreign-key": (
        "create table head (tenant_id text not null, id int primary key); grant select on head to {app};"
        "alter table line add column head int constraint loose references head (id)",
        "loose may point at another tenant's row",
    ),
    "definer": ("create function f() returns bigint language sql security definer as 'select 1::bigint'", "public.f"),
    "preset": ("alter role {app} set app.tenant_id = 'ten_x'", "set beforehand"),
    "owner": ("grant {owner} to {app}", "belongs to a role that the application has"),
    "becomes": ("grant postgres to {app}", "can become postgres"),
    "becomes-creator": ("create role r_{app} createrole; grant r_{app} to {app}", "can become r_"),
    "becomes-replicator": ("create role r_{app} replication; grant r_{app} to {app}", "can become r_"),
    "becomes-with-policy": (
        f"{BECOMES}; grant select on note to r_{{app}}; create policy wide on note to r_{{app}} using (true)",
        "policy wide",
    ),
    "becomes-unnarrowed": (
        f"{BECOMES}; grant select on note to r_{{app}}; create policy wide on note using (true);"
        f"create policy narrow on note as restrictive to {{app}} using ({BOUND})",
        "policy wide",
    ),
    "becomes-with-table": (
        f"{BECOMES}; create table t (id int); grant select on t to r_{{app}}",
        "has no tenant_id",
    ),
    "becomes-truncate": (f"{BECOMES}; grant truncate on note to r_{{app}}", "may TRUNCATE"),
    "becomes-definer": (
        f"{BECOMES}; create function g() returns bigint language sql security definer as 'select 1::bigint';"
        "revoke execute on function g from public; grant execute on function g to r_{app}",
        "public.g",
    ),
    "runs-programs": ("grant pg_execute_server_program to {app}", "can become pg_execute_server_program"),
    "reads-files": ("grant pg_read_server_files to {app}", "can become pg_read_server_files"),
    "writes-files": ("grant pg_write_server_files to {app}", "can become pg_write_server_files"),
}


@contextmanager
def with_hole(owned: Database, change: str) -> Generator[psycopg.Connection]:
    """The application's role in a database with a hole, in a transaction that is never committed."""
    app, owner = role_of(owned.app), role_of(owned.owner)
    with psycopg.connect(owned.superuser) as connection:
        if not change.startswith(("alter role", "create role", "grant {owner}", "grant p")):
            connection.execute(f'set local role "{owner}"'.encode())
        connection.execute(change.format(app=app, owner=owner).encode())
        connection.execute(f'set local role "{app}"'.encode())
        yield connection
        connection.rollback()


@pytest.mark.parametrize("hole", HOLES)
def test_hole_is_found(owned: Database, hole: str) -> None:
    change, why = HOLES[hole]
    with with_hole(owned, change) as connection:
        found = [str(each) for each in prove(connection, SHARED)]
    assert any(why in each for each in found), found


def test_restrictive_policy_narrows_what_another_lets_through(owned: Database) -> None:
    change = f"create policy wide on note using (true); create policy narrow on note as restrictive using ({BOUND})"
    with with_hole(owned, change) as connection:
        assert prove(connection, SHARED) == ()


@pytest.mark.parametrize(
    "change",
    [
        "grant select on note to r_{app}",
        "create policy wide on note using (true);"
        f"create policy narrow on note as restrictive to {{app}} using ({BOUND})",
        f"grant select on note to r_{{app}}; create policy wide on note to {{app}} using (true);"
        f"create policy narrow on note as restrictive using ({BOUND})",
    ],
    ids=["bounded", "reaches-nothing", "narrowed"],
)
def test_role_that_it_can_become_may_be_bounded_too(owned: Database, change: str) -> None:
    with with_hole(owned, f"{BECOMES}; {change}") as connection:
        assert prove(connection, SHARED) == ()


def test_policies_are_read_in_the_forms_that_postgresql_writes(owned: Database) -> None:
    forms = [
        "tenant_id = nullif(current_setting('app.tenant_id', true), '')",
        "tenant_id::uuid::text = current_setting('app.tenant_id', true)",
        f"not deleted and ({BOUND} and id > 0)",
        "tenant_id = current_setting('app.tenant_id')",
    ]
    passed: list[bool] = []
    for form in forms:
        with with_hole(owned, f"create policy form on note using ({form})") as connection:
            passed.append(prove(connection, SHARED) == ())
    assert passed == [True, False, True, True]


def test_parts_that_all_have_to_hold_are_parted() -> None:
    assert conjuncts("((a = b) AND ((c = ' AND ') OR (d)))") == ["a = b", "(c = ' AND ') OR (d)"]
    assert conjuncts("(((a) AND (b)) OR (c))") == ["((a) AND (b)) OR (c)"]
    assert conjuncts("(a) = (b)") == ["(a) = (b)"]
