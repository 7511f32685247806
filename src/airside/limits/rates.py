"""How often each tenant may ask, counted in the memory of this process, before anything else is done for a request.

No wait, no row, no lock: what turns a flood away has to be cheaper than what the flood asks for. So the plan is the one
that was last read, and is read anew beside the requests; until it has been read once, the server's own rate holds.
"""

import asyncio
from typing import Final, NamedTuple
from uuid import UUID

import structlog

from airside.core import gcra
from airside.core.clock import Clock
from airside.core.errors import LimitExceeded, Refusal
from airside.core.gcra import Rate
from airside.core.measures import Tally
from airside.limits.plans import Plans
from airside.store import Engine

TENANT: Final = "tenant"
"""What the limit is called, in answers and in metrics."""
MAX_COUNTERS: Final = 10_000
"""Tenants counted at once."""
MAX_READING: Final = 16
"""Plans that are being read at once."""
PAUSE: Final = 1.0
"""Seconds before a plan that couldn't be read is asked for again."""

_log = structlog.get_logger("airside.limits")


class Admitted(NamedTuple):
    """One request let through: by which rate, how many more may come at once, and in how many seconds all may."""

    rate: Rate
    remaining: int
    whole_in: float


class Rates:
    """Counts requests by tenant, each at the pace of its plan; `default` is for those whose plan says nothing of it.

    Attributes:
        refusals: how often it refused.
    """

    def __init__(self, *, engine: Engine, plans: Plans, clock: Clock, default: Rate | None = None) -> None:
        self._engine = engine
        self._plans = plans
        self._clock = clock
        self._default = default
        self._tat: dict[int, float] = {}
        self._reading: dict[UUID, asyncio.Task[None]] = {}
        self.refusals = Tally()

    def spend(self, tenant_id: UUID) -> Admitted | None:
        """Count one request of the tenant; None where nothing bounds it.

        Raises:
            LimitExceeded: it has asked too often. Nothing is counted then.
        """
        plan, holds = self._plans.last(tenant_id)
        if not holds:
            self._renew(tenant_id)
        rate = plan.pace if plan is not None and plan.pace is not None else self._default
        if rate is None:
            return None
        now = self._clock.monotonic()
        decision = gcra.spend(rate, self._tat.get(tenant_id.int), now)
        if not decision.allowed:
            self.refusals.add(TENANT)
            raise LimitExceeded(TENANT, decision.retry_after, rate)
        if len(self._tat) >= MAX_COUNTERS:
            self._make_room(now)
        self._tat[tenant_id.int] = decision.tat
        return Admitted(rate, decision.remaining, decision.tat - now)

    def close(self) -> None:
        """Read no more."""
        for task in self._reading.values():
            task.cancel()

    def _make_room(self, now: float) -> None:
        self._tat = {tenant: tat for tenant, tat in self._tat.items() if tat > now}
        if len(self._tat) >= MAX_COUNTERS:  # each may have its burst again: fairness is lost for that long, no secret
            self._tat.clear()

    def _renew(self, tenant_id: UUID) -> None:
        if tenant_id not in self._reading and len(self._reading) < MAX_READING:
            self._reading[tenant_id] = task = asyncio.create_task(self._read(tenant_id))
            task.add_done_callback(lambda _: self._reading.pop(tenant_id))

    async def _read(self, tenant_id: UUID) -> None:
        try:
            async with self._engine.begin(tenant_id) as ctx:
                await self._plans.current(ctx)
        except Refusal as refusal:  # the database is away, say: what was last known holds
            _log.warning("plan_unread", tenant_id=str(tenant_id), code=refusal.code)
            await asyncio.sleep(PAUSE)
