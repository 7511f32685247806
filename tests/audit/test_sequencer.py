"""The sequencer: every record once, in order, whoever sequences; heads signed, never backwards."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
from structlog.testing import capture_logs

from airside.audit import Event, Journal, Sequencer, verify_tenant
from airside.audit.sequencer import MAX_BATCH, PASS_EVERY
from airside.audit.tree import Frontier
from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.ids import uuid7
from airside.store import Engine
from airside.vault import Vault
from tests.audit.conftest import Fill, Open, Sequence


async def leaves(superuser_dsn: str, tenant_id: UUID) -> list[tuple[int, UUID, bytes]]:
    async with await psycopg.AsyncConnection.connect(superuser_dsn) as connection:
        cursor = await connection.execute(
            "select seq, record_id, leaf_hash from airside.audit_leaf where tenant_id = %s order by seq", (tenant_id,)
        )
        return [(row[0], row[1], row[2]) for row in await cursor.fetchall()]


async def test_waiting_records_get_their_places_in_the_order_of_their_ids(
    fill: Fill, sequence: Sequence, open_ctx: Open, tenant_id: UUID, superuser_dsn: str
) -> None:
    await fill(tenant_id, 21)
    assert await sequence(tenant_id) == 21
    assert await sequence(tenant_id) == 0
    found = await leaves(superuser_dsn, tenant_id)
    assert [seq for seq, _, _ in found] == list(range(21))
    assert [each for _, each, _ in found] == sorted(each for _, each, _ in found)
    async with open_ctx(tenant_id) as ctx:
        report = await verify_tenant(ctx)
    assert (report.proven, report.younger, report.problems) == (21, 0, ())
    assert report.head is not None
    assert report.head.root == Frontier().append([leaf for _, _, leaf in found])[0].root()


async def test_many_records_of_a_tenant_that_the_database_knows_nothing_of_are_placed_in_time(
    open_ctx: Open, sequence: Sequence, tenant_id: UUID, superuser_dsn: str, entropy: Entropy
) -> None:
    """What waits is mostly nothing, or others': the plan made for that must do for a crowd of new records too."""
    others = tuple(uuid7(datetime.now(UTC), entropy) for _ in range(3))
    crowd = """
        insert into airside.audit_pending
        select tenant_id, gen_random_uuid(), sha256(tenant_id::text::bytea)
        from unnest(%s::uuid[]) tenant_id, generate_series(1, %s)
    """
    async with await psycopg.AsyncConnection.connect(superuser_dsn, autocommit=True) as connection:
        await connection.execute(crowd, (list(others), 100))
        await connection.execute("analyze airside.audit_pending")
        await connection.execute(crowd, ([tenant_id], 2 * MAX_BATCH))
        try:
            assert [await sequence(tenant_id), await sequence(tenant_id)] == [MAX_BATCH, MAX_BATCH]
        finally:
            await connection.execute("delete from airside.audit_pending where tenant_id = any(%s)", (list(others),))


async def test_log_grown_in_parts_verifies_at_every_head(
    fill: Fill, sequence: Sequence, open_ctx: Open, tenant_id: UUID
) -> None:
    heads: list[str] = []
    for turn, count in enumerate((1, 2, 5, 8, 1)):
        await fill(tenant_id, count)
        assert await sequence(tenant_id, 2.0 * turn) == count
        async with open_ctx(tenant_id) as ctx:
            report = await verify_tenant(ctx)
        assert report.head is not None
        heads.append(report.head.jws)
    async with open_ctx(tenant_id) as ctx:
        for head in heads:
            report = await verify_tenant(ctx, trusted_head=head)
            assert (report.proven, report.younger, report.problems) == (17, 0, ())


async def test_head_waits_until_one_is_due_and_says_what_is_younger(
    fill: Fill, sequence: Sequence, open_ctx: Open, tenant_id: UUID
) -> None:
    await fill(tenant_id, 3)
    await sequence(tenant_id)
    await fill(tenant_id, 2)
    assert await sequence(tenant_id, 0.1) == 2
    await fill(tenant_id, 4)
    async with open_ctx(tenant_id) as ctx:
        report = await verify_tenant(ctx)
    assert (report.proven, report.younger, report.problems) == (3, 6, ())
    await sequence(tenant_id, 1.5)
    async with open_ctx(tenant_id) as ctx:
        report = await verify_tenant(ctx)
    assert (report.proven, report.younger, report.problems) == (9, 0, ())


