"""A database with something of everything in it, and a store of its backups."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.custody import ArchivedKeys, Backups, Manifest, Restored, restore
from airside.custody.backup_model import Name
from airside.identity import User
from airside.vault import Aead
from tests.custody.databases import copy_of
from tests.custody.stores import Kept, store_of
from tests.makers import Database
from tests.running import Place, Running, running


@dataclass(frozen=True)
class Filled:
    """Two tenants with an administrator each, whose audit records are in order. No server runs there: nothing changes.
    Whoever writes takes a copy."""

    database: Database
    slugs: tuple[str, str]
    tenants: tuple[UUID, UUID]
    users: tuple[User, User]


async def filled(database: Database, folder: Path, *, kek: Aead, clock: Clock, entropy: Entropy) -> Filled:
    """The migrated `database`, filled."""
    async with running(database.app, folder, kek=kek, clock=clock, entropy=entropy) as server:
        one, other = await server.tenant(), await server.tenant()
        users = (await one.user("administrator"), await other.user("administrator"))
        for place in (one, other):
            async with place.operator() as ctx:
                await server.services.sequencer.sequence(ctx)
    return Filled(database, (one.slug, other.slug), (one.tenant_id, other.tenant_id), users)


@dataclass(frozen=True)
class World:
    """A filled database and an empty store of backups."""

    filled: Filled
    kept: Kept
    backups: Backups
    keys: ArchivedKeys

    @property
    def database(self) -> Database:
        return self.filled.database

    async def create(self, database: Database | None = None) -> Manifest:
        return await self.backups.create((database or self.database).app)

    async def restore(self, manifest: Manifest, into: Database) -> Restored:
        return await restore(self.backups, self.keys, Name(manifest.name), into.owner)


def world_of(filled: Filled, kept: Kept, *, kek: Aead, clock: Clock, entropy: Entropy) -> World:
    """Backups of `filled` in `kept`."""
    store = store_of(kept, clock)
    return World(
        filled,
        kept,
        Backups(store, kek=kek, clock=clock, entropy=entropy),
        ArchivedKeys(store, kek=kek, clock=clock, entropy=entropy),
    )


@dataclass(frozen=True)
class Live:
    """A server on a copy of a filled database."""

    database: Database
    server: Running
    places: tuple[Place, Place]


@asynccontextmanager
async def live(filled: Filled, folder: Path, *, kek: Aead, clock: Clock, entropy: Entropy) -> AsyncGenerator[Live]:
    """One that answers until the context ends."""
    async with (
        copy_of(filled.database) as database,
        running(database.app, folder, kek=kek, clock=clock, entropy=entropy) as server,
    ):
        one, other = (Place(server, slug, tenant) for slug, tenant in zip(filled.slugs, filled.tenants, strict=True))
        yield Live(database, server, (one, other))
