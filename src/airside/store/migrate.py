"""Numbered SQL files, applied once each, in order, by the owner role.

Each file is one transaction together with its row in `airside.migration`, so a kill at any statement leaves the
file wholly applied or wholly absent, and the next run goes on. A file that changed after it was applied is
refused. Policies and grants are made from `catalogue.TABLES` whenever that catalogue changes.

In a file, a statement ends at a line that ends with `;` outside `$$`.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.resources import files
from typing import Final, LiteralString, cast

import psycopg
from psycopg import AsyncConnection, sql
from psycopg.conninfo import conninfo_to_dict

from airside.core.errors import Misconfigured
from airside.store.catalogue import TABLES, Table
from airside.store.errors import Away

LOCK: Final = 0x41495253
"""The advisory lock that lets one migration run at a time: "AIRS"."""

CATALOGUE_VERSION: Final = 0
POLICY: Final = "tenant_id = nullif(current_setting('airside.tenant_id', true), '')::uuid"

BOOTSTRAP: Final = (
    "create schema if not exists airside",
    """create table if not exists airside.migration (
        version integer not null, name text not null, checksum text not null, applied_at timestamptz not null,
        constraint migration_pkey primary key (version))""",
)
RECORD: Final = """
insert into airside.migration (version, name, checksum, applied_at) values (%s, %s, %s, now())
on conflict (version) do update set checksum = excluded.checksum, applied_at = excluded.applied_at
"""

OnStatement = Callable[[str, int, int], None]
"""Called before each statement with the file's name, the statement's number from 1, and how many there are."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One numbered file."""

    version: int
    name: str
    statements: tuple[str, ...]
    checksum: str


def load() -> list[Migration]:
    """Every migration this build carries, in order."""
    found: list[Migration] = []
    for file in sorted(files("airside.store").joinpath("migrations").iterdir(), key=lambda item: item.name):
        if file.name.endswith(".sql"):
            text = file.read_text("utf-8")
            digest = hashlib.sha256(text.encode()).hexdigest()
            found.append(Migration(int(file.name[:4]), file.name[:-4], tuple(split(text)), digest))
    return found


def split(text: str) -> Iterator[str]:
    """The statements of one file."""
    statement: list[str] = []
    quoted = False
    for line in text.splitlines():
        code = line.split("--", 1)[0].rstrip() if not quoted else line.rstrip()
        if not code and not statement:
            continue
        statement.append(code)
        quoted ^= code.count("$$") % 2 == 1
        if code.endswith(";") and not quoted:
            yield "\n".join(statement).removesuffix(";")
            statement = []
    if any(part.strip() for part in statement):
        raise ValueError("a migration ends within a statement")


async def migrate(owner_dsn: str, app_role: str, on_statement: OnStatement | None = None) -> list[str]:
    """Bring the database up to this build; the names of what was applied.

    Args:
        owner_dsn: connection string of the role that owns the schema.
        app_role: the login role that gets the catalogue's grants, and nothing else.

    Raises:
        Misconfigured: an applied file has changed, the database is newer than this build, or roles don't fit.
        Away: the database can't be reached.
    """
    tell = on_statement or _silent
    try:
        async with await AsyncConnection.connect(owner_dsn, autocommit=True, connect_timeout=10) as connection:
            await connection.execute("select pg_advisory_lock(%s)", (LOCK,))
            await _check_app_role(connection, app_role)
            for statement in BOOTSTRAP:
                await connection.execute(cast("LiteralString", statement))
            applied = await _applied(connection)
            migrations = load()
            _refuse_drift(migrations, applied)
            done = [
                await _apply(connection, migration, tell)
                for migration in migrations
                if migration.version not in applied
            ]
            checksum = hashlib.sha256(repr((sorted(TABLES.items()), POLICY, app_role)).encode()).hexdigest()
            if done or applied.get(CATALOGUE_VERSION) != checksum:
                statements = tuple(_catalogue_statements(app_role))
                done.append(
                    await _apply(connection, Migration(CATALOGUE_VERSION, "catalogue", statements, checksum), tell)
                )
            return done
    except psycopg.OperationalError as error:
        raise Away(error) from error


def _silent(_name: str, _number: int, _total: int) -> None:
    """Tell nobody."""


async def _applied(connection: AsyncConnection) -> dict[int, str]:
    cursor = await connection.execute("select version, checksum from airside.migration")
    return dict(await cursor.fetchall())


def _refuse_drift(migrations: list[Migration], applied: dict[int, str]) -> None:
    known = {migration.version: migration for migration in migrations}
    for version, checksum in applied.items():
        if version == CATALOGUE_VERSION:
            continue
        if version not in known:
            raise Misconfigured(
                "AIRSIDE_DATABASE_OWNER_URL",
                f"the database has migration {version}, which this build doesn't know: run the newer build",
            )
        if known[version].checksum != checksum:
            raise Misconfigured(
                f"migration {known[version].name}",
                "the file has changed since it was applied: restore it, and add a new one instead",
            )


async def _apply(connection: AsyncConnection, migration: Migration, tell: OnStatement) -> str:
    total = len(migration.statements)
    async with connection.transaction():
        for number, statement in enumerate(migration.statements, 1):
            tell(migration.name, number, total)
            await connection.execute(cast("LiteralString", statement))
        await connection.execute(RECORD, (migration.version, migration.name, migration.checksum))
    return migration.name


async def _check_app_role(connection: AsyncConnection, app_role: str) -> None:
    cursor = await connection.execute(
        "select rolsuper or rolbypassrls, rolname = current_user from pg_roles where rolname = %s",
        (app_role,),
    )
    found = await cursor.fetchone()
    if found is None:
        raise Misconfigured(
            "AIRSIDE_DATABASE_URL",
            f"its role {app_role!r} doesn't exist: create it with CREATE ROLE … LOGIN (no other rights)",
        )
    if found[0] or found[1]:
        raise Misconfigured(
            "AIRSIDE_DATABASE_URL",
            "its role must be neither the owner, nor a superuser, nor able to bypass row-level security",
        )


def _catalogue_statements(app_role: str) -> Iterator[str]:
    role = sql.Identifier(app_role).as_string()
    yield "revoke all on schema airside from public"
    yield f"grant usage on schema airside to {role}"
    yield "revoke all on all functions in schema airside from public"
    yield f"grant execute on function airside.set_tenant(uuid) to {role}"
    for name, table in TABLES.items():
        yield from _table_statements(sql.Identifier("airside", name).as_string(), table, role)


def _table_statements(name: str, table: Table, role: str) -> Iterator[str]:
    yield f"revoke all on {name} from public, {role}"
    yield f"grant {', '.join(table.rights)} on {name} to {role}"
    if table.scope == "tenant":
        yield f"alter table {name} enable row level security"
        yield f"alter table {name} force row level security"
        yield f"drop policy if exists tenant_isolation on {name}"
        yield f"create policy tenant_isolation on {name} using ({POLICY}) with check ({POLICY})"


def role_of(dsn: str) -> str:
    """The login role that a connection string names, or an empty string."""
    return str(conninfo_to_dict(dsn).get("user") or "")
