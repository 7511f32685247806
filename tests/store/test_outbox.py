"""The outbox: in the caller's transaction, handed out by leases, never twice within one, never lost."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import pytest

from airside.core.entropy import Entropy
from airside.core.errors import Inconsistent
from airside.core.ids import LINK, format_id, uuid7
from airside.store import Item, Outbox
from airside.store.outbox import KEPT_DEAD, MAX_ABOUT
from tests.conftest import MakeTenant, OpenContext

NOW: Final = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
LEASE: Final = timedelta(minutes=2)


@pytest.fixture
def outbox(entropy: Entropy) -> Outbox:
    return Outbox(entropy=entropy)


@pytest.fixture
def someone(entropy: Entropy) -> UUID:
    return uuid7(NOW, entropy)


class Desk:
    """The outbox of one tenant, a transaction a verb."""

    def __init__(self, outbox: Outbox, open_ctx: OpenContext, tenant_id: UUID) -> None:
        self.outbox = outbox
        self._open = open_ctx
        self._tenant_id = tenant_id

    async def put(self, kind: str = "recovery", subject: UUID | None = None, at: datetime = NOW) -> UUID:
        async with self._open(self._tenant_id, now=at) as ctx:
            return await self.outbox.put(ctx, kind, subject=subject)

    async def take(self, at: datetime = NOW, limit: int = 10) -> list[Item]:
        async with self._open(self._tenant_id, now=at) as ctx:
            return list(await self.outbox.take(ctx, limit=limit, lease=LEASE))

    async def done(self, item: Item) -> bool:
        async with self._open(self._tenant_id, now=NOW) as ctx:
            return await self.outbox.done(ctx, item)

    async def bury(self, item: Item, at: datetime = NOW) -> bool:
        async with self._open(self._tenant_id, now=at) as ctx:
            return await self.outbox.bury(ctx, item)

    async def retry(self, item: Item, after: timedelta, *, counted: bool = True) -> bool:
        async with self._open(self._tenant_id, now=NOW) as ctx:
            return await self.outbox.retry(ctx, item, after, counted=counted)

    async def next_due(self) -> datetime | None:
        async with self._open(self._tenant_id, now=NOW) as ctx:
            return await self.outbox.next_due(ctx)


@pytest.fixture
def desk(outbox: Outbox, open_ctx: OpenContext, tenant_id: UUID) -> Desk:
    return Desk(outbox, open_ctx, tenant_id)


async def test_item_comes_out_as_it_went_in(
    outbox: Outbox, open_ctx: OpenContext, tenant_id: UUID, someone: UUID, desk: Desk
) -> None:
    about = {"link": format_id(LINK, someone), "factor": "recovery_code"}
    async with open_ctx(tenant_id, now=NOW) as ctx:
        item_id = await outbox.put(ctx, "factor_added", subject=someone, about=about)
    (item,) = await desk.take()
    assert item == Item(item_id, "factor_added", someone, about, 0, NOW, NOW + LEASE)


async def test_item_of_a_transaction_that_rolls_back_never_was(
    outbox: Outbox, open_ctx: OpenContext, tenant_id: UUID, desk: Desk
) -> None:
    with pytest.raises(RuntimeError):
        async with open_ctx(tenant_id, now=NOW) as ctx:
            await outbox.put(ctx, "recovery", subject=None)
            raise RuntimeError
    assert await desk.take() == []


@pytest.mark.parametrize(
    "value",
    [
        "ada@example.com",
        "correct horse battery staple",
        "12345678",
        "JBSWY3DPEHPK3PXP",
        "https://id.example.com/t/acme/recover/abc",
        "dGhpcyBpcyBhIHRva2VuIG9mIDI1NiBiaXRzIG9mIHNlY3JldA",
        "usr_01jd",
        "usr_" + "8" + "0" * 25,
        "USR_" + "0" * 26,
        "a" * 25,
        "",
        "word\n",
        "192.0.2.1",
        "Ada",
    ],
)
async def test_what_could_be_an_address_or_a_secret_is_refused(
    outbox: Outbox, open_ctx: OpenContext, tenant_id: UUID, value: str, desk: Desk
) -> None:
    """N37: neither gets in by mistake, and the refusal doesn't repeat it."""
    async with open_ctx(tenant_id, now=NOW) as ctx:
        with pytest.raises(Inconsistent) as caught:
            await outbox.put(ctx, "recovery", subject=None, about={"link": value})
    assert not value or value not in str(caught.value) + str(caught.value.data)
    assert await desk.take() == []


