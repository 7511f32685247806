"""Two installations, and a tenant with something of everything that goes from one to the other."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from psycopg import AsyncConnection, sql

from airside.admin import OPERATOR
from airside.audit import Journal
from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.secret import Secret
from airside.custody import (
    TenantManifest,
    export_tenant,
    import_tenant,
    read_file,
    write_new,
)
from airside.custody import records_backup as records
from airside.identity import User
from airside.oauth import Client
from airside.permissions import TupleKey
from airside.store import Engine
from airside.tenancy import RoleDraft
from airside.vault import Vault
from airside.vault.columns import SEALED
from airside.vault.kms.local import LocalKek
from airside.vault.model import Place as Spot
from airside.vault.persons import open_personal, person_of
from tests.makers import Database, MakeDatabase
from tests.running import Place, Running, running
from tests.trips.visitor import NATIVE, tokens_for

CANARIES = 50
FILLED = (
    "tenant.name_sealed",
    "user_account.profile_sealed",
    "password_credential.hash",
    "app_secret_version.value_sealed",
    "signing_key.private_sealed",
    "audit_key.private_sealed",
    "audit_record.personal_sealed",
    "person_key.wrapped",
)
DOCUMENTS = """
model
  schema 1.1
type user
type doc
  relations
    define viewer: [user]
"""


@dataclass
class World:
    """The installation that a tenant leaves: the tenant with something of everything, a neighbour, and a key."""

    database: Database
    server: Running
    place: Place
    neighbour: Place
    user: User
    client: Client
    store_id: str
    canaries: list[str]
    tokens: dict[str, Any]
    kek: LocalKek
    transfer: LocalKek
    folder: Path
    entropy: Entropy

    async def export(self, name: str = "acme.tenant") -> Path:
        file = self.folder / name
        await write_new(file, self.made(self.transfer))
        return file

    def made(self, transfer: LocalKek) -> AsyncGenerator[bytes]:
        slug = self.place.slug
        return export_tenant(self.database.app, slug, kek=self.kek, transfer=transfer, entropy=self.entropy)


@asynccontextmanager
async def origin(
    migrated: MakeDatabase, folder: Path, *, kek: LocalKek, clock: Clock, entropy: Entropy
) -> AsyncGenerator[World]:
    """One whose server answers until the context ends."""
    async with (
        migrated() as database,
        running(database.app, folder / "1", kek=kek, clock=clock, entropy=entropy) as server,
    ):
        place, neighbour = await server.tenant(), await server.tenant()
        user = await place.user("administrator")
        client, _ = await place.client(NATIVE)
        store_id, canaries = await filled(place, user, entropy)
        yield World(
            database=database,
            server=server,
            place=place,
            neighbour=neighbour,
            user=user,
            client=client,
            store_id=store_id,
            canaries=canaries,
            tokens=await tokens_for(place, client, user),
            kek=kek,
            transfer=LocalKek.create(folder / "transfer.key", development=False, entropy=entropy),
            folder=folder,
            entropy=entropy,
        )


async def with_another_tenant(world: World) -> World:
    """The same installation, and a new tenant in it that leaves, with which a test may do what it likes."""
    place = await world.server.tenant()
    user, (client, _) = await place.user("administrator"), await place.client(NATIVE)
    return replace(world, place=place, user=user, client=client, store_id="", canaries=[], tokens={})


async def filled(place: Place, user: User, entropy: Entropy) -> tuple[str, list[str]]:
    """A role, a permission store and secrets; the words that nobody may read in the file."""
    services, words = place.server.services, list[str]()
    async with place.operator() as ctx:
        role = await services.role_admin.create(ctx, RoleDraft("readers", "", frozenset({"users:read"})))
        await services.role_admin.assign(ctx, user.id, role.role_id)
        store = await services.permissions.stores.create(ctx, "drive")
        await services.permissions.models.write(ctx, store.id, DOCUMENTS)
        await services.permissions.tuples.write(ctx, store.id, writes=[TupleKey("user:anne", "viewer", "doc:1")])
        for number in range(CANARIES // 2):
            word = f"kanari{number:02}{entropy.bytes(6).hex()}"
            await services.users.create(ctx, f"{word}@example.com", f"Name {word}")
            await services.secret_store.put(ctx, f"billing/{number}", Secret(f"value-{word}"))
            words += [word, f"value-{word}"]
    return store.id, words


@dataclass
class Elsewhere:
    """Another installation, with a key encryption key of its own."""

    database: Database
    kek: LocalKek
    engine: Engine
    journal: Journal


@asynccontextmanager
async def elsewhere(migrated: MakeDatabase, folder: Path, clock: Clock, entropy: Entropy) -> AsyncGenerator[Elsewhere]:
    """Empty."""
    kek = LocalKek.create(folder / "other-kek", development=True, entropy=entropy)
    journal = Journal(vault=Vault(kek=kek, entropy=entropy, clock=clock), entropy=entropy)
    async with migrated() as database, Engine(database.app, clock=clock, entropy=entropy) as engine:
        yield Elsewhere(database, kek, engine, journal)


async def brought(
    world: World, there: Elsewhere, file: Path, transfer: LocalKek | None = None, slug: str | None = None
) -> TenantManifest:
    """Imported by the application's own role."""
    return await import_tenant(
        there.database.app,
        read_file(file),
        kek=there.kek,
        transfer=transfer or world.transfer,
        engine=there.engine,
        journal=there.journal,
        principal=OPERATOR,
        slug=slug,
    )


async def opened_columns(place: Place, database: Database) -> dict[str, int]:
    """How many values of each sealed column there are; each opens in its place."""
    vault, counted = place.server.services.vault, dict[str, int]()
    async with await AsyncConnection.connect(database.app) as connection, place.operator() as ctx:
        await records.enter(connection, place.tenant_id)
        keyset = await vault.keyset(ctx)
        for column in SEALED:
            names = map(sql.Identifier, (column.column, *column.key))
            text = sql.SQL("select {} from {} where {} is not null").format(
                sql.SQL(", ").join(names), sql.Identifier("airside", column.table), sql.Identifier(column.column)
            )
            found = await (await connection.execute(text)).fetchall()
            for sealed, *key in found:
                owner = person_of(sealed)
                person = None if owner is None else await vault.persons.of(ctx, owner)
                open_personal(keyset, person, Spot(column.table, column.column, column.row(*key)), sealed)
            counted[f"{column.table}.{column.column}"] = len(found)
    return counted
