"""What was shredded stays shut in every backup, those of before as well."""

from pathlib import Path
from uuid import UUID

import pytest
from psycopg import AsyncConnection

from airside.admin import OPERATOR
from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.vault import Unopenable
from airside.vault.kms.local import LocalKek
from tests.custody.backup_world import World
from tests.custody.databases import rows_of
from tests.makers import Database
from tests.running import running


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


async def test_person_who_comes_back_with_a_backup_of_before_is_erased_again(
    world: World, empty: Database, tmp_path: Path, kek: LocalKek, clock: Clock, entropy: Entropy
) -> None:
    """G29: nobody can read what stands of them, themselves neither."""
    manifest = await world.create()
    gone, tenant_id = world.filled.users[0], world.filled.tenants[0]
    await world.keys.forget(tenant_id, [gone.id])
    await world.restore(manifest, empty)
    async with running(empty.app, tmp_path / "server", kek=kek, clock=clock, entropy=entropy) as server:
        services = server.services
        with pytest.raises(Unopenable):
            async with services.engine.begin(tenant_id) as ctx:
                await services.users.list(ctx, None, 10)
        for expected in (1, 0):
            async with services.engine.begin(tenant_id, principal=OPERATOR) as ctx:
                assert await services.closing.erase_keyless(ctx) == expected
        async with services.engine.begin(tenant_id) as ctx:
            assert await services.users.list(ctx, None, 10) == []
            erased = await services.closing.find(ctx, gone.id)
        assert erased is not None
        assert erased.state == "erased"
        async with services.engine.begin(world.filled.tenants[1], principal=OPERATOR) as ctx:
            assert await services.closing.erase_keyless(ctx) == 0
