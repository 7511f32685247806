"""Backups of a real database with every kind of thing in it, brought back into another."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from airside.core.clock import Clock
from airside.core.entropy import Entropy, SystemEntropy
from airside.core.errors import Conflict, InvalidInput, NotFound
from airside.core.ids import uuid7
from airside.core.secret import Secret
from airside.custody import Manifest, audited
from airside.custody.backup_model import Damaged, Name
from airside.store import Engine, Outbox
from airside.vault.kms.local import LocalKek
from tests.custody.backup_world import World, live, world_of
from tests.custody.databases import rows_of
from tests.custody.stores import Folder
from tests.makers import Database, MakeDatabase
from tests.running import PASSWORD, running

CANARIES = 1000


async def test_all_rows_come_back_and_the_audit_log_verifies(
    world: World, empty: Database, clock: Clock, entropy: Entropy
) -> None:
    """Nothing is lost and nothing is added (G27)."""
    manifest = await world.create()
    assert [found.name for found in await world.backups.list()] == [manifest.name]
    restored = await world.restore(manifest, empty)
    assert restored.shut == ()
    assert await rows_of(empty) == await rows_of(world.database)
    assert {tenant.hex for tenant in world.filled.tenants} <= manifest.heads.keys()
    async with Engine(empty.app, clock=clock, entropy=entropy) as engine:
        assert await audited(engine, manifest) == {}


async def test_what_is_put_after_a_restore_comes_after_what_was_brought_back(
    world: World, empty: Database, clock: Clock, entropy: Entropy
) -> None:
    """Items of one lane keep their order."""
    (tenant_id, *_), lane, outbox = world.filled.tenants, uuid7(clock.now(), entropy), Outbox(entropy=entropy)

    async def put(database: Database, kind: str) -> None:
        async with Engine(database.app, clock=clock, entropy=entropy) as engine, engine.begin(tenant_id) as ctx:
            await outbox.put(ctx, kind, subject=None, way="webhook", lane=lane)

    for kind in ("one", "two"):
        await put(world.database, kind)
    await world.restore(await world.create(), empty)
    await put(empty, "three")
    for database, kinds in ((empty, ("one", "two", "three")), (world.database, ("one", "two"))):
        async with Engine(database.app, clock=clock, entropy=entropy) as engine:
            for kind in kinds:
                async with engine.begin(tenant_id) as ctx:
                    (item,) = await outbox.take(ctx, way="webhook", limit=5, lease=timedelta(minutes=1))
                    assert item.kind == kind
                    await outbox.done(ctx, item)


async def test_restored_people_sign_in_with_their_passwords(
    world: World, empty: Database, tmp_path: Path, kek: LocalKek, clock: Clock, entropy: Entropy
) -> None:
    """Passwords hold under the restored keys (G27)."""
    await world.restore(await world.create(), empty)
    user = world.filled.users[0]
    async with (
        running(empty.app, tmp_path / "2", kek=kek, clock=clock, entropy=entropy) as again,
        again.services.engine.begin(world.filled.tenants[0]) as ctx,
    ):
        found = await again.services.users.get(ctx, user.id)
        assert found.email == user.email
        await again.services.passwords.prove(ctx, user.email, Secret(PASSWORD))


async def test_snapshot_is_one_moment_under_writes(
    world: World, empty: Database, tmp_path: Path, kek: LocalKek, clock: Clock, entropy: Entropy
) -> None:
    """A user who is being made is in the backup whole, or not at all."""
    stop = asyncio.Event()
    async with live(world.filled, tmp_path / "2", kek=kek, clock=clock, entropy=entropy) as here:

        async def write() -> int:
            made = 0
            while not stop.is_set():
                await here.places[made % 2].user("member")
                made += 1
            return made

        writing = asyncio.create_task(write())
        await asyncio.sleep(0.3)
        manifest = await world.create(here.database)
        stop.set()
        assert await writing > 0
    assert manifest.rows["user_account"] == manifest.rows["password_credential"]
    await world.restore(manifest, empty)


async def test_backup_holds_no_canary(
    world: World, tmp_path: Path, kek: LocalKek, clock: Clock, entropy: Entropy
) -> None:
    """N41, G16: of a thousand names and addresses, none is readable in any file of the target."""
    planted: list[str] = []
    async with live(world.filled, tmp_path / "2", kek=kek, clock=clock, entropy=entropy) as here:
        async with here.places[0].operator() as ctx:
            for number in range(CANARIES // 2):
                word = f"kanari{number:04}{SystemEntropy().bytes(4).hex()}"
                planted += [f"{word}@example.com", f"Name {word}"]
                await here.server.services.users.create(ctx, f"{word}@example.com", f"Name {word}")
        await world.create(here.database)
    stored = b"".join(map(world.kept.read, world.kept.files()))
    assert len(planted) == CANARIES
    assert [word for word in planted if word.encode() in stored] == []


async def test_database_that_has_a_tenant_is_refused(world: World) -> None:
    manifest = await world.create()
    before = await rows_of(world.database)
    with pytest.raises(Conflict, match="isn't empty"):
        await world.restore(manifest, world.database)
    assert await rows_of(world.database) == before


async def test_backups_made_at_once_do_not_mix(world: World, migrated: MakeDatabase) -> None:
    """Each is made whole, or refused because another is being made; what is listed can be restored."""
    made = await asyncio.gather(*(world.create() for _ in range(3)), return_exceptions=True)
    whole = [each for each in made if isinstance(each, Manifest)]
    assert whole != []
    assert all(isinstance(each, Conflict) for each in made if each not in whole)
    assert {each.name for each in await world.backups.list()} == {each.name for each in whole}
    assert world.kept.unfinished() == []
    for manifest in whole:
        async with migrated() as other:
            assert (await world.restore(manifest, other)).shut == ()


async def test_backup_of_another_key_is_refused(
    world: World, empty: Database, tmp_path: Path, clock: Clock, entropy: Entropy
) -> None:
    manifest = await world.create()
    stranger = LocalKek.create(tmp_path / "stranger", development=True, entropy=entropy)
    with pytest.raises(Damaged):
        await world_of(world.filled, world.kept, kek=stranger, clock=clock, entropy=entropy).restore(manifest, empty)


@pytest.mark.parametrize("text", ["../../etc/passwd", "20261129T042000Z-" + "0" * 31 + "/", "keys", "", "a\n", "."])
def test_name_that_leads_elsewhere_is_refused(text: str) -> None:
    """N41."""
    with pytest.raises(InvalidInput):
        Name(text)


@pytest.mark.parametrize("kept", ["directory"], indirect=True)
async def test_link_in_the_target_is_not_followed(world: World, tmp_path: Path) -> None:
    """N41."""
    manifest = await world.create()
    assert isinstance(world.kept, Folder)
    file = world.kept.path / f"{manifest.name}.manifest"
    file.rename(tmp_path / "elsewhere")
    file.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(NotFound):
        await world.backups.manifest(Name(manifest.name))


async def test_only_the_newest_are_kept(world: World) -> None:
    made = [(await world.create()).name for _ in range(3)]
    assert [name.text for name in await world.backups.keep(2)] == made[:1]
    assert [found.name for found in await world.backups.list()] == made[1:]