async def test_heads_never_go_back_in_time(fill: Fill, sequence: Sequence, open_ctx: Open, tenant_id: UUID) -> None:
    """A node whose clock is an hour behind signs nevertheless, and not for an hour ago (G06)."""
    await fill(tenant_id, 1)
    await sequence(tenant_id)
    async with open_ctx(tenant_id) as ctx:
        before = await verify_tenant(ctx)
    await fill(tenant_id, 1)
    await sequence(tenant_id, -3600.0)
    async with open_ctx(tenant_id) as ctx:
        after = await verify_tenant(ctx)
    assert before.head is not None
    assert after.head is not None
    assert (after.head.tree_size, after.head.at) == (2, before.head.at)


async def test_many_sequencers_and_writers_at_once_lose_and_double_nothing(
    journal: Journal, sequence: Sequence, open_ctx: Open, tenant_id: UUID, superuser_dsn: str
) -> None:
    async def write(number: int) -> None:
        async with open_ctx(tenant_id) as ctx:
            await journal.record(ctx, Event.USER_UPDATED, subject=f"user:{number}")

    moved: list[int] = []
    for _ in range(5):
        work = [write(number) for number in range(8)]
        moved += [n for n in await asyncio.gather(*work, *(sequence(tenant_id) for _ in range(4))) if n is not None]
    moved.append(await sequence(tenant_id, 5.0))
    assert sum(moved) == 40
    found = await leaves(superuser_dsn, tenant_id)
    assert [seq for seq, _, _ in found] == list(range(40))
    assert len({each for _, each, _ in found}) == 40
    async with open_ctx(tenant_id) as ctx:
        assert (await verify_tenant(ctx)).problems == ()


async def test_pass_that_rolls_back_leaves_everything_waiting(
    fill: Fill, sequencer: Sequencer, sequence: Sequence, open_ctx: Open, tenant_id: UUID
) -> None:
    await fill(tenant_id, 5)
    try:
        async with open_ctx(tenant_id) as ctx:
            assert await sequencer.sequence(ctx) == 5
            raise TimeoutError
    except TimeoutError:
        pass
    assert await sequence(tenant_id) == 5
    async with open_ctx(tenant_id) as ctx:
        assert (await verify_tenant(ctx)).proven == 5


async def test_loop_sequences_within_a_second_and_sweeps_up_what_others_left(
    engine: Engine,
    journal: Journal,
    fill: Fill,
    sequencer: Sequencer,
    open_ctx: Open,
    make_tenant: Callable[[], Awaitable[UUID]],
    vault: Vault,
    clock: Clock,
    entropy: Entropy,
) -> None:
    ours, orphaned, broken = await make_tenant(), await make_tenant(), await make_tenant()
    async with open_ctx(orphaned) as ctx:
        await Journal(vault=vault, entropy=entropy).record(ctx, Event.TENANT_CREATED)
    await fill(broken, 1)
    async with open_ctx(broken) as ctx:
        await ctx.tx.run(
            "insert into airside.audit_tree (tenant_id, tree_size, frontier, head_size) values (%s, 1, '', 0)",
            (broken,),
        )

    async def tenants() -> Iterable[UUID]:
        return [orphaned]

    loop = asyncio.create_task(sequencer.run(engine=engine, clock=clock, tenants=tenants))
    try:
        await asyncio.sleep(0)
        started = clock.now()
        await fill(ours, 1)
        proven = 0
        while proven < 1 and clock.now() - started < timedelta(seconds=5):
            await asyncio.sleep(0.05)
            async with open_ctx(ours) as ctx:
                proven = (await verify_tenant(ctx)).proven
        took = clock.now() - started
        async with open_ctx(orphaned) as ctx:
            assert (await verify_tenant(ctx)).proven == 1
    finally:
        loop.cancel()
    assert proven == 1
    assert took < timedelta(seconds=3)


async def test_tenant_that_cannot_be_sequenced_is_not_tried_at_every_pass(
    engine: Engine, fill: Fill, sequencer: Sequencer, open_ctx: Open, tenant_id: UUID, clock: Clock
) -> None:
    """It may stay so for days, its key destroyed say: it costs next to nothing, and doesn't fill the log."""
    await fill(tenant_id, 1)
    async with open_ctx(tenant_id) as ctx:
        await ctx.tx.run(
            "insert into airside.audit_tree (tenant_id, tree_size, frontier, head_size) values (%s, 1, '', 0)",
            (tenant_id,),
        )

    async def tenants() -> Iterable[UUID]:
        return []

    with capture_logs() as said:
        loop = asyncio.create_task(sequencer.run(engine=engine, clock=clock, tenants=tenants))
        await asyncio.sleep(4 * PASS_EVERY)
        loop.cancel()
    tries = [each for each in said if each["event"] == "audit records wait" and each["tenant_id"] == str(tenant_id)]
    assert 1 <= len(tries) <= 2  # the server of other tests may have found it too