@pytest.mark.parametrize("kind", ["", "Recovery", "a b", "x" * 25, "recovery;"])
async def test_kind_that_is_no_word_is_refused(
    outbox: Outbox, open_ctx: OpenContext, tenant_id: UUID, kind: str
) -> None:
    async with open_ctx(tenant_id, now=NOW) as ctx:
        with pytest.raises(Inconsistent):
            await outbox.put(ctx, kind, subject=None)


async def test_more_values_than_the_cap_are_refused(outbox: Outbox, open_ctx: OpenContext, tenant_id: UUID) -> None:
    about = {f"key_{'abcdefghi'[place]}": "word" for place in range(MAX_ABOUT + 1)}
    async with open_ctx(tenant_id, now=NOW) as ctx:
        with pytest.raises(Inconsistent):
            await outbox.put(ctx, "recovery", subject=None, about=about)


async def test_fifty_at_once_take_each_item_once(desk: Desk) -> None:
    """Two nodes never hold the same item within its lease."""
    put = [await desk.put() for _ in range(20)]
    taken = [item.id for items in await asyncio.gather(*(desk.take(limit=3) for _ in range(50))) for item in items]
    assert sorted(taken) == sorted(put)
    assert await desk.take() == []


async def test_lease_that_ran_out_lets_another_take_it_and_shuts_the_first_out(desk: Desk) -> None:
    await desk.put()
    (first,) = await desk.take()
    assert await desk.take(NOW + LEASE - timedelta(microseconds=1)) == []
    (second,) = await desk.take(NOW + LEASE)
    assert (second.id, second.attempts) == (first.id, 1)
    assert not await desk.done(first)
    assert not await desk.retry(first, timedelta(0))
    assert not await desk.bury(first)
    assert await desk.done(second)


async def test_fifty_at_once_settle_an_item_once(desk: Desk) -> None:
    await desk.put()
    (item,) = await desk.take()
    assert sum(await asyncio.gather(*(desk.done(item) for _ in range(50)))) == 1


async def test_retried_item_waits_and_counts_only_its_own_failures(desk: Desk) -> None:
    await desk.put()
    (item,) = await desk.take()
    assert await desk.retry(item, timedelta(minutes=1))
    assert await desk.take(NOW + timedelta(seconds=59)) == []
    (again,) = await desk.take(NOW + timedelta(minutes=1))
    assert again.attempts == 1
    assert await desk.retry(again, timedelta(0), counted=False)
    assert [each.attempts for each in await desk.take()] == [1]


async def test_buried_item_is_never_taken_and_forgotten_a_month_later(
    outbox: Outbox, desk: Desk, open_ctx: OpenContext, tenant_id: UUID
) -> None:
    await desk.put()
    (item,) = await desk.take()
    assert await desk.bury(item)
    assert await desk.take(NOW + timedelta(days=2)) == []
    assert await desk.next_due() is None
    async with open_ctx(tenant_id, now=NOW + KEPT_DEAD) as ctx:
        assert await outbox.sweep(ctx) == 0
    async with open_ctx(tenant_id, now=NOW + KEPT_DEAD + timedelta(seconds=1)) as ctx:
        assert await outbox.sweep(ctx) == 1


async def test_next_due_is_the_earliest_item_or_end_of_a_lease(desk: Desk) -> None:
    assert await desk.next_due() is None
    await desk.put()
    assert await desk.next_due() == NOW
    (item,) = await desk.take()
    assert await desk.next_due() == NOW + LEASE
    await desk.retry(item, timedelta(seconds=10))
    assert await desk.next_due() == NOW + timedelta(seconds=10)


async def test_longest_due_comes_first(desk: Desk) -> None:
    later = await desk.put(at=NOW)
    earlier = await desk.put(at=NOW - timedelta(hours=1))
    assert [(await desk.take(limit=1))[0].id for _ in range(2)] == [earlier, later]


async def test_what_still_waits_is_known_until_it_is_delivered(
    outbox: Outbox, desk: Desk, open_ctx: OpenContext, tenant_id: UUID, someone: UUID
) -> None:
    async def waits(kind: str) -> bool:
        async with open_ctx(tenant_id, now=NOW) as ctx:
            return await outbox.waits(ctx, kind, someone)

    await desk.put("account_deleted", someone)
    assert (await waits("account_deleted"), await waits("recovery")) == (True, False)
    (item,) = await desk.take()
    assert await waits("account_deleted")
    await desk.done(item)
    assert not await waits("account_deleted")


async def test_other_tenants_items_are_not_there(
    outbox: Outbox, desk: Desk, open_ctx: OpenContext, make_tenant: MakeTenant
) -> None:
    """N22: neither taken nor settled."""
    await desk.put()
    (item,) = await desk.take()
    other = Desk(outbox, open_ctx, await make_tenant())
    assert await other.take() == []
    assert not await other.done(item)
    assert await desk.done(item)
