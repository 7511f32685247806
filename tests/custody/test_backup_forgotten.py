"""What was shredded stays shut in every backup, those of before as well."""

from uuid import UUID

from psycopg import AsyncConnection

from tests.custody.backup_world import World
from tests.custody.databases import rows_of
from tests.makers import Database


async def test_forgotten_keys_stay_gone_from_every_older_backup(world: World, empty: Database) -> None:
    """G29: a tenant's keys that were taken out open nothing in a backup of before; the others' stay."""
    manifest = await world.create()
    gone, kept = world.filled.tenants
    async with await AsyncConnection.connect(world.database.superuser) as connection:
        found = await connection.execute("select key_id from airside.tenant_key where tenant_id = %s", (gone,))
        ids: list[UUID] = [key for (key,) in await found.fetchall()]
    await world.keys.forget(gone, ids)
    await world.keys.forget(gone, ids)
    assert (await world.restore(manifest, empty)).shut == (gone,)
    async with await AsyncConnection.connect(empty.superuser) as connection:
        left = await connection.execute("select distinct tenant_id from airside.tenant_key")
        tenants = {tenant for (tenant,) in await left.fetchall()}
    assert kept in tenants
    assert gone not in tenants


async def test_backup_made_before_the_shredding_commits_has_no_key_of_it(world: World) -> None:
    """G29: whoever shreds takes the key out first and commits then; a backup between the two doesn't bring it back."""
    await world.create()
    gone, other = world.filled.users
    await world.keys.forget(world.filled.tenants[0], [gone.id])
    await world.create()
    held = b"".join([event async for event in world.keys.events() if isinstance(event, bytes)])
    assert str(gone.id).encode() not in held
    assert str(other.id).encode() in held


async def test_forgotten_person_is_gone_and_the_others_stay(world: World, empty: Database) -> None:
    """G29: the key of one person."""
    manifest = await world.create()
    user = world.filled.users[0]
    await world.keys.forget(world.filled.tenants[0], [user.id])
    await world.restore(manifest, empty)
    before, found = await rows_of(world.database), await rows_of(empty)
    gone = [row for row in before["person_key"] if row not in found["person_key"]]
    assert len(gone) == 1
    assert str(user.id) in gone[0]
    assert len(found["person_key"]) >= 1
