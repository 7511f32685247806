"""Data keys come, seal, retire and are destroyed; nothing that they sealed is ever lost."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from random import Random
from uuid import UUID

import psycopg
import pytest

from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.errors import Conflict, NotFound, Unavailable
from airside.identity import User
from airside.store import Engine
from airside.vault import Place, Unopenable, Vault
from airside.vault.allowance import BLOCK, ENOUGH, MOST
from airside.vault.kms.local import LocalKek
from airside.vault.kms.several import Keks
from airside.vault.rotation import MAX_AGE, SETTLING
from airside.vault.vault import KEYSET_LIFETIME
from tests.makers import Database
from tests.vault.rotation_world import Site


@pytest.fixture
async def site(engine: Engine, kek: LocalKek, make_tenant: Callable[[], Awaitable[UUID]], clock: Clock) -> Site:
    return Site(engine, kek, await make_tenant(), clock.now())


async def book(site: Site, seals: int) -> None:
    """As processes do that have sealed much."""
    async with site.engine.begin(site.tenant_id) as ctx:
        await ctx.tx.run(
            "insert into airside.seal_block (tenant_id, key_id, block_id, seals) values (%s, %s, %s, %s)",
            (site.tenant_id, await site.active(), UUID(int=7), seals),
        )


async def booked(site: Site, superuser_dsn: str) -> int:
    async with await psycopg.AsyncConnection.connect(superuser_dsn) as connection:
        cursor = await connection.execute(
            "select coalesce(sum(seals), 0)::bigint from airside.seal_block where tenant_id = %s", (site.tenant_id,)
        )
        row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def test_new_key_seals_only_when_every_node_has_had_time_to_learn_it(site: Site) -> None:
    first = await site.active()
    coming = await site.rotate()
    site.later(SETTLING - timedelta(seconds=1))
    assert (await site.turn()).active is None
    assert await site.active() == first
    site.later(timedelta(seconds=1))
    assert (await site.turn()).active == coming
    assert await site.active() == coming
    assert timedelta(seconds=KEYSET_LIFETIME) < SETTLING


async def test_node_that_learned_of_the_key_while_it_came_opens_what_others_seal_with_it(site: Site) -> None:
    """The slow node's memory is as old as it may be when the key begins to seal."""
    await site.rotate()
    slow = site.vault()
    async with site.engine.begin(site.tenant_id) as ctx:
        await slow.keyset(ctx)
    site.later()
    await site.turn()
    place = Place("user_account", "profile_sealed", site.tenant_id)
    async with site.engine.begin(site.tenant_id) as ctx:
        sealed = (await site.vault().keyset(ctx)).seal(place, b"x")
        assert (await slow.keyset(ctx)).open(place, sealed) == b"x"


async def test_second_rotation_waits_for_the_first(site: Site) -> None:
    await site.rotate()
    with pytest.raises(Conflict):
        await site.rotate()


async def test_fifty_rotations_at_once_bring_one_key(site: Site) -> None:
    outcomes = await asyncio.gather(*(site.rotate() for _ in range(50)), return_exceptions=True)
    assert len([each for each in outcomes if isinstance(each, UUID)]) == 1


async def test_everything_is_sealed_anew_and_the_old_key_destroyed(site: Site) -> None:
    users = await site.grow(450)
    first = await site.active()
    await site.rotated()
    assert await site.owed() == {"person_key.wrapped": 450}
    assert (await site.reseal()).rows == 450
    assert await site.owed() == {}
    site.later()
    assert (await site.reseal()).rows == 0
    assert first in (await site.turn()).destroyed
    assert await site.lost(users) == []


async def test_key_that_still_seals_something_is_not_destroyed(site: Site) -> None:
    """A node that hadn't heard yet sealed with the old key after the work was done."""
    first = site.vault()
    await site.grow(1, first)
    await site.rotated()
    await site.reseal()
    late = await site.grow(1, first)
    site.later()
    assert (await site.turn()).destroyed == ()
    assert (await site.reseal()).rows == 1
    assert len((await site.turn()).destroyed) == 1
    assert await site.lost(late) == []


async def test_rotation_is_rolled_back_before_and_after_the_key_seals(site: Site) -> None:
    users = await site.grow(30)
    first = await site.active()
    await site.rotate()
    assert await site.roll_back() == first
    second = await site.rotated()
    users += await site.grow(10)
    assert (await site.reseal()).rows == 30
    assert await site.roll_back() == first
    assert await site.active() == first
    assert (await site.reseal()).rows == 40
    site.later()
    await site.reseal()
    assert second in (await site.turn()).destroyed
    assert await site.lost(users) == []


async def test_there_is_nothing_to_go_back_to_once_the_old_key_is_destroyed(site: Site) -> None:
    await site.rotated()
    site.later()
    await site.reseal()
    await site.turn()
    with pytest.raises(NotFound):
        await site.roll_back()


