"""Single use: one INSERT, and its row count is the answer."""

import asyncio
from datetime import timedelta

import pytest

from airside.tokens import SpentProofs
from airside.tokens.single_use import SLACK
from tests.conftest import OpenContext
from tests.makers import MakeTenant
from tests.tokens.kit import Kit

SPENT = SpentProofs()


async def test_each_proof_is_spent_once(kit: Kit) -> None:
    async with kit.at() as ctx:
        until = ctx.now + timedelta(minutes=1)
        assert await SPENT.spend(ctx, "dpop_proof", "key", "j", until)
        assert not await SPENT.spend(ctx, "dpop_proof", "key", "j", until)


async def test_kinds_signers_and_tenants_number_apart(kit: Kit, make_tenant: MakeTenant, open_ctx: OpenContext) -> None:
    """N20: and no signer can spell another's."""
    async with kit.at() as ctx:
        until = ctx.now + timedelta(minutes=1)
        assert await SPENT.spend(ctx, "dpop_proof", "key", "j", until)
        assert await SPENT.spend(ctx, "client_assertion", "key", "j", until)
        assert await SPENT.spend(ctx, "dpop_proof", "ke", "yj", until)
    async with open_ctx(await make_tenant()) as ctx:
        assert await SPENT.spend(ctx, "dpop_proof", "key", "j", until)


async def test_of_fifty_at_once_one_wins(kit: Kit) -> None:
    connections = asyncio.Semaphore(15)

    async def attempt() -> bool:
        async with connections, kit.at() as ctx:
            return await SPENT.spend(ctx, "dpop_proof", "key", "j", ctx.now)

    assert sum(await asyncio.gather(*(attempt() for _ in range(50)))) == 1


async def test_what_is_rolled_back_is_not_spent(kit: Kit) -> None:
    """The caller commits: a request that never was doesn't count."""
    with pytest.raises(KeyError):
        async with kit.at() as ctx:
            assert await SPENT.spend(ctx, "dpop_proof", "key", "j", ctx.now)
            raise KeyError
    async with kit.at() as ctx:
        assert await SPENT.spend(ctx, "dpop_proof", "key", "j", ctx.now)


async def test_spent_proofs_outlive_their_time_by_the_slack(kit: Kit) -> None:
    async with kit.at() as ctx:
        await SPENT.spend(ctx, "dpop_proof", "key", "j", ctx.now)
    for seconds, gone in ((SLACK.total_seconds() - 1, 0), (SLACK.total_seconds() + 1, 1)):
        async with kit.at(seconds) as ctx:
            assert await SPENT.sweep(ctx) == gone
