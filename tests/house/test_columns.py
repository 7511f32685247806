"""Every column that can hold words or bytes is sealed, or says why it needn't be: on the live database."""

from collections.abc import Iterator

import psycopg
import pytest
from psycopg import Connection
from psycopg.rows import TupleRow

from airside.store.catalogue import TABLES
from airside.vault.columns import PEPPERED, SEALED
from airside.vault.indexes import FULL, INDEXES, LASTING, STRENGTHS
from airside.vault.public import INDEX, PUBLIC
from airside.wiring.indexes import VALUES

_COLUMNS = """
    select c.relname, a.attname, format_type(a.atttypid, null)
      from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = 'airside' and c.relkind in ('r', 'p') and not c.relispartition
       and a.attnum > 0 and not a.attisdropped
"""
_KEYS = """
    select c.relname, array(select a.attname::text from unnest(i.indkey::int[]) with ordinality k(attnum, place)
                              join pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum order by k.place)
      from pg_index i join pg_class c on c.oid = i.indrelid join pg_namespace n on n.oid = c.relnamespace
     where n.nspname = 'airside' and i.indisunique and i.indpred is null
"""
_UNOWNED = "select tablename, indexname, indexdef from pg_indexes where schemaname = 'airside'"
_TELLING = {"text", "bytea", "jsonb", "json", "character varying", "xml", "inet", "text[]", "bytea[]", "jsonb[]"}
_SCALARS = {"uuid", "integer", "bigint", "smallint", "boolean", "timestamp with time zone", "double precision", "date"}
_SAFE = _SCALARS | {f"{each}[]" for each in _SCALARS} | {"interval", "numeric", "real"}


@pytest.fixture
def connection(superuser_dsn: str) -> Iterator[Connection[TupleRow]]:
    with psycopg.connect(superuser_dsn) as opened:
        yield opened


def test_every_column_is_sealed_or_says_why_not(connection: Connection[TupleRow]) -> None:
    live = {(table, name): kind for table, name, kind in connection.execute(_COLUMNS).fetchall()}
    assert {kind for kind in live.values() if kind not in _TELLING | _SAFE} == set()
    telling = {column for column, kind in live.items() if kind in _TELLING}
    sealed = {(each.table, each.column) for each in SEALED}
    assert len(sealed) == len(SEALED), "sealed twice"
    public = {(table, column) for table, columns in PUBLIC.items() for column in columns}
    assert telling - sealed - public == set(), "neither sealed nor declared public"
    assert (sealed | public) - telling == set(), "declared and not there"
    assert sealed & public == set(), "declared twice"


def test_what_is_sealed_anew_is_found_by_a_unique_key(connection: Connection[TupleRow]) -> None:
    keys = {(table, *columns) for table, columns in connection.execute(_KEYS).fetchall()}
    for column in SEALED:
        if not column.kept and column.table != "tenant":
            assert (column.table, "tenant_id", *column.key) in keys, column
    assert ("tenant", "tenant_id") in keys
    assert {column.table for column in SEALED} >= set(PEPPERED)


def test_what_is_of_one_person_is_under_their_own_key_or_says_why_not(connection: Connection[TupleRow]) -> None:
    """Decision 0024: or it would stay readable in every backup from before they were erased."""
    live = {(table, name) for table, name, _ in connection.execute(_COLUMNS).fetchall()}
    for column in SEALED:
        said = [reason for reason in (column.owner, column.shared, column.kept) if reason]
        assert len(said) == 1 if (column.table, "user_id") in live else not column.owner, column
        assert not column.owner or (column.table, column.owner) in live, column
        assert not column.shared or len(column.shared) >= 12, column


def test_what_the_tenants_key_still_seals_of_a_person_is_found_by_an_index(connection: Connection[TupleRow]) -> None:
    found = {(table, name): text for table, name, text in connection.execute(_UNOWNED).fetchall()}
    for column in SEALED:
        if column.owner:
            index = found[column.table, f"{column.table}_{column.column.removesuffix('_sealed')}_unowned"]
            assert f"(tenant_id, {', '.join(column.key)})" in index, column
            assert f"{column.owner} IS NOT NULL" in index, column


def test_every_blind_index_declares_its_strength() -> None:
    indexes = {(table, name) for table, columns in PUBLIC.items() for name, why in columns.items() if why == INDEX}
    assert set(STRENGTHS) == indexes
    assert [each for each in STRENGTHS.values() if each.bits % 8 or not 8 <= each.bits <= FULL] == []


def test_every_blind_index_is_computed_anew_or_its_key_is_kept(connection: Connection[TupleRow]) -> None:
    """What is computed anew says from which sealed column, by which rows, and its room says of which values."""
    assert set(VALUES) == set(INDEXES)
    assert INDEXES.keys() & LASTING.keys() == set()
    keys = {(table, *columns) for table, columns in connection.execute(_KEYS).fetchall()}
    sealed = {(each.table, each.column): each for each in SEALED}
    for (table, column), index in INDEXES.items():
        assert any((table, "tenant_id", *index.key[:count]) in keys for count in (1, 2, 3)), (table, column)
        assert set(sealed[index.source].key) <= set(index.key), (table, column)
        assert not sealed[index.source].kept, (table, column)
        assert "update" in TABLES[table].rights, (table, column)


def test_what_is_only_added_to_is_never_sealed_anew() -> None:
    assert {each.table for each in SEALED if not each.kept and "update" not in TABLES[each.table].rights} == set()


def test_what_is_not_computed_anew_says_when_it_was_made(connection: Connection[TupleRow]) -> None:
    """A former index key is kept for as long as there is any of them from its time."""
    live = {(table, name): kind for table, name, kind in connection.execute(_COLUMNS).fetchall()}
    assert {live[table, "created_at"] for table, _ in LASTING} == {"timestamp with time zone"}


def test_an_index_that_a_unique_key_rests_on_is_whole(connection: Connection[TupleRow]) -> None:
    keyed = {(table, column) for table, columns in connection.execute(_KEYS).fetchall() for column in columns}
    assert [place for place in STRENGTHS.keys() & keyed if STRENGTHS[place].bits != FULL] == []


def test_every_reason_says_something() -> None:
    reasons = [reason for columns in PUBLIC.values() for reason in columns.values()]
    reasons += [strength.why for strength in STRENGTHS.values()]
    assert [reason for reason in reasons if len(reason) < 12] == []
