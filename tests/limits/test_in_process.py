"""What is particular to the limiter in memory."""

from datetime import timedelta
from uuid import UUID

import pytest

from airside.core.errors import Unavailable
from airside.core.gcra import Rate
from airside.limits import InProcessLimiter, Limit
from tests.conftest import OpenContext

LIMIT = Limit("test", Rate(2, 10), "key", "Two in ten seconds.")


async def test_full_of_live_counters_it_refuses(open_ctx: OpenContext, tenant_id: UUID) -> None:
    """N13: filling the limiter with keys doesn't make it forget one."""
    limiter = InProcessLimiter(max_counters=3)
    async with open_ctx(tenant_id) as ctx:
        for key in "abc":
            await limiter.spend(ctx, [(LIMIT, key)])
        with pytest.raises(Unavailable):
            await limiter.spend(ctx, [(LIMIT, "d")])


async def test_counters_that_ran_out_make_room(open_ctx: OpenContext, tenant_id: UUID) -> None:
    limiter = InProcessLimiter(max_counters=3)
    async with open_ctx(tenant_id) as ctx:
        for key in "abc":
            await limiter.spend(ctx, [(LIMIT, key)])
        later = ctx.now + timedelta(seconds=11)
    async with open_ctx(tenant_id, now=later) as ctx:
        await limiter.spend(ctx, [(LIMIT, "d")])
