"""Named keys in memory, so that sealing costs no query.

What was read is good for `REMEMBERED`, whatever becomes of the news; and the news of a change takes it away at once: in
the process that made it with its commit, in every other with the notification. So a destroyed key opens nothing a few
seconds later on any node (N18).
"""

from collections import OrderedDict
from typing import Final
from uuid import UUID

from airside.core.clock import Clock
from airside.secrets.ring import KeyRing
from airside.store import Listener, RequestContext

CHANNEL: Final = "airside_app_keys"
REMEMBERED: Final = 10.0
"""Seconds."""
MAX_REMEMBERED: Final = 10_000
"""Keys of all tenants; the one used longest ago is forgotten."""


class KeyMemory:
    """The keys that were used lately. What isn't there is never remembered."""

    def __init__(self, *, listener: Listener, clock: Clock) -> None:
        self._clock = clock
        self._held: OrderedDict[tuple[UUID, str], tuple[float, KeyRing]] = OrderedDict()
        self._generation = 0
        listener.subscribe(CHANNEL, self._hear, self._forget)

    @property
    def generation(self) -> int:
        """Grows with every change that is heard of; to be read before what is then kept."""
        return self._generation

    def moment(self) -> float:
        """Now, to be told when what was read is kept."""
        return self._clock.monotonic()

    def known(self, ctx: RequestContext, name: str) -> KeyRing | None:
        """The key of that name, if it is in memory."""
        held = self._held.get((ctx.tenant_id, name))
        if held is None or not 0 <= self._clock.monotonic() - held[0] < REMEMBERED:
            return None
        return held[1]

    def keep(self, ctx: RequestContext, name: str, ring: KeyRing, *, moment: float, generation: int) -> None:
        """Remember what was read at `moment`, once this transaction has committed, unless something changed since."""
        ctx.tx.after_commit(lambda: self._keep(ctx.tenant_id, name, moment, generation, ring))

    async def changed(self, ctx: RequestContext, name: str) -> None:
        """Whoever changes a key says so in the same transaction."""
        tenant_id = ctx.tenant_id
        await ctx.tx.notify(CHANNEL, f"{tenant_id.hex} {name}")
        ctx.tx.after_commit(lambda: self._drop(tenant_id, name))

    def _keep(self, tenant_id: UUID, name: str, moment: float, generation: int, ring: KeyRing) -> None:
        if generation != self._generation:
            return
        self._held[tenant_id, name] = (moment, ring)
        self._held.move_to_end((tenant_id, name))
        if len(self._held) > MAX_REMEMBERED:
            self._held.popitem(last=False)

    def _drop(self, tenant_id: UUID, name: str) -> None:
        self._generation += 1
        self._held.pop((tenant_id, name), None)

    def _hear(self, payload: str) -> None:
        tenant, _, name = payload.partition(" ")
        try:
            self._drop(UUID(hex=tenant), name)
        except ValueError:
            self._forget()

    def _forget(self) -> None:
        self._generation += 1
        self._held.clear()
