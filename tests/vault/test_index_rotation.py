"""Index keys come, count, retire and are destroyed; nobody is ever missed or there twice."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from uuid import UUID

import psycopg
import pytest

from airside.core.clock import Clock
from airside.core.errors import Conflict, Inconsistent, NotFound
from airside.identity.addresses import email_index
from airside.identity.records_email_domains import domain_index
from airside.store import Engine
from airside.vault.index_rotation import BATCH, IndexKeys
from airside.vault.kms.local import LocalKek
from airside.vault.rotation import SETTLING
from airside.wiring.indexes import VALUES
from tests.vault.index_world import Directory

ADA = "ada@example.com"


@pytest.fixture
async def site(engine: Engine, kek: LocalKek, make_tenant: Callable[[], Awaitable[UUID]], clock: Clock) -> Directory:
    return Directory(engine, kek, await make_tenant(), clock.now())


async def test_every_index_is_computed_anew_and_the_old_key_destroyed(site: Directory) -> None:
    first = await site.key()
    await site.fill()
    assert await site.strays() == {}
    await site.counts()
    assert (await site.strays()).keys() == site.values.keys()
    done = await site.reindex()
    assert (done.rows, done.unreadable) == (sum(map(len, site.values.values())), [])
    assert await site.strays() == {}
    assert (await site.due()).destroyed == ()
    site.later()
    assert (await site.reindex()).rows == 0
    assert (await site.due()).destroyed == (first,)
    assert await site.strays() == {}


async def test_new_key_counts_only_when_every_node_has_had_time_to_learn_it(site: Directory) -> None:
    first, coming = await site.key(), await site.come()
    site.later(SETTLING - timedelta(seconds=1))
    assert (await site.due()).active is None
    assert await site.key() == first
    site.later(timedelta(seconds=1))
    assert (await site.due()).active == coming
    assert await site.key() == coming


async def test_second_rotation_waits_for_the_first(site: Directory) -> None:
    await site.come()
    with pytest.raises(Conflict):
        await site.come()


async def test_fifty_rotations_at_once_bring_one_key(site: Directory) -> None:
    outcomes = await asyncio.gather(*(site.come() for _ in range(50)), return_exceptions=True)
    assert len([each for each in outcomes if isinstance(each, UUID)]) == 1


async def test_everybody_is_found_by_nodes_of_every_age_at_every_moment(site: Directory) -> None:
    """Also on one whose memory is from just before the new key counts."""
    user_id = await site.add(ADA)
    await site.come()
    nodes = [await site.warm()]
    site.later()
    for step in (site.due, site.reindex, site.reindex):
        await step()
        nodes.append(await site.warm())
        assert {await site.who(ADA, node) for node in nodes} == {user_id}


async def test_address_stays_one_persons_on_nodes_of_every_age(site: Directory) -> None:
    """N15: whoever comes second is refused, under whichever key the first one stands."""
    assert await site.add(ADA) is not None
    await site.come()
    old = await site.warm()
    site.later()
    await site.due()
    new = await site.warm()
    for number, (first, second) in enumerate([(old, new), (new, old), (old, old)]):
        assert await site.add(ADA, first) is None
        address = f"ada{number}@example.com"
        assert await site.add(address, first) is not None
        assert await site.add(address, second) is None
    async with site.engine.begin(site.tenant_id) as ctx:
        other = await site.users(new).find_by_email(ctx, "ada0@example.com")
        assert other is not None
        with pytest.raises(Conflict):
            await site.users(new).change(ctx, other.id, ADA, "", verified=True)


async def test_fifty_at_once_with_one_address_while_the_key_changes_make_one_account(site: Directory) -> None:
    await site.come()
    nodes = [await site.warm() for _ in range(50)]
    site.later()
    adding = [asyncio.create_task(site.add(ADA, node)) for node in nodes[:25]]
    turning = asyncio.create_task(site.due())
    adding += [asyncio.create_task(site.add(ADA, node)) for node in nodes[25:]]
    made = await asyncio.gather(*adding)
    assert (await turning).active is not None
    assert len([each for each in made if each is not None]) == 1


async def test_key_changes_only_between_those_who_write(site: Directory) -> None:
    """Who writes at that moment does it by the key before, and whoever comes after by the new one."""
    await site.come()
    node = await site.warm()
    site.later()
    async with site.engine.begin(site.tenant_id) as ctx:
        before = (await node.indexing(ctx)).index_id
        turning = asyncio.create_task(site.due())
        await asyncio.sleep(0.2)
        assert not turning.done()
        async with site.engine.begin(site.tenant_id) as beside:
            assert (await node.indexing(beside)).index_id == before
    active = (await turning).active
    async with site.engine.begin(site.tenant_id) as ctx:
        assert (await node.indexing(ctx)).index_id == active != before


async def test_whoever_waits_for_the_change_writes_by_the_new_key(site: Directory) -> None:
    await site.come()
    node = await site.warm()
    site.later()
    async with site.engine.begin(site.tenant_id, now=site.now) as ctx:
        active = (await site.keys().turn(ctx)).active
        adding = asyncio.create_task(site.add(ADA, node))
        await asyncio.sleep(0.2)
        assert not adding.done()
    assert await adding is not None
    async with site.engine.begin(site.tenant_id) as ctx:
        keyset = await site.vault().keyset(ctx)
        assert keyset.index_id == active
        found = await ctx.tx.run(
            "select from airside.user_account where tenant_id = %s and email_index = %s",
            (site.tenant_id, email_index(keyset, ADA)),
        )
    assert found == 1


async def test_rotation_is_rolled_back_before_and_after_the_key_counts(site: Directory) -> None:
    await site.fill()
    first, second = await site.key(), await site.come()
    assert await site.back() == first
    with pytest.raises(NotFound):
        await site.back()
    second = await site.counts()
    await site.add("new@example.com")
    await site.reindex()
    assert await site.back() == first
    assert await site.who("new@example.com") == await site.who("NEW@example.com") is not None
    site.later()
    assert (await site.reindex()).unreadable == []
    assert (await site.reindex()).rows == 0
    assert (await site.due()).destroyed == (second,)
    with pytest.raises(NotFound):
        await site.back()
    assert await site.who("ada@bücher.example") is not None


async def test_former_key_is_kept_for_recovery_codes_and_no_longer(site: Directory) -> None:
    first, user_id = await site.key(), await site.add(ADA)
    assert user_id is not None
    await site.codes(user_id)
    await site.counts()
    site.later()
    await site.reindex()
    await site.reindex()
    assert (await site.due()).destroyed == ()
    assert await site.spent(user_id)
    assert (await site.due()).destroyed == (first,)
    await site.codes(user_id)
    assert await site.spent(user_id)


async def test_index_that_fits_no_value_is_named_and_keeps_its_key(site: Directory, superuser_dsn: str) -> None:
    await site.fill()
    async with await psycopg.AsyncConnection.connect(superuser_dsn) as connection:
        sql = "update airside.external_identity set subject_index = %s where tenant_id = %s"
        await connection.execute(sql, (bytes(16), site.tenant_id))
    await site.counts()
    site.later()
    for _ in range(2):
        assert (await site.reindex()).unreadable == ["external_identity.subject_index"]
    assert (await site.due()).destroyed == ()


async def test_rows_that_others_hold_are_met_again_and_keep_the_key(site: Directory) -> None:
    first, user_id = await site.key(), await site.add(ADA)
    await site.counts()
    site.later()
    async with site.engine.begin(site.tenant_id) as ctx:
        await site.users().stays_active(ctx, user_id or UUID(int=0))
        assert (await asyncio.wait_for(site.reindex(), 5)).rows == 0
        assert (await site.due()).destroyed == ()
    assert (await site.reindex()).rows == 2
    assert (await site.due()).destroyed == (first,)
    assert await site.who(ADA) == user_id


async def test_timer_looks_at_every_row_only_where_that_can_come_to_something(site: Directory) -> None:
    """What a node still writes by the key before, no unique key resting on it, is found once that key has settled."""
    first, timer = await site.key(), site.keys()
    async with site.engine.begin(site.tenant_id) as ctx:
        stray = domain_index(await (await site.warm()).keyset(ctx), "example.com")
    await site.counts()
    assert await site.add(ADA) is not None
    site.values["user_account", "email_domain_index"] = {b"example.com"}

    async def tick() -> bool:
        """Whether there is nothing to be done any more."""
        async with site.engine.begin(site.tenant_id, now=site.now) as ctx:
            await timer.keep_on(ctx)
        return await site.strays() == {}

    assert await tick()
    async with site.engine.begin(site.tenant_id) as ctx:
        late = "update airside.user_account set email_domain_index = %s where tenant_id = %s"
        assert await ctx.tx.run(late, (stray, site.tenant_id)) == 1
    assert not await tick()
    site.later()
    assert await tick()
    assert await tick()
    assert (await site.due()).destroyed == (first,)


async def test_work_goes_on_where_there_are_more_rows_than_one_batch(site: Directory) -> None:
    users = await site.grow(2 * BATCH + 7)
    await site.counts()
    assert (await site.reindex()).rows == 2 * len(users)
    assert {await site.who(user.email) for user in users[:: BATCH // 2]} == {user.id for user in users[:: BATCH // 2]}
    site.later()
    await site.reindex()
    assert len((await site.due()).destroyed) == 1
    assert await site.who(users[-1].email) == users[-1].id


def test_rotation_begins_with_no_index_that_nobody_can_compute_anew(site: Directory) -> None:
    values = {place: of for place, of in VALUES.items() if place != ("passkey", "credential_index")}
    with pytest.raises(Inconsistent):
        IndexKeys(vault=site.vault(), values=values)
