"""A Limiter in PostgreSQL: every node sees the same counters."""

from collections.abc import Sequence

from airside.core import gcra
from airside.core.errors import LimitExceeded, Unavailable
from airside.limits import records
from airside.limits.model import MAX_DEMANDS, Demand
from airside.limits.records import Counter
from airside.store.context import RequestContext
from airside.vault import Vault


class PostgresLimiter:
    """Implements `Limiter` over `limit_state`.

    Each counter is spent by one conditional UPDATE, all of them in one flush, in one fixed order, so that two
    requests never wait for each other crosswise. Where one has nothing left, the others are given back in the same
    transaction, while their rows are still locked: nobody ever sees them spent. Keys are stored as
    keyed hashes only, which no rotation changes: that would give every budget back.
    """

    def __init__(self, *, vault: Vault) -> None:
        self._vault = vault

    async def spend(self, ctx: RequestContext, demands: Sequence[Demand], *, cost: int = 1) -> None:
        counters = await self._counters(ctx, demands)
        if not counters:
            return
        taken = await records.spend(ctx, counters, cost)
        if all(taken):
            return
        spent = [counter for counter, had in zip(counters, taken, strict=True) if had]
        if spent:
            await records.refund(ctx, spent, cost)
        refused = [counter for counter, had in zip(counters, taken, strict=True) if not had]
        waits = [(await self._wait(ctx, counter, cost), counter.name) for counter in refused]
        retry_after, name = max(waits)
        raise LimitExceeded(name, retry_after)

    async def refund(self, ctx: RequestContext, demands: Sequence[Demand], *, cost: int = 1) -> None:
        counters = await self._counters(ctx, demands)
        if counters:
            await records.refund(ctx, counters, cost)

    async def aclose(self) -> None:
        """Its connections are the transactions of its callers."""

    async def _wait(self, ctx: RequestContext, counter: Counter, cost: int) -> float:
        state = await records.tat(ctx, counter)
        return gcra.spend(counter.rate, state, ctx.now.timestamp(), cost).retry_after

    async def _counters(self, ctx: RequestContext, demands: Sequence[Demand]) -> list[Counter]:
        if len(demands) > MAX_DEMANDS:
            raise Unavailable("limiter")
        keyset = await self._vault.keyset(ctx)
        counters = [
            Counter(limit.name, keyset.keyed_hash(f"limit/{limit.name}", key.encode()), limit.rate)
            for limit, key in demands
        ]
        return sorted(counters, key=lambda counter: (counter.name, counter.key_hash))
