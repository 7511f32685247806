"""A Limiter in the memory of one process: for a single node and for tests."""

from collections.abc import Sequence
from typing import Final, TypeAlias

from airside.core import gcra
from airside.core.errors import LimitExceeded, Unavailable
from airside.core.measures import Tally
from airside.limits.model import MAX_DEMANDS, Demand
from airside.store.context import RequestContext

MAX_COUNTERS: Final = 100_000
"""Counters held at once (about 20 MiB). Full of live ones, the limiter refuses: forgetting one would allow."""

_Counter: TypeAlias = tuple[int, str, str]
"""The tenant as a number, whose hash costs a fifth of a UUID's; the limit; whose counter."""


class InProcessLimiter:
    """Implements `Limiter`. Never awaits between reading and writing, so no two requests interleave.

    It knows no transaction: what it spends stays spent, whatever happens to the caller's.

    Attributes:
        refusals: how often each limit refused.
    """

    def __init__(self, *, max_counters: int = MAX_COUNTERS) -> None:
        self._tat: dict[_Counter, float] = {}
        self._max_counters = max_counters
        self.refusals = Tally()

    async def spend(self, ctx: RequestContext, demands: Sequence[Demand], *, cost: int = 1) -> None:
        self.take(ctx, demands, cost=cost)

    def take(self, ctx: RequestContext, demands: Sequence[Demand], *, cost: int = 1) -> None:
        """As `spend`, for whoever can't wait."""
        now, tenant = ctx.now.timestamp(), _tenant(ctx, demands)
        if len(self._tat) + len(demands) > self._max_counters:
            self._make_room(now, len(demands))
        after: dict[_Counter, float] = {}
        refused: tuple[float, str] | None = None
        for limit, key in demands:
            counter = tenant, limit.name, key
            tat = after[counter] if counter in after else self._tat.get(counter)
            allowed, after[counter], wait, _ = gcra.spend(limit.rate, tat, now, cost)
            if not allowed:
                refused = max(refused or (wait, limit.name), (wait, limit.name))
        if refused:
            self.refusals.add(refused[1])
            raise LimitExceeded(refused[1], refused[0])
        self._tat.update(after)

    async def refund(self, ctx: RequestContext, demands: Sequence[Demand], *, cost: int = 1) -> None:
        tenant = _tenant(ctx, demands)
        for limit, key in demands:
            counter = tenant, limit.name, key
            tat = self._tat.get(counter)
            if tat is not None:
                self._tat[counter] = gcra.refund(limit.rate, tat, cost)

    async def aclose(self) -> None:
        """It has no connections."""

    def _make_room(self, now: float, count: int) -> None:
        self._tat = {counter: tat for counter, tat in self._tat.items() if tat > now}
        if len(self._tat) + count > self._max_counters:
            raise Unavailable("limiter")


def _tenant(ctx: RequestContext, demands: Sequence[Demand]) -> int:
    if len(demands) > MAX_DEMANDS:
        raise Unavailable("limiter")
    return ctx.tenant_id.int
