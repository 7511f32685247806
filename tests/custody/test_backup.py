"""Backups of a real database with every kind of thing in it, brought back into another."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from psycopg import AsyncConnection, sql

from airside.core.clock import Clock, FixedClock
from airside.core.entropy import Entropy, SystemEntropy
from airside.core.errors import Conflict, InvalidInput, NotFound
from airside.core.secret import Secret
from airside.custody import ArchivedKeys, Backups, Manifest, audited, restore
from airside.custody.backup_model import Damaged, Name
from airside.identity import User
from airside.store import Engine
from airside.store.catalogue import TABLES
from airside.store.migrate import migrate, role_of
from airside.vault.kms.local import LocalKek
from tests.custody.stores import Folder, Kept, store_of
from tests.makers import Database, MakeDatabase
from tests.running import PASSWORD, Place, running

CANARIES = 1000


@dataclass
class World:
    """One database with two tenants and their people, and a store of backups."""

    database: Database
    places: list[Place]
    users: list[User]
    kept: Kept
    backups: Backups
    keys: ArchivedKeys

    async def create(self) -> Manifest:
        return await self.backups.create(self.database.app)

    def name(self, manifest: Manifest) -> Name:
        return Name(manifest.name)


@pytest.fixture
async def world(
    blank_database: MakeDatabase, tmp_path: Path, kept: Kept, kek: LocalKek, clock: Clock, entropy: Entropy
) -> AsyncIterator[World]:
    async with blank_database() as database:
        await migrate(database.owner, role_of(database.app))
        async with running(database.app, tmp_path, kek=kek, clock=clock, entropy=entropy) as server:
            places = [await server.tenant(), await server.tenant()]
            users = [await place.user("administrator") for place in places]
            store = store_of(kept, clock)
            backups = Backups(store, kek=kek, clock=clock, entropy=entropy)
            keys = ArchivedKeys(store, kek=kek, clock=clock, entropy=entropy)
            yield World(database, places, users, kept, backups, keys)


@asynccontextmanager
async def empty(blank_database: MakeDatabase) -> AsyncGenerator[Database]:
    async with blank_database() as database:
        await migrate(database.owner, role_of(database.app))
        yield database


async def rows(database: Database) -> dict[str, list[str]]:
    """Every row of every table but the migrations', as text."""
    found: dict[str, list[str]] = {}
    async with await AsyncConnection.connect(database.superuser) as connection:
        for table, row in TABLES.items():
            if row.scope != "local":
                text = sql.SQL("select t::text from {} t order by 1").format(sql.Identifier("airside", table))
                found[table] = [line for (line,) in await (await connection.execute(text)).fetchall()]
    return found


async def test_all_rows_come_back_and_the_audit_log_verifies(
    world: World, blank_database: MakeDatabase, clock: Clock, entropy: Entropy
) -> None:
    """Nothing is lost and nothing is added; passwords hold under the restored keys (G27)."""
    # The sequencer of a running server goes on by itself: what it adds after the backup isn't in it.
    await asyncio.sleep(2.5)
    manifest = await world.create()
    before = await rows(world.database)
    assert [found.name for found in await world.backups.list()] == [manifest.name]
    async with empty(blank_database) as other:
        restored = await restore(world.backups, world.keys, world.name(manifest), other.owner)
        assert restored.shut == ()
        assert await rows(other) == before
        async with Engine(other.app, clock=clock, entropy=entropy) as engine:
            assert await audited(engine, manifest) == {}


async def test_restored_people_sign_in_with_their_passwords(
    world: World, blank_database: MakeDatabase, tmp_path: Path, kek: LocalKek, clock: Clock, entropy: Entropy
) -> None:
    manifest = await world.create()
    place, user = world.places[0], world.users[0]
    async with empty(blank_database) as other:
        await restore(world.backups, world.keys, world.name(manifest), other.owner)
        async with (
            running(other.app, tmp_path / "2", kek=kek, clock=clock, entropy=entropy) as again,
            again.services.engine.begin(place.tenant_id) as ctx,
        ):
            found = await again.services.users.get(ctx, user.id)
            assert found.email == user.email
            await again.services.passwords.prove(ctx, user.email, Secret(PASSWORD))


async def test_snapshot_is_one_moment_under_writes(world: World, blank_database: MakeDatabase) -> None:
    """A user who is being made is in the backup whole, or not at all."""
    stop = asyncio.Event()

    async def write() -> int:
        made = 0
        while not stop.is_set():
            await world.places[made % 2].user("member")
            made += 1
        return made

    writing = asyncio.create_task(write())
    await asyncio.sleep(0.3)
    manifest = await world.create()
    stop.set()
    assert await writing > 0
    assert manifest.rows["user_account"] == manifest.rows["password_credential"]
    async with empty(blank_database) as other:
        await restore(world.backups, world.keys, world.name(manifest), other.owner)


