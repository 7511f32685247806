"""Every statement keeps the rules that let one PostgreSQL become a distributed one: the tenant stands in each."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from airside.assurance.sql_tree import lint_file, python_files
from airside.store.catalogue import TABLES

if TYPE_CHECKING:
    from tests.house.conftest import Text

TENANT_TABLES = {name for name, table in TABLES.items() if table.scope == "tenant"}
_NOISE = re.compile(r"--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'|\$\$.*?\$\$", re.DOTALL)
_TOKEN = re.compile(r"%\(\w+\)s|%s|[a-z_][\w.]*|\{\}|''|[0-9.]+|[^\s\w]")
_NAMED = re.compile(r"(?:\b(?:from|join|into|update|using|only|table)|,)\s+airside\.(\w+)")
_FORBIDDEN_WORDS = (
    "clock_timestamp",
    "gen_random_uuid",
    "set_config",
    "now",
    "current_timestamp",
    "statement_timestamp",
)
_EQUATED = re.compile(r"\btenant_id\s*=\s*(?:any\b)?|\busing\s*\(\s*tenant_id\b|=\s*(?:\w+\.)?tenant_id\b")
_ASSIGNED = re.compile(r"^(?:excluded\.\w+|%s|%\(\w+\)s|null|true|false|''|[0-9.]+)(?:::\w+(?:\[\])?)?$")
_NEVER_IN_MIGRATIONS = (
    r"create (?:or replace )?(?:constraint )?trigger\b",
    r"on delete set (?:null|default)",
    r"create policy",
    r"\bgrant\b",
    r"security definer",
    r"gen_random_uuid",
    r"clock_timestamp",
)


def plain(sql: str) -> str:
    """Lower case, without comments; what stands in quotes becomes an empty string."""
    return " ".join(_NOISE.sub(lambda match: "''" if match[0].startswith("'") else " ", sql).lower().split())


def tables_in(text: str) -> list[str]:
    """Our tables, as often as they are read or written by name."""
    return [name for name in _NAMED.findall(text) if name in TABLES]


def faults(sql: str) -> list[str]:
    """What the rules have against one statement."""
    text = plain(sql)
    named = tables_in(text)
    found = _form(text, any(TABLES[name].scope != "local" for name in named))
    if any(name in TENANT_TABLES for name in named):
        found += _tenant(text, [name for name in named if name in TENANT_TABLES])
    return found + _conflict(text)


def _form(text: str, names_table: bool) -> list[str]:
    found: list[str] = []
    if ";" in text.rstrip("; "):
        found.append("several statements in one text")
    if re.match(r"merge\b", text) or "on delete set null" in text or "create trigger" in text:
        found.append("a form that the scale-out engine lacks")
    words = set(_TOKEN.findall(text))
    if names_table and words & set(_FORBIDDEN_WORDS):
        found.append(f"{sorted(words & set(_FORBIDDEN_WORDS))}: time and ids come from the context")
    if names_table and re.search(r"\bpg_(?:notify|advisory\w*|try_advisory\w*)\b", text):
        found.append("a lock or a notification shares a statement with a table")
    if re.search(r"\binsert\b[^()]*\([^)]*\)\s*(?:with|select)\b", text) and not re.search(
        r"\breturning\b|\bon conflict\b", text
    ):
        found.append("INSERT … SELECT without RETURNING or ON CONFLICT")
    bare = re.findall(
        r"\b(?:from|join|into)\s+(?!airside\.|pg_|only\b|lateral\b|unnest|generate_series)([a-z_]\w*)", text
    )
    known = set(re.findall(r"(?:\bwith(?: recursive)?|,)\s*(\w+)\s*(?:\([^)]*\)\s*)?as\s*(?:materialized\s*)?\(", text))
    found += [f"{name}: a table without its schema" for name in bare if name in TABLES and name not in known]
    return found


def _tenant(text: str, named: list[str]) -> list[str]:
    inserted = re.findall(r"\binsert into airside\.(\w+)(?:\s+as\s+\w+)?\s*\(([^)]*)\)", text)
    found = [f"{table}: inserted without tenant_id" for table, columns in inserted if "tenant_id" not in columns]
    if text.count("insert into") != len(inserted):
        found.append("an INSERT that doesn't say its columns")
    others = len(named) - len(inserted)
    if others > len(_EQUATED.findall(text)):
        found.append(f"{others} tables, but tenant_id is equated {len(_EQUATED.findall(text))} times")
    if others > 0 and not inserted and not re.search(r"tenant_id\s*=\s*%(?:\(\w+\))?s", text):
        found.append("tenant_id isn't a parameter")
    if re.search(r"\bset\s+(?:\w+\s*=[^,]+,\s*)*tenant_id\s*=", text):
        found.append("tenant_id is never updated")
    if "tenant_id::text" in text:
        found.append("tenant_id compared as text")
    return found


def _conflict(text: str) -> list[str]:
    found: list[str] = []
    for clause in re.findall(r"\bdo update set\s+(.*?)(?:\bwhere\b|\breturning\b|$)", text):
        for assignment in clause.split(","):
            _column, _, value = assignment.partition("=")
            if not _ASSIGNED.match(value.strip()):
                found.append(f"ON CONFLICT DO UPDATE with {value.strip()!r}")
    return found


def test_every_statement_keeps_the_rules(sql_of_package: "list[Text]") -> None:
    wrong = [f"{text}: {fault}" for text in sql_of_package for fault in faults(text.sql)]
    assert wrong == []


def test_statements_are_found_at_all(sql_of_package: "list[Text]") -> None:
    """A walk that finds nothing proves nothing."""
    named = {name for text in sql_of_package for name in tables_in(plain(text.sql))}
    assert TENANT_TABLES - named == set(), "tables that no statement names, or that the walk can't see"


@pytest.mark.parametrize(
    "statement",
    [
        "select a from airside.{t} where id = %s",
        "select a from airside.{t} where tenant_id = tenant_id and id = %s",
        "insert into airside.{t} (id) values (%s)",
        "insert into airside.{t} values (%s)",
        "update airside.{t} set a = clock_timestamp() where tenant_id = %s",
        "update airside.{t} set tenant_id = %s where tenant_id = %s",
        "delete from airside.{t} where id = %s",
        "delete from {t} where tenant_id = %s",
        "select x.a from airside.{t} x join airside.{t} y on y.id = x.id where x.tenant_id = %s",
        "select a from airside.{t} where tenant_id::text = %s and tenant_id = %s",
        "insert into airside.{t} (tenant_id, id) select %s, id from airside.{t} where tenant_id = %s",
        "insert into airside.{t} (tenant_id, n) values (%s, 1) on conflict (tenant_id) do update set n = {t}.n + 1",
        "select pg_advisory_xact_lock(1) from airside.{t} where tenant_id = %s",
        "select a from airside.{t} where tenant_id = %s; select 1",
    ],
)
def test_statement_that_breaks_a_rule_is_caught(statement: str) -> None:
    table = min(TENANT_TABLES)
    assert faults(statement.replace("{t}", table)) != []


@pytest.mark.parametrize(
    "statement",
    [
        "select a from airside.{t} where tenant_id = %s and id = %s for update",
        "insert into airside.{t} (tenant_id, a) values (%s, %s) on conflict (tenant_id) do update set a = excluded.a",
        "select x.a from airside.{t} x join airside.{t} y on y.tenant_id = x.tenant_id where x.tenant_id = %s",
        "with spent as (delete from airside.{t} where tenant_id = %s returning id) select id from spent",
    ],
)
def test_lawful_statement_passes(statement: str) -> None:
    table = min(TENANT_TABLES)
    assert faults(statement.replace("{t}", table)) == []


def test_migrations_name_their_constraints_and_lack_what_we_never_use(root: Path) -> None:
    wrong: list[str] = []
    for path in sorted((root / "src/airside/store/migrations").glob("*.sql")):
        text = plain(path.read_text("utf-8"))
        for pattern in _NEVER_IN_MIGRATIONS:
            wrong += [f"{path.name}: {match}" for match in re.findall(pattern, text)]
        for match in re.finditer(r"(\S+ \S+) (primary key|unique|foreign key|check) \(", text):
            if not match[1].startswith("constraint "):
                wrong.append(f"{path.name}: unnamed {match[2]}")
    assert wrong == []


def test_no_statement_is_built_as_a_string(root: Path) -> None:
    """N30: the lint that `airside sql lint` offers others holds for the package and its examples."""
    files = [file for top in ("src", "examples") for file in python_files(root / top)]
    assert len(files) > 300
    assert [str(finding) for file in files for finding in lint_file(file)] == []
