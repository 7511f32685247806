"""Where backups are kept, each kind started when a test asks for it; and an installation that a tenant leaves."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.store.migrate import migrate, role_of
from airside.vault.kms.local import LocalKek
from tests.custody.stores import S3, Folder, Kept, s3
from tests.custody.transfer_world import World, filled
from tests.makers import MakeDatabase
from tests.running import running
from tests.trips.visitor import NATIVE, tokens_for
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


@pytest.fixture
async def world(
    blank_database: MakeDatabase, tmp_path: Path, kek: LocalKek, clock: Clock, entropy: Entropy
) -> AsyncIterator[World]:
    async with blank_database() as database:
        await migrate(database.owner, role_of(database.app))
        async with running(database.app, tmp_path / "1", kek=kek, clock=clock, entropy=entropy) as server:
            place, neighbour = await server.tenant(), await server.tenant()
            user = await place.user("administrator")
            client, _ = await place.client(NATIVE)
            store_id, canaries = await filled(place, user, entropy)
            tokens = await tokens_for(place, client, user)
            transfer = LocalKek.create(tmp_path / "acme.key", development=False, entropy=entropy)
            yield World(
                database=database,
                server=server,
                place=place,
                neighbour=neighbour,
                user=user,
                client=client,
                store_id=store_id,
                canaries=canaries,
                tokens=tokens,
                kek=kek,
                transfer=transfer,
                folder=tmp_path,
                entropy=entropy,
            )
