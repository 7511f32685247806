"""What PostgreSQL's catalogue says of the role that asks and of what it reaches: rows, read and not judged.

Each role that it can become by SET ROLE counts, whether its rights are inherited or not.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from psycopg import AsyncConnection, Connection

_ROLE: Final = """
    select r.rolname::text, r.rolsuper, r.rolbypassrls, r.rolcreaterole, r.rolreplication,
           array(select m.rolname::text from pg_roles m
                  where m.oid <> r.oid and pg_has_role(r.oid, m.oid, 'MEMBER')
                    and (m.rolsuper or m.rolbypassrls or m.rolcreaterole or m.rolreplication
                         or m.rolname in ('pg_execute_server_program', 'pg_read_server_files', 'pg_write_server_files'))
                  order by 1)
      from pg_roles r where r.rolname = current_user
"""
_RELATIONS: Final = """
    select c.oid::bigint, n.nspname::text || '.' || c.relname::text, c.relkind::text,
           c.relrowsecurity, c.relforcerowsecurity,
           coalesce('security_invoker=true' = any(c.reloptions) or 'security_invoker=on' = any(c.reloptions), false),
           pg_has_role(c.relowner, 'MEMBER'), quote_ident(a.attname), a.attnotnull,
           array(select p.word from unnest(%(lasting)s::text[]) with ordinality p(word, place)
                  where exists (select from pg_roles m
                                 where pg_has_role(m.oid, 'MEMBER') and has_table_privilege(m.oid, c.oid, p.word))
                  order by p.place)
      from pg_class c join pg_namespace n on n.oid = c.relnamespace
      left join pg_attribute a on a.attrelid = c.oid and a.attname = %(column)s and not a.attisdropped
     where c.relkind in ('r', 'p', 'v', 'm', 'f')
       and n.nspname not in ('pg_catalog', 'information_schema') and n.nspname !~ '^pg_(toast|temp)'
       and exists (select from pg_roles m
                    where pg_has_role(m.oid, 'MEMBER')
                      and (has_table_privilege(m.oid, c.oid, 'DELETE, TRUNCATE')
                           or has_any_column_privilege(m.oid, c.oid, 'SELECT, INSERT, UPDATE')))
     order by 2
"""
_POLICIES: Final = """
    select p.polrelid::bigint, p.polname::text, p.polpermissive, p.polcmd::text,
           pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid), held.roles
      from pg_policy p
     cross join lateral (
           select array_agg(m.oid::bigint) as roles from pg_roles m
            where pg_has_role(m.oid, 'MEMBER')
              and (has_table_privilege(m.oid, p.polrelid, 'DELETE')
                   or has_any_column_privilege(m.oid, p.polrelid, 'SELECT, INSERT, UPDATE'))
              and (p.polroles = '{0}'
                   or exists (select from unnest(p.polroles) r(oid) where pg_has_role(m.oid, r.oid, 'USAGE')))) held
     where held.roles is not null
     order by 2
"""
_FOREIGN_KEYS: Final = """
    select k.conrelid::bigint, k.conname::text, k.confrelid::bigint,
           exists (select from unnest(k.conkey, k.confkey) p(here, there)
                     join pg_attribute a on a.attrelid = k.conrelid and a.attnum = p.here
                     join pg_attribute b on b.attrelid = k.confrelid and b.attnum = p.there
                    where a.attname = %(column)s and b.attname = %(column)s)
      from pg_constraint k where k.contype = 'f' order by 2
"""
_FUNCTIONS: Final = """
    select n.nspname::text || '.' || p.proname::text
      from pg_proc p join pg_namespace n on n.oid = p.pronamespace
     where p.prosecdef
       and exists (select from pg_roles m
                    where pg_has_role(m.oid, 'MEMBER') and has_function_privilege(m.oid, p.oid, 'EXECUTE'))
       and n.nspname not in ('pg_catalog', 'information_schema')
     order by 1
