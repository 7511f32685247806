"""What is particular to the limiter in PostgreSQL."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import pytest

from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.errors import Unavailable
from airside.limits import SIGNIN_PAIR, PostgresLimiter, sweep
from airside.store import Engine
from airside.vault import Vault
from tests.conftest import OpenContext


@dataclass(frozen=True)
class _Key:
    key_hash: bytes


async def test_no_address_stands_in_a_row(vault: Vault, open_ctx: OpenContext, tenant_id: UUID) -> None:
    """N37: a counter's key is a keyed hash."""
    async with open_ctx(tenant_id) as ctx:
        await PostgresLimiter(vault=vault).spend(ctx, [(SIGNIN_PAIR, "ada@example.com 192.0.2.7")])
        rows = await ctx.tx.all(_Key, "select key_hash from airside.limit_state where tenant_id = %s", (tenant_id,))
    assert [len(row.key_hash) for row in rows] == [16]


async def test_sweep_forgets_only_what_ran_out(vault: Vault, open_ctx: OpenContext, tenant_id: UUID) -> None:
    limiter = PostgresLimiter(vault=vault)
    async with open_ctx(tenant_id) as ctx:
        await limiter.spend(ctx, [(SIGNIN_PAIR, "a")])
        now = ctx.now
    async with open_ctx(tenant_id, now=now + timedelta(seconds=20)) as ctx:
        await limiter.spend(ctx, [(SIGNIN_PAIR, "b")])
        assert await sweep(ctx) == 1
        assert await sweep(ctx) == 0


async def test_without_its_database_it_refuses(
    vault: Vault, clock: Clock, entropy: Entropy, tenant_id: UUID, open_ctx: OpenContext
) -> None:
    """N04: a limiter that can't count doesn't allow."""
    async with open_ctx(tenant_id) as ctx:
        await vault.keyset(ctx)
    gone = Engine("host=127.0.0.1 port=1 connect_timeout=1", clock=clock, entropy=entropy)
    with pytest.raises(Unavailable):
        async with gone.begin(tenant_id) as ctx:
            await PostgresLimiter(vault=vault).spend(ctx, [(SIGNIN_PAIR, "a")])
