"""The live database against `store/catalogue.py`: keys, row-level security, policies, grants and roles."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import Connection
from psycopg.rows import TupleRow

from airside.store.catalogue import TABLES

POLICY = "tenant_id = nullif(current_setting('airside.tenant_id', true), '')::uuid"

_TABLES = """
    select c.oid::bigint, c.relname, c.relrowsecurity, c.relforcerowsecurity, c.relowner::bigint,
           coalesce((select p.relname from pg_inherits i join pg_class p on p.oid = i.inhparent
                      where i.inhrelid = c.oid), c.relname)
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = 'airside' and c.relkind in ('r', 'p', 'f', 'v', 'm')
     order by c.relname
"""
_KEYS = """
    select i.indrelid::bigint, ic.relname, i.indisprimary,
           array(select a.attname::text from unnest(i.indkey::int[]) with ordinality k(attnum, place)
                   join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum order by k.place)
      from pg_index i join pg_class ic on ic.oid = i.indexrelid
     where i.indisunique
"""
_FOREIGN_KEYS = """
    select c.conrelid::bigint, c.conname, f.relname, c.confdeltype::text,
           array(select a.attname || '>' || b.attname
                   from unnest(c.conkey, c.confkey) k(here, there)
                   join pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.here
                   join pg_attribute b on b.attrelid = c.confrelid and b.attnum = k.there)
      from pg_constraint c join pg_class f on f.oid = c.confrelid where c.contype = 'f'
"""
_POLICIES = """
    select polrelid::bigint, polname, polpermissive, polcmd::text,
           pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid)
      from pg_policy
"""
_GRANTS = """
    select c.oid::bigint, g.grantee::bigint, lower(g.privilege_type)
      from pg_class c join pg_namespace n on n.oid = c.relnamespace, aclexplode(c.relacl) g
     where n.nspname = 'airside' and c.relkind in ('r', 'p', 'f', 'v', 'm') and g.grantee <> c.relowner