async def test_backup_holds_no_canary(world: World) -> None:
    """N41, G16: of a thousand names and addresses, none is readable in any file of the target."""
    place = world.places[0]
    planted: list[str] = []
    async with place.operator() as ctx:
        for number in range(CANARIES // 2):
            word = f"kanari{number:04}{SystemEntropy().bytes(4).hex()}"
            planted += [f"{word}@example.com", f"Name {word}"]
            await place.server.services.users.create(ctx, f"{word}@example.com", f"Name {word}")
    await world.create()
    stored = b"".join(map(world.kept.read, world.kept.files()))
    assert len(planted) == CANARIES
    assert [word for word in planted if word.encode() in stored] == []


async def test_forgotten_keys_stay_gone_from_every_older_backup(world: World, blank_database: MakeDatabase) -> None:
    """G29: a tenant's keys that were taken out open nothing in a backup of before; the others' stay."""
    manifest = await world.create()
    gone, kept = world.places[0].tenant_id, world.places[1].tenant_id
    async with await AsyncConnection.connect(world.database.superuser) as connection:
        found = await connection.execute("select key_id from airside.tenant_key where tenant_id = %s", (gone,))
        ids: list[UUID] = [key for (key,) in await found.fetchall()]
    await world.keys.forget(gone, ids)
    await world.keys.forget(gone, ids)
    async with empty(blank_database) as other:
        restored = await restore(world.backups, world.keys, world.name(manifest), other.owner)
        assert restored.shut == (gone,)
        async with await AsyncConnection.connect(other.superuser) as connection:
            left = await connection.execute("select distinct tenant_id from airside.tenant_key")
            tenants = {tenant for (tenant,) in await left.fetchall()}
        assert kept in tenants
        assert gone not in tenants


async def test_backup_made_before_the_shredding_commits_has_no_key_of_it(world: World) -> None:
    """G29: whoever shreds takes the key out first and commits then; a backup between the two doesn't bring it back."""
    await world.create()
    place, user = world.places[0], world.users[0]
    await world.keys.forget(place.tenant_id, [user.id])
    await world.create()
    held = b"".join([event async for event in world.keys.events() if isinstance(event, bytes)])
    assert str(user.id).encode() not in held
    assert str(world.users[1].id).encode() in held


async def test_forgotten_person_is_gone_and_the_others_stay(world: World, blank_database: MakeDatabase) -> None:
    """G29: the key of one person."""
    manifest = await world.create()
    place, user = world.places[0], world.users[0]
    await world.keys.forget(place.tenant_id, [user.id])
    async with empty(blank_database) as other:
        await restore(world.backups, world.keys, world.name(manifest), other.owner)
        found = await rows(other)
    before = await rows(world.database)
    gone = [row for row in before["person_key"] if row not in found["person_key"]]
    assert len(gone) == 1
    assert str(user.id) in gone[0]
    assert len(found["person_key"]) >= 1


async def test_database_that_has_a_tenant_is_refused(world: World) -> None:
    manifest = await world.create()
    before = await rows(world.database)
    with pytest.raises(Conflict, match="isn't empty"):
        await restore(world.backups, world.keys, world.name(manifest), world.database.owner)
    assert (await rows(world.database))["tenant"] == before["tenant"]


@pytest.mark.parametrize("what", ["flipped", "cut", "longer", "swapped", "of another kind"])
@pytest.mark.parametrize("file", ["data", "manifest", "keys"])
async def test_changed_backup_is_refused_and_nothing_is_written(
    world: World, blank_database: MakeDatabase, file: str, what: str
) -> None:
    """N41: corrupted, truncated, oversized, and of another backup."""
    manifest = await world.create()
    other_manifest = await world.create()
    changed = "keys" if file == "keys" else f"{manifest.name}.{file}"
    content = world.kept.read(changed)
    match what:
        case "flipped":
            middle = len(content) // 2
            content = content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
        case "cut":
            content = content[:-17]
        case "longer":
            content += b"\0" * 40
        case "swapped":
            content = world.kept.read(f"{other_manifest.name}.{'data' if file == 'keys' else file}")
        case _:
            content = world.kept.read(f"{manifest.name}.{'manifest' if file == 'data' else 'data'}")
    world.kept.write(changed, content)
    async with empty(blank_database) as other:
        with pytest.raises(Damaged):
            await restore(world.backups, world.keys, world.name(manifest), other.owner)
        assert set(map(len, (await rows(other)).values())) == {0}


@pytest.mark.parametrize("file", ["keys", "forgotten"])
async def test_damaged_archive_of_keys_is_not_written_over(world: World, file: str) -> None:
    """Nobody is forgotten, nothing is lost: what is there may still be mended from a copy."""
    await world.create()
    await world.keys.forget(world.places[0].tenant_id, [UUID(int=1)])
    content = world.kept.read(file)
    changed = content[:40] + b"\xff" + content[41:]
    world.kept.write(file, changed)
    held = world.kept.read("keys")
    with pytest.raises(Damaged):
        await world.keys.forget(world.places[0].tenant_id, [world.users[0].id])
    assert world.kept.read("keys") == held
    if file == "forgotten":
        assert world.kept.read(file) == changed


async def test_backups_made_at_once_do_not_mix(world: World, blank_database: MakeDatabase) -> None:
    """Each is made whole, or refused because another is being made; what is listed can be restored."""
    made = await asyncio.gather(*(world.create() for _ in range(3)), return_exceptions=True)
    whole = [each for each in made if isinstance(each, Manifest)]
    assert whole != []
    assert all(isinstance(each, Conflict) for each in made if each not in whole)
    assert {each.name for each in await world.backups.list()} == {each.name for each in whole}
    assert world.kept.unfinished() == []
    for manifest in whole:
        async with empty(blank_database) as other:
            restored = await restore(world.backups, world.keys, world.name(manifest), other.owner)
            assert restored.shut == ()


async def test_backup_of_another_key_is_refused(
    world: World, blank_database: MakeDatabase, tmp_path: Path, clock: Clock, entropy: Entropy
) -> None:
    manifest = await world.create()
    stranger = LocalKek.create(tmp_path / "stranger", development=True, entropy=entropy)
    store = store_of(world.kept, clock)
    backups = Backups(store, kek=stranger, clock=clock, entropy=entropy)
    async with empty(blank_database) as other:
        with pytest.raises(Damaged):
            await restore(
                backups,
                ArchivedKeys(store, kek=stranger, clock=clock, entropy=entropy),
                world.name(manifest),
                other.owner,
            )


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
        await world.backups.manifest(world.name(manifest))


CHILD = """
import asyncio, os, signal, sys
from pathlib import Path
from airside.core.clock import SystemClock
from airside.core.entropy import SystemEntropy
from airside.custody import ArchivedKeys, Backups, open_store, read_target, restore
from airside.custody.backup_model import Name
from airside.vault.kms.local import LocalKek
verb, dsn, target, kek, deadly, name = sys.argv[1:]
kek = LocalKek.load(Path(kek), entropy=SystemEntropy())
store = open_store(read_target(target), clock=SystemClock())
backups = Backups(store, kek=kek, clock=SystemClock(), entropy=SystemEntropy())
keys = ArchivedKeys(store, kek=kek, entropy=SystemEntropy(), clock=SystemClock())
seen = 0
def kill(rows, size):
    global seen
    seen += 1
    if seen == int(deadly):
        os.kill(os.getpid(), signal.SIGKILL)
if verb == "create":
    asyncio.run(backups.create(dsn, kill))
else:
    asyncio.run(restore(backups, keys, Name(name), dsn, kill))
"""


async def killed(verb: str, dsn: str, kept: Kept, kek: Path, at: int, name: str = "-") -> None:
    arguments = (sys.executable, "-c", CHILD, verb, dsn, kept.target, str(kek), str(at), name)
    process = await asyncio.create_subprocess_exec(*arguments, env=dict(os.environ))
    assert await process.wait() == -signal.SIGKILL


async def test_killed_halfway_nothing_half_is_listed_or_restored(
    world: World, blank_database: MakeDatabase, tmp_path: Path, clock: Clock, entropy: Entropy
) -> None:
    path = tmp_path / "own-kek"
    kek = LocalKek.create(path, development=True, entropy=entropy)
    kept, later = world.kept, FixedClock(clock.now() + timedelta(days=8))
    store = store_of(kept, later)
    backups = Backups(store, kek=kek, clock=clock, entropy=entropy)
    keys = ArchivedKeys(store, kek=kek, clock=clock, entropy=entropy)
    await killed("create", world.database.app, kept, path, 20)
    assert kept.unfinished() != []
    assert await backups.list() == []
    manifest = await backups.create(world.database.app)
    assert kept.unfinished() == []
    async with empty(blank_database) as other:
        for at in (1, 10, 30):
            await killed("restore", other.owner, kept, path, at, manifest.name)
            assert set(map(len, (await rows(other)).values())) == {0}
        await restore(backups, keys, Name(manifest.name), other.owner)
        assert sum(map(len, (await rows(other)).values())) >= sum(manifest.rows.values())


async def test_only_the_newest_are_kept(world: World) -> None:
    made = [(await world.create()).name for _ in range(3)]
    assert [name.text for name in await world.backups.keep(2)] == made[:1]
    assert [found.name for found in await world.backups.list()] == made[1:]
