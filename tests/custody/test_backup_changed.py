"""Backups that somebody changed: refused, and nothing of them is written."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

import pytest

from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.custody import Manifest
from airside.custody.backup_model import Damaged
from airside.vault.kms.local import LocalKek
from tests.custody.backup_world import Filled, World, world_of
from tests.custody.databases import is_empty
from tests.custody.stores import S3, Folder, Kept
from tests.makers import Database, MakeDatabase


@dataclass(frozen=True)
class Twice:
    """Two backups of one database, and an empty one to restore into."""

    world: World
    one: Manifest
    other: Manifest
    target: Database


@pytest.fixture(scope="module", params=["directory", "s3"])
async def twice(
    request: pytest.FixtureRequest,
    two_tenants: Filled,
    migrated: MakeDatabase,
    tmp_path_factory: pytest.TempPathFactory,
    kek: LocalKek,
    clock: Clock,
    entropy: Entropy,
) -> AsyncIterator[Twice]:
    """Whoever changes a file puts it back; a restore that is refused leaves the target empty."""
    kept: Kept = Folder(tmp_path_factory.mktemp("twice") / "backups")
    if request.param == "s3":
        service: S3 = request.getfixturevalue("s3_service")
        kept = service.bucket()
    world = world_of(two_tenants, kept, kek=kek, clock=clock, entropy=entropy)
    async with migrated() as target:
        yield Twice(world, await world.create(), await world.create(), target)


@pytest.mark.parametrize("what", ["flipped", "cut", "longer", "swapped", "of another kind"])
@pytest.mark.parametrize("file", ["data", "manifest", "keys"])
async def test_changed_backup_is_refused_and_nothing_is_written(twice: Twice, file: str, what: str) -> None:
    """N41: corrupted, truncated, oversized, and of another backup."""
    kept, one, other = twice.world.kept, twice.one.name, twice.other.name
    changed = "keys" if file == "keys" else f"{one}.{file}"
    content = whole = kept.read(changed)
    match what:
        case "flipped":
            middle = len(content) // 2
            content = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
        case "cut":
            content = content[:-17]
        case "longer":
            content += b"\0" * 40
        case "swapped":
            content = kept.read(f"{other}.{'data' if file == 'keys' else file}")
        case _:
            content = kept.read(f"{one}.{'manifest' if file == 'data' else 'data'}")
    kept.write(changed, content)
    try:
        with pytest.raises(Damaged):
            await twice.world.restore(twice.one, twice.target)
    finally:
        kept.write(changed, whole)
    assert await is_empty(twice.target)


@pytest.mark.parametrize("file", ["keys", "forgotten"])
async def test_damaged_archive_of_keys_is_not_written_over(world: World, file: str) -> None:
    """Nobody is forgotten, nothing is lost: what is there may still be mended from a copy."""
    tenant, user = world.filled.tenants[0], world.filled.users[0]
    await world.create()
    await world.keys.forget(tenant, [UUID(int=1)])
    content = world.kept.read(file)
    changed = content[:40] + b"\xff" + content[41:]
    world.kept.write(file, changed)
    held = world.kept.read("keys")
    with pytest.raises(Damaged):
        await world.keys.forget(tenant, [user.id])
    assert world.kept.read("keys") == held
    if file == "forgotten":
        assert world.kept.read(file) == changed


async def test_backup_that_was_put_back_is_whole_again(twice: Twice, migrated: MakeDatabase) -> None:
    """What the others refuse is nothing but what they changed."""
    for manifest in (twice.one, twice.other):
        async with migrated() as target:
            assert (await twice.world.restore(manifest, target)).shut == ()
