"""Where backups are kept, each kind started when a test asks for it; and databases to back up, filled once."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.store.migrate import migrate, role_of
from airside.vault.kms.local import LocalKek
from tests.custody.backup_world import Filled, World, filled, world_of
from tests.custody.databases import copy_of
from tests.custody.stores import S3, Folder, Kept, s3
from tests.custody.transfer_world import World as Origin
from tests.custody.transfer_world import origin
from tests.makers import Database, MakeDatabase
from tests.vault.kms.services import credentials


@pytest.fixture(scope="session")
def s3_service() -> Iterator[S3]:
    with credentials(), s3() as service:
        yield service


@pytest.fixture(params=["directory", "s3"])
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> Kept:
    """An empty place for backups."""
    if request.param == "directory":
        return Folder(tmp_path / "backups")
    service: S3 = request.getfixturevalue("s3_service")
    return service.bucket()


@pytest.fixture(scope="session")
async def migrated(blank_database: MakeDatabase) -> AsyncIterator[MakeDatabase]:
    """Makes migrated scratch databases without a row in them."""
    async with blank_database() as template:
        await migrate(template.owner, role_of(template.app))
        yield lambda: copy_of(template)


@pytest.fixture(scope="session")
async def two_tenants(
    migrated: MakeDatabase,
    tmp_path_factory: pytest.TempPathFactory,
    kek: LocalKek,
    clock: Clock,
    entropy: Entropy,
) -> AsyncIterator[Filled]:
    """What nobody changes: whoever wants to write takes a copy."""
    async with migrated() as database:
        yield await filled(database, tmp_path_factory.mktemp("filled"), kek=kek, clock=clock, entropy=entropy)


@pytest.fixture
def world(two_tenants: Filled, kept: Kept, kek: LocalKek, clock: Clock, entropy: Entropy) -> World:
    return world_of(two_tenants, kept, kek=kek, clock=clock, entropy=entropy)


@pytest.fixture
async def empty(migrated: MakeDatabase) -> AsyncIterator[Database]:
    """A migrated database without a row in it."""
    async with migrated() as database:
        yield database


@pytest.fixture(scope="module")
async def whole_origin(
    migrated: MakeDatabase,
    tmp_path_factory: pytest.TempPathFactory,
    kek: LocalKek,
    clock: Clock,
    entropy: Entropy,
) -> AsyncIterator[Origin]:
    folder = tmp_path_factory.mktemp("origin")
    async with origin(migrated, folder, kek=kek, clock=clock, entropy=entropy) as made:
        yield made


@pytest.fixture
def leaving(whole_origin: Origin, tmp_path: Path) -> Origin:
    """The installation that a tenant leaves, whose files go into an empty folder. The tenant isn't changed: whoever
    wants to change one takes another."""
    return replace(whole_origin, folder=tmp_path)