"""
_PRESET: Final = """
    select coalesce(d.datname::text, 'every database') || ', ' || coalesce(r.rolname::text, 'every role')
      from pg_db_role_setting s
      left join pg_database d on d.oid = s.setdatabase left join pg_roles r on r.oid = s.setrole
     where (s.setdatabase = 0 or d.datname = current_database()) and (s.setrole = 0 or r.rolname = current_user)
       and exists (select from unnest(s.setconfig) c(line) where starts_with(c.line, %(setting)s || '='))
    union all
    select 'this connection' where coalesce(current_setting(%(setting)s, true), '') <> ''
"""
BEYOND_ROWS: Final = ("TRUNCATE", "REFERENCES", "TRIGGER")
"""Rights over a whole table that no policy narrows (PostgreSQL manual, "Row Security Policies")."""


@dataclass(frozen=True, slots=True)
class Role:
    """Who asks."""

    name: str
    superuser: bool
    bypasses: bool
    makes_roles: bool
    replicates: bool
    can_become: tuple[str, ...]
    """Roles without bounds that it is a member of."""


@dataclass(frozen=True, slots=True)
class Relation:
    """A table or view that the role reaches. `column` is the tenant's as SQL spells it, or None."""

    oid: int
    name: str
    kind: str
    secured: bool
    forced: bool
    as_invoker: bool
    owned: bool
    column: str | None
    not_null: bool
    beyond: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """A policy that applies to the role or to one that it can become: to `roles`, of those that reach the table.
    `command` as in `pg_policy`: r, a, w, d or *."""

    table: int
    name: str
    permissive: bool
    command: str
    using: str | None
    check: str | None
    roles: frozenset[int]


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """`with_tenant` where it holds both rows to one tenant."""

    table: int
    name: str
    target: int
    with_tenant: bool


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that is judged, of one moment."""

    role: Role
    relations: tuple[Relation, ...]
    policies: tuple[PolicyRow, ...]
    foreign_keys: tuple[ForeignKey, ...]
    definers: tuple[str, ...]
    preset: tuple[str, ...]


_QUERIES: Final = (_ROLE, _RELATIONS, _POLICIES, _FOREIGN_KEYS, _FUNCTIONS, _PRESET)


def read_facts(connection: "Connection[Any]", *, column: str, setting: str) -> Facts:
    """What the catalogue says, to the role of `connection`."""
    with connection.transaction(), connection.cursor() as cursor:
        given = _given(column, setting)
        return _facts([cursor.execute(query.encode(), given).fetchall() for query in _QUERIES])


async def read_facts_async(connection: "AsyncConnection[Any]", *, column: str, setting: str) -> Facts:
    """As `read_facts`."""
    async with connection.transaction(), connection.cursor() as cursor:
        given = _given(column, setting)
        return _facts([await (await cursor.execute(query.encode(), given)).fetchall() for query in _QUERIES])


def _given(column: str, setting: str) -> dict[str, object]:
    return {"column": column, "setting": setting, "lasting": list(BEYOND_ROWS)}


def _facts(answers: list[list[Any]]) -> Facts:
    role, relations, policies, keys, definers, preset = answers
    name, superuser, bypasses, makes_roles, replicates, can_become = role[0]
    return Facts(
        Role(name, superuser, bypasses, makes_roles, replicates, tuple(can_become)),
        tuple(_relation(*row) for row in relations),
        tuple(PolicyRow(*row, roles=frozenset(reached)) for *row, reached in policies),
        tuple(ForeignKey(*row) for row in keys),
        tuple(row[0] for row in definers),
        tuple(row[0] for row in preset),
    )


def _relation(*row: Any) -> Relation:
    oid, name, kind, secured, forced, as_invoker, owned, column, not_null, beyond = row
    return Relation(oid, name, kind, secured, forced, as_invoker, owned, column, bool(not_null), tuple(beyond))
