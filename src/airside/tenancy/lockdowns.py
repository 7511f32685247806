"""Locking a tenant and shutting networks out of it, known to every node within a second.

A tenant's lockdown is read once and then taken from memory, until news of a change comes: with the commit in the
process that made it, with the notification in every other. Where the news has been silent too long it is read for
every request: a node that can't hear goes slowly, and lets nobody in.
"""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from airside.audit import Event, Journal
from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.errors import Conflict, InvalidInput, NotFound
from airside.core.ids import TENANT, format_id, uuid7
from airside.store import Listener, Memory, RequestContext
from airside.store.queues import queue_for
from airside.tenancy import records_lockdown
from airside.tenancy.model_lockdown import MAX_BANNED, MAX_BANS, MIN_PREFIX, Ban, Lock, Lockdown, read_network

CHANNEL: Final = "airside_lockdowns"
REREAD: Final = 60.0
"""Seconds after which it is read again, whatever the news."""
MAX_SILENCE: Final = 5.0
"""Seconds without a sign of life from the listener, after which nothing is taken from memory."""


class Lockdowns:
    """What is shut of the tenants."""

    def __init__(self, *, listener: Listener, clock: Clock, entropy: Entropy, journal: Journal) -> None:
        self._listener = listener
        self._entropy = entropy
        self._journal = journal
        self._memory: Memory[Lockdown] = Memory(listener, clock, channel=CHANNEL, seconds=REREAD)

    async def enter(self, ctx: RequestContext) -> Lockdown:
        """What is shut of the context's tenant, for whoever opens the door to it and has done nothing yet: what they
        read is committed, and is remembered whatever becomes of them."""
        known = self.known(ctx)
        if known is not None:
            return known
        reading = self._memory.reading()
        found = await records_lockdown.load(ctx)
        self._memory.keep_committed(ctx.tenant_id, reading, found)
        return found

    async def current(self, ctx: RequestContext) -> Lockdown:
        """What is shut of the context's tenant, for whoever is inside."""
        return self.known(ctx) or await records_lockdown.load(ctx)

    def known(self, ctx: RequestContext) -> Lockdown | None:
        """As `current`, if it is in memory and the news isn't silent."""
        held = self._memory.known(ctx)
        return None if held is None or self._listener.silent_for() > MAX_SILENCE else held

    async def lock(self, ctx: RequestContext) -> Lock:
        """Nothing in the tenant is changed any more until it is unlocked.

        Raises:
            Conflict: it is locked already.
        """
        if not await records_lockdown.lock(ctx):
            raise Conflict("the tenant is locked already")
        await self._memory.changed(ctx)
        await self._journal.record(ctx, Event.TENANT_LOCKED, subject=format_id(TENANT, ctx.tenant_id))
        return Lock(ctx.principal.subject, ctx.now)

    async def unlock(self, ctx: RequestContext) -> None:
        """It is as it was.

        Raises:
            Conflict: it isn't locked.
        """
        if not await records_lockdown.unlock(ctx):
            raise Conflict("the tenant isn't locked")
        await self._memory.changed(ctx)
        await self._journal.record(ctx, Event.TENANT_UNLOCKED, subject=format_id(TENANT, ctx.tenant_id))

    async def ban(self, ctx: RequestContext, text: str, lifetime: timedelta, *, force: bool = False) -> Ban:
        """Take nothing from the network `text` for `lifetime`.

        Raises:
            InvalidInput: not a network, or a lifetime out of range.
            Conflict: without `force`, it is so wide that it shuts out almost everybody, or the caller is in it; or the
                tenant has `MAX_BANS` already.
        """
        network = read_network(text)
        if not timedelta() < lifetime <= MAX_BANNED:
            raise InvalidInput(f"at most {MAX_BANNED.days} days are expected", pointer="minutes")
        ban = Ban(uuid7(ctx.now, self._entropy), network, ctx.principal.subject, ctx.now, ctx.now + lifetime)
        if not force and network.prefixlen < MIN_PREFIX:
            raise Conflict(f"a prefix shorter than /{MIN_PREFIX} shuts out almost everybody: it takes force")
        if not force and Lockdown(bans=[ban]).shuts_out(ctx.origin.address, ctx.now):
            raise Conflict("the request comes from this network itself: it takes force")
        await queue_for(ctx, "ban")
        if len((await records_lockdown.load(ctx)).bans) >= MAX_BANS:
            raise Conflict("as many networks as may be are banned", max_bans=MAX_BANS)
        await records_lockdown.insert_ban(ctx, ban)
        await self._memory.changed(ctx)
        await self._record(ctx, Event.NETWORK_BANNED, ban, until=ban.expires_at)
        return ban

    async def lift(self, ctx: RequestContext, ban_id: UUID) -> Ban:
        """Take requests from there again; what was banned.

        Raises:
            NotFound: not there, or not this tenant's, or over by itself and forgotten.
        """
        ban = await records_lockdown.lift(ctx, ban_id)
        if ban is None:
            raise NotFound("ban")
        await self._memory.changed(ctx)
        await self._record(ctx, Event.NETWORK_LIFTED, ban)
        return ban

    async def stored(self, ctx: RequestContext) -> Lockdown:
        """What is shut now, in this transaction too; never from memory."""
        return await records_lockdown.load(ctx)

    async def sweep(self, ctx: RequestContext) -> int:
        """Forget bans that are over, for a timer; how many. Nobody is told: they had ended by themselves."""
        return await records_lockdown.sweep(ctx)

    async def _record(self, ctx: RequestContext, event: Event, ban: Ban, *, until: datetime | None = None) -> None:
        details = {"network": str(ban.network)} | ({} if until is None else {"until": until.isoformat()})
        await self._journal.record(ctx, event, subject=ban.word, details=details)
