"""A Limiter in the memory of one process: for a single node and for tests."""

from collections.abc import Sequence
from typing import Final, TypeAlias
from uuid import UUID

from airside.core import gcra
from airside.core.errors import LimitExceeded, Unavailable
from airside.limits.model import MAX_DEMANDS, Demand
from airside.store.context import RequestContext

MAX_COUNTERS: Final = 100_000
"""Counters held at once (about 20 MiB). Full of live ones, the limiter refuses: forgetting one would allow."""

_Counter: TypeAlias = tuple[UUID, str, str]


class InProcessLimiter:
    """Implements `Limiter`. Never awaits between reading and writing, so no two requests interleave.

    It knows no transaction: what it spends stays spent, whatever happens to the caller's.
    """

    def __init__(self, *, max_counters: int = MAX_COUNTERS) -> None:
        self._tat: dict[_Counter, float] = {}
        self._max_counters = max_counters

    async def spend(self, ctx: RequestContext, demands: Sequence[Demand]) -> None:
        now = ctx.now.timestamp()
        wanted = _counters(ctx, demands)
        self._make_room(now, len(wanted))
        after: dict[_Counter, float] = {}
        refused: list[tuple[float, str]] = []
        for counter, (limit, _) in zip(wanted, demands, strict=True):
            decision = gcra.spend(limit.rate, after.get(counter, self._tat.get(counter)), now)
            after[counter] = decision.tat
            if not decision.allowed:
                refused.append((decision.retry_after, limit.name))
        if refused:
            retry_after, name = max(refused)
            raise LimitExceeded(name, retry_after)
        self._tat.update(after)

    async def refund(self, ctx: RequestContext, demands: Sequence[Demand]) -> None:
        for counter, (limit, _) in zip(_counters(ctx, demands), demands, strict=True):
            tat = self._tat.get(counter)
            if tat is not None:
                self._tat[counter] = gcra.refund(limit.rate, tat)

    def _make_room(self, now: float, count: int) -> None:
        if len(self._tat) + count <= self._max_counters:
            return
        self._tat = {counter: tat for counter, tat in self._tat.items() if tat > now}
        if len(self._tat) + count > self._max_counters:
            raise Unavailable("limiter")


def _counters(ctx: RequestContext, demands: Sequence[Demand]) -> list[_Counter]:
    if len(demands) > MAX_DEMANDS:
        raise Unavailable("limiter")
    return [(ctx.tenant_id, limit.name, key) for limit, key in demands]