"""


class Live:
    """What the live catalogue says."""

    def __init__(self, connection: Connection[TupleRow], app: str) -> None:
        self._connection = connection
        self.app = app
        self.tables = {row[0]: row for row in self.ask(_TABLES)}

    def ask(self, query: str, *params: Any) -> list[TupleRow]:
        """Every row of `query`."""
        return self._connection.execute(query.encode(), params).fetchall()

    def change(self, statement: str) -> None:
        """Run `statement` in a transaction that is never committed."""
        self._connection.execute(statement.encode())

    def of_tenants(self) -> dict[int, str]:
        """Tenant tables and their partitions: oid → name."""
        return {
            oid: row[1] for oid, row in self.tables.items() if row[5] in TABLES and TABLES[row[5]].scope == "tenant"
        }

    def with_column(self, column: str) -> set[int]:
        """Tables that have a column of this name."""
        rows = self.ask("select attrelid::bigint from pg_attribute where attname = %s and not attisdropped", column)
        return {row[0] for row in rows}


@pytest.fixture
def live(superuser_dsn: str, app_role: str) -> Iterator[Live]:
    connection = psycopg.connect(superuser_dsn)
    try:
        yield Live(connection, app_role)
    finally:
        connection.close()


@pytest.fixture(scope="session")
def app_role(database: Any) -> str:
    """The role that the server works as."""
    with psycopg.connect(database.app) as connection:
        row = connection.execute("select current_user").fetchone()
    assert row is not None
    return str(row[0])


def test_catalogue_and_database_hold_the_same_tables(live: Live) -> None:
    assert {row[5] for row in live.tables.values()} == set(TABLES)


def test_tables_of_a_tenant_carry_the_tenant(live: Live) -> None:
    carrying = live.with_column("tenant_id")
    assert [name for oid, name in live.of_tenants().items() if oid not in carrying] == []


def test_tenant_leads_every_primary_key(live: Live) -> None:
    keys = {row[0]: row[3] for row in live.ask(_KEYS) if row[2]}
    wrong = [name for oid, name in live.of_tenants().items() if keys.get(oid, [""])[0] != "tenant_id"]
    assert wrong == []


def test_tenant_stands_in_every_unique_key(live: Live) -> None:
    tenants = live.of_tenants()
    wrong = [row[1] for row in live.ask(_KEYS) if row[0] in tenants and "tenant_id" not in row[3]]
    assert wrong == []


def test_tenant_stands_in_every_foreign_key_and_none_sets_null(live: Live) -> None:
    tenants = live.of_tenants()
    wrong: list[str] = []
    for oid, name, _target, on_delete, columns in live.ask(_FOREIGN_KEYS):
        if oid not in tenants:
            continue
        if "tenant_id>tenant_id" not in columns or on_delete in ("n", "d"):
            wrong.append(name)
    assert wrong == []


def test_row_level_security_is_forced_on_every_tenant_table(live: Live) -> None:
    tenants = live.of_tenants()
    wrong = [row[1] for oid, row in live.tables.items() if oid in tenants and not (row[2] and row[3])]
    assert wrong == []


def test_every_policy_is_the_one_expression(live: Live) -> None:
    """The expression is written as PostgreSQL writes it back, by asking it to."""
    tenants = live.of_tenants()
    found: dict[int, list[TupleRow]] = {}
    policies = live.ask(_POLICIES)
    expected = _as_stored(live)
    for row in policies:
        found.setdefault(row[0], []).append(row)
    assert set(found) - set(tenants) == set()
    for oid, name in tenants.items():
        assert len(found.get(oid, [])) == 1, name
        _oid, _name, permissive, command, reading, writing = found[oid][0]
        assert (permissive, command, reading) == (True, "*", expected), name
        assert writing in (None, expected), name


def _as_stored(live: Live) -> str:
    """How PostgreSQL spells `POLICY` when it gives it back."""
    live.change("create temporary table probe (tenant_id uuid)")
    live.change(f"create policy probe on probe using ({POLICY})")
    return live.ask("select pg_get_expr(polqual, polrelid) from pg_policy where polrelid = 'probe'::regclass")[0][0]


def test_application_role_has_exactly_the_rights_of_its_row(live: Live) -> None:
    app = live.ask("select oid::bigint from pg_roles where rolname = %s", live.app)[0][0]
    granted: dict[str, set[str]] = {name: set() for name in TABLES}
    for oid, grantee, privilege in live.ask(_GRANTS):
        name = live.tables[oid][5]
        assert grantee == app, f"{name}: somebody else was granted {privilege}"
        if live.tables[oid][1] == name:
            granted[name].add(privilege)
        else:
            assert privilege in TABLES[name].rights
    assert granted == {name: set(table.rights) for name, table in TABLES.items()}


def test_no_right_is_granted_on_single_columns(live: Live) -> None:
    rows = live.ask(
        "select c.relname, a.attname from pg_attribute a join pg_class c on c.oid = a.attrelid"
        " join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'airside' and a.attacl is not null"
    )
    assert rows == []


def test_application_role_owns_nothing_and_is_above_nothing(live: Live) -> None:
    row = live.ask(
        "select rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication, rolinherit and exists"
        " (select from pg_auth_members m where m.member = r.oid) from pg_roles r where rolname = %s",
        live.app,
    )[0]
    assert tuple(row) == (False, False, False, False, False, False)
    owned = live.ask(
        "select classid::regclass::text, objid::bigint from pg_shdepend"
        " where deptype = 'o' and refobjid = (select oid from pg_roles where rolname = %s)",
        live.app,
    )
    assert owned == []
    allowed = live.ask(
        "select has_schema_privilege(%s, 'airside', 'create'), has_schema_privilege(%s, 'public', 'create')",
        live.app,
        live.app,
    )
    assert tuple(allowed[0]) == (False, False)


def test_owner_of_the_tables_obeys_the_policies_too(live: Live) -> None:
    """FORCE ROW LEVEL SECURITY means nothing to a superuser or a role with BYPASSRLS."""
    rows = live.ask(
        "select distinct r.rolname, r.rolsuper or r.rolbypassrls from pg_class c"
        " join pg_namespace n on n.oid = c.relnamespace join pg_roles r on r.oid = c.relowner"
        " where n.nspname = 'airside'"
    )
    assert [row[0] for row in rows if row[1]] == []


def test_there_are_no_triggers_rules_or_functions_that_borrow_rights(live: Live) -> None:
    triggers = live.ask(
        "select t.tgname from pg_trigger t join pg_class c on c.oid = t.tgrelid"
        " join pg_namespace n on n.oid = c.relnamespace where n.nspname = 'airside' and not t.tgisinternal"
    )
    rules = live.ask("select rulename from pg_rules where schemaname = 'airside'")
    borrowing = live.ask(
        "select p.proname from pg_proc p join pg_namespace n on n.oid = p.pronamespace"
        " where n.nspname = 'airside' and p.prosecdef"
    )
    assert (triggers, rules, borrowing) == ([], [], [])
