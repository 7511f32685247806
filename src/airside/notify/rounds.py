"""Which tenant's outbox is looked at next. Pure but for one event; times are those of a monotonic clock."""

import asyncio
from contextlib import suppress
from uuid import UUID


class Rounds:
    """Tenants with something to deliver, by when. A tenant is visited by one worker at a time; news that comes
    meanwhile isn't lost."""

    def __init__(self) -> None:
        self._due: dict[UUID, float] = {}
        self._visited: set[UUID] = set()
        self._news = asyncio.Event()

    def stir(self, tenant_id: UUID, at: float) -> None:
        """Visit `tenant_id` at `at` or before."""
        self._due[tenant_id] = min(at, self._due.get(tenant_id, at))
        self._news.set()

    def next(self, now: float) -> UUID | None:
        """Whose turn it is: the longest due, so that a tenant with much to send lets the others through. The caller
        visits it, and says `back`."""
        due = [(at, tenant_id) for tenant_id, at in self._due.items() if at <= now and tenant_id not in self._visited]
        if not due:
            return None
        tenant_id = min(due)[1]
        del self._due[tenant_id]
        self._visited.add(tenant_id)
        return tenant_id

    def back(self, tenant_id: UUID, again: float | None) -> None:
        """The visit is over; the next one is due at `again`, or when there is news."""
        self._visited.discard(tenant_id)
        if again is not None:
            self.stir(tenant_id, again)

    async def news(self, patience: float) -> None:
        """Wait for a `stir`, at most `patience` seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await self._news.wait()
        self._news.clear()