async def test_row_that_does_not_open_is_named_and_keeps_its_key(site: Site, superuser_dsn: str) -> None:
    users = await site.grow(3)
    async with await psycopg.AsyncConnection.connect(superuser_dsn) as connection:
        await connection.execute(
            "update airside.person_key set wrapped = substring(wrapped from 1 for 17) || %s"
            " where tenant_id = %s and user_id = %s",
            (bytes(60), site.tenant_id, users[0].id),
        )
    await site.rotated()
    done = await site.reseal()
    assert (done.rows, done.unreadable) == (2, ["person_key.wrapped"])
    site.later()
    await site.reseal()
    assert (await site.turn()).destroyed == ()


async def test_rows_that_others_hold_are_met_again(site: Site) -> None:
    users = await site.grow(3)
    await site.rotated()
    async with site.engine.begin(site.tenant_id) as ctx:
        await ctx.tx.run("update airside.person_key set wrapped = wrapped where tenant_id = %s", (site.tenant_id,))
        assert (await asyncio.wait_for(site.reseal(), 5)).rows == 0
    assert (await site.reseal()).rows == 3
    assert await site.lost(users) == []


async def test_nothing_is_lost_however_often_the_work_is_killed(
    site: Site, database: Database, tmp_path_factory: pytest.TempPathFactory, entropy: Entropy
) -> None:
    """Killed at random moments (SIGKILL), with writers beside it all the time, and taken back in between."""
    path = tmp_path_factory.mktemp("own") / "kek"
    site.kek = LocalKek.create(path, development=True, entropy=entropy)
    site.tenant_id = await _tenant(site)
    users = await site.grow(1500)
    dice = Random(entropy.bytes(8))
    enough = asyncio.Event()
    growing = asyncio.create_task(_writers(site, users, enough))
    for number in range(6):
        await site.rotated() if number % 3 < 2 else await site.roll_back()
        for _ in range(2):
            await site.killed(database.app, path, dice.random() * 0.4)
        assert not growing.done()
    enough.set()
    await growing
    while await site.owed():
        await site.reseal()
    site.later()
    await site.reseal()
    await site.turn()
    found = await site.read()
    assert await site.lost(users) == []
    assert len({user.email for user in found.values()}) == len(found) == len(users)


async def _tenant(site: Site) -> UUID:
    """Another tenant, under the site's own key encryption key."""
    tenant_id = UUID(bytes=site.tenant_id.bytes[:15] + b"\x77")
    async with site.engine.begin(tenant_id) as ctx:
        await site.vault().create(ctx)
    return tenant_id


async def _writers(site: Site, users: list[User], enough: asyncio.Event) -> None:
    while not enough.is_set():
        # A node's memory is younger than the time that a key settles; here a moment stands for six minutes.
        vault = site.vault()
        for _ in range(3):
            users += await site.grow(3, vault)
        await asyncio.sleep(0.01)


async def test_key_is_rotated_by_age_and_by_use(site: Site) -> None:
    assert (await site.turn()).came is None
    await book(site, ENOUGH - 2 * BLOCK)
    assert (await site.turn()).came is None
    await site.grow(1)
    assert (await site.turn()).came is not None
    site.later()
    await site.turn()
    site.later(MAX_AGE)
    assert (await site.turn()).came is not None


async def test_seals_are_booked_in_blocks_before_they_are_spent(site: Site, superuser_dsn: str) -> None:
    before = await booked(site, superuser_dsn)
    vault = site.vault()
    for _ in range(3):
        await site.grow(2, vault)
    assert await booked(site, superuser_dsn) - before == BLOCK


async def test_key_that_has_sealed_all_that_it_may_seals_nothing_more(site: Site) -> None:
    await book(site, MOST)
    with pytest.raises(Unavailable):
        await site.grow(1)


async def test_next_block_is_booked_before_the_first_is_used_up(site: Site, superuser_dsn: str) -> None:
    vault = site.vault()
    place = Place("t", "c", site.tenant_id)
    before = await booked(site, superuser_dsn)
    async with site.engine.begin(site.tenant_id) as ctx:
        keyset = await vault.keyset(ctx)
    for _ in range(BLOCK // 2 + 1):
        keyset.seal(place, b"")
    async with site.engine.begin(site.tenant_id) as ctx:
        await vault.keyset(ctx)
        await vault.keyset(ctx)
    assert await booked(site, superuser_dsn) - before == 2 * BLOCK


async def test_tenant_keys_are_wrapped_anew_by_another_key_encryption_key_and_back(
    site: Site, tmp_path: Path, entropy: Entropy, clock: Clock
) -> None:
    """`rotate kek`: the vault holds a key that opens what the former wrapped, and seals with its own."""
    users = await site.grow(5)
    former = site.kek
    other = LocalKek.create(tmp_path / "kek", development=False, entropy=entropy)
    for new, old in ((other, former), (former, other)):
        vault = Vault(kek=Keks(new, [old]), entropy=entropy, clock=clock)
        async with site.engine.begin(site.tenant_id) as ctx:
            assert await vault.rewrap(ctx) == 3
            assert await vault.rewrap(ctx) == 0
        site.kek = new
        assert await site.lost(users) == []
        site.kek = old
        with pytest.raises(Unopenable):
            await site.read()
        site.kek = new
