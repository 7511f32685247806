"""A Limiter in the memory of one process: for a single node and for tests."""

from collections.abc import Sequence
from typing import Final, NoReturn, TypeAlias

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
        now, tats, asked = ctx.now.timestamp(), self._tat, _counted(demands)
        if len(tats) + asked > self._max_counters:
            tats = self._make_room(now, asked)
        if asked != 1:
            self._take_all(ctx, demands, now, cost)
            return
        # One alone, as nearly always, has nothing to be met together with: that takes two thirds of the time.
        limit, key = demands[0]
        counter = ctx.tenant_id.int, limit.name, key
        tat, wait = gcra.advance(limit.rate, tats.get(counter), now, cost)
        if wait:
            self._refuse(limit.name, wait)
        tats[counter] = tat

    async def refund(self, ctx: RequestContext, demands: Sequence[Demand], *, cost: int = 1) -> None:
        _counted(demands)
        tenant = ctx.tenant_id.int
        for limit, key in demands:
            counter = tenant, limit.name, key
            tat = self._tat.get(counter)
            if tat is not None:
                self._tat[counter] = gcra.refund(limit.rate, tat, cost)

    def _take_all(self, ctx: RequestContext, demands: Sequence[Demand], now: float, cost: int) -> None:
        tenant, tats = ctx.tenant_id.int, self._tat
        after: dict[_Counter, float] = {}
        longest, refused = 0.0, ""
        for limit, key in demands:
            counter = tenant, limit.name, key
            tat, wait = gcra.advance(limit.rate, after.get(counter) or tats.get(counter), now, cost)
            if not wait:
                after[counter] = tat
            elif wait > longest:
                longest, refused = wait, limit.name
        if refused:
            self._refuse(refused, longest)
        tats.update(after)

    def _refuse(self, name: str, wait: float) -> NoReturn:
        self.refusals.add(name)
        raise LimitExceeded(name, wait)

    async def aclose(self) -> None:
        """It has no connections."""

    def _make_room(self, now: float, count: int) -> dict[_Counter, float]:
        self._tat = {counter: tat for counter, tat in self._tat.items() if tat > now}
        if len(self._tat) + count > self._max_counters:
            raise Unavailable("limiter")
        return self._tat


def _counted(demands: Sequence[Demand]) -> int:
    """How many they are. Raises: Unavailable: more than one verb may ask for."""
    if len(demands) > MAX_DEMANDS:
        raise Unavailable("limiter")
    return len(demands)
