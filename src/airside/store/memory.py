"""What was read of a tenant, in memory for a moment: a busy server asks for the same rows thousands of times a second.

What was read is good for so many seconds from the beginning of the reading, whatever becomes of the news; and the news
of a change takes it away at once: in the process that made it with its commit, in every other with the notification. So
whatever ends opens nothing a second later on any node (N18; decision 0017).
"""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final, Generic, TypeVar
from uuid import UUID

from airside.core.clock import Clock
from airside.store.context import RequestContext
from airside.store.listener import Listener

MAX_REMEMBERED: Final = 10_000
"""Things of all tenants; the one read longest ago is forgotten."""

_OUTDATED: Final = float("-inf")

Thing = TypeVar("Thing")


@dataclass(frozen=True, slots=True)
class Reading:
    """When something began to be read, and how many changes had been heard of by then."""

    moment: float
    generation: int


class Memory(Generic[Thing]):
    """Things of the tenants by their names; what isn't there isn't remembered.

    Args:
        channel: whereon processes tell each other of changes.
        seconds: how long what was read is good.
        outdated: what is good no longer is kept, for `last` alone; else news takes it out of memory.
    """

    def __init__(
        self, listener: Listener, clock: Clock, *, channel: str, seconds: float, outdated: bool = False
    ) -> None:
        self._clock = clock
        self._channel = channel
        self._seconds = seconds
        self._outdated = outdated
        self._held: OrderedDict[tuple[int, str], tuple[float, Thing]] = OrderedDict()
        self._generation = 0
        listener.subscribe(channel, self._hear, self._forget)

    def known(self, ctx: RequestContext, name: str = "") -> Thing | None:
        """What the context's tenant has under `name`, if it is in memory."""
        held = self._held.get((ctx.tenant_id.int, name))
        if held is None or not 0 <= self._clock.monotonic() - held[0] < self._seconds:
            return None
        return held[1]

    def last(self, tenant_id: UUID, name: str = "") -> tuple[Thing | None, bool]:
        """What was read last, for whoever can't wait, and whether it is still good; None where nothing was."""
        moment, thing = self._held.get((tenant_id.int, name), (_OUTDATED, None))
        return thing, 0 <= self._clock.monotonic() - moment < self._seconds

    def reading(self) -> Reading:
        """To be asked for before the database is: what is then kept is as old as this."""
        return Reading(self._clock.monotonic(), self._generation)

    def keep(self, ctx: RequestContext, reading: Reading, thing: Thing, name: str = "") -> None:
        """Remember what was read, once its transaction has committed: nothing else may outlive it."""
        tenant_id = ctx.tenant_id
        ctx.tx.after_commit(lambda: self.keep_committed(tenant_id, reading, thing, name))

    def keep_committed(self, tenant_id: UUID, reading: Reading, thing: Thing, name: str = "") -> None:
        """Remember what was read by somebody who has changed nothing, whatever becomes of them."""
        if reading.generation != self._generation:
            return  # something changed while it was being read: perhaps this
        place = (tenant_id.int, name)
        self._held[place] = (reading.moment, thing)
        self._held.move_to_end(place)
        if len(self._held) > MAX_REMEMBERED:
            self._held.popitem(last=False)

    async def changed(self, ctx: RequestContext, name: str = "") -> None:
        """Whoever changes a thing says so in the same transaction."""
        tenant_id = ctx.tenant_id
        await ctx.tx.notify(self._channel, f"{tenant_id.hex} {name}")
        ctx.tx.after_commit(lambda: self._drop(tenant_id, name))

    async def all_changed(self, ctx: RequestContext) -> None:
        """The same for what holds for every tenant."""
        await ctx.tx.notify(self._channel, "")
        ctx.tx.after_commit(self._forget)

    def _drop(self, tenant_id: UUID, name: str) -> None:
        self._generation += 1
        held = self._held.pop((tenant_id.int, name), None)
        if held is not None and self._outdated:
            self._held[tenant_id.int, name] = (_OUTDATED, held[1])

    def _hear(self, payload: str) -> None:
        tenant, _, name = payload.partition(" ")
        try:
            self._drop(UUID(hex=tenant), name)
        except ValueError:
            self._forget()

    def _forget(self) -> None:
        self._generation += 1
        if self._outdated:
            self._held = OrderedDict((place, (_OUTDATED, thing)) for place, (_, thing) in self._held.items())
        else:
            self._held.clear()
