"""Keys in memory for a moment: programs come with the same few thousands of times a second.

What was read is good for `REMEMBERED` from the beginning of the reading, and until there is news: that the key itself
was changed (a notification of our own), or that something of its owner or of the whole tenant has ended (revocations,
which arrive in the set that is held beside it). So a key opens nothing a second after its owner was disabled, on any
node (N18), and a busy one costs one read in half a minute.
"""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from airside.apikeys import records
from airside.apikeys.model import ApiKey, UserStates
from airside.core.clock import Clock, epoch
from airside.limits import API_KEY_REQUESTS, Limit
from airside.limits.names import per_minute
from airside.revocation import RevokedSet
from airside.store import Listener
from airside.store.context import RequestContext

CHANNEL: Final = "airside_api_keys"
REMEMBERED: Final = 30.0
"""Seconds."""
MAX_REMEMBERED: Final = 10_000
"""Keys of all tenants; the one used longest ago is forgotten."""


@dataclass(slots=True)
class Held:
    """A key as it was read.

    Attributes:
        word: its name, and `owner` that of whom it speaks for: spelt once.
        stands: whether its owner was there and active.
        limit: how often it may come.
        revoked: what was revoked then, a live view; `seen` of its entries have been looked at.
        noted: the use of it that was noted last.
        address: where it came from then.
    """

    key: ApiKey
    key_hash: bytes
    word: str
    owner: str
    stands: bool
    limit: Limit
    moment: float
    loaded: int
    revoked: RevokedSet
    seen: int
    noted: datetime | None
    address: str = ""

    def outdated(self, revoked: RevokedSet) -> bool:
        """Whether there is news of its owner or of the tenant since it was read."""
        if self.revoked is not revoked:
            return True
        owner = self.owner
        if revoked.arrived > self.seen:
            if any(entry.kind == "tenant" or entry.id == owner for entry in revoked.since(self.seen)):
                return True
            self.seen = revoked.arrived
        # Whoever read it while the news was being written may have read what was before.
        ended = revoked.until("sub", owner)
        return ended is not None and self.loaded <= ended


class KeyMemory:
    """The keys that came lately. What isn't there isn't remembered."""

    def __init__(self, *, listener: Listener, clock: Clock, users: UserStates) -> None:
        self._clock = clock
        self._users = users
        self._held: OrderedDict[tuple[int, str], Held] = OrderedDict()
        self._generation = 0
        listener.subscribe(CHANNEL, self._hear, self._forget)

    def known(self, ctx: RequestContext, lookup: str, revoked: RevokedSet) -> Held | None:
        """The key that is found by `lookup`, if it is in memory and nothing has been heard since."""
        held = self._held.get((ctx.tenant_id.int, lookup))
        if held is None or not 0 <= self._clock.monotonic() - held.moment < REMEMBERED or held.outdated(revoked):
            return None
        return held

    async def load(self, ctx: RequestContext, lookup: str, revoked: RevokedSet) -> Held | None:
        """The same from the database; None where there is none."""
        moment, seen, generation = self._clock.monotonic(), revoked.arrived, self._generation
        stored = await records.presented(ctx, lookup)
        if stored is None:
            return None
        held = Held(
            key=stored.key,
            key_hash=stored.key_hash,
            word=stored.key.word,
            owner=stored.key.owner.word,
            stands=await self._stands(ctx, stored),
            limit=per_minute(API_KEY_REQUESTS, stored.key.per_minute),
            moment=moment,
            loaded=epoch(ctx.now),
            revoked=revoked,
            seen=seen,
            noted=stored.key.last_used_at,
        )
        if held.stands:  # nobody tells that an owner stands again
            # Only what has been committed may outlive this transaction.
            ctx.tx.after_commit(lambda: self._keep(ctx.tenant_id, generation, held))
        return held

    async def changed(self, ctx: RequestContext, lookup: str) -> None:
        """Whoever changes a key says so in the same transaction."""
        tenant_id = ctx.tenant_id
        await ctx.tx.notify(CHANNEL, f"{tenant_id.hex} {lookup}")
        ctx.tx.after_commit(lambda: self._drop(tenant_id, lookup))

    async def _stands(self, ctx: RequestContext, stored: records.Stored) -> bool:
        owner = stored.key.owner
        state = stored.account_state if owner.kind == "service_account" else await self._users.state(ctx, owner.id)
        return state == "active"

    def _keep(self, tenant_id: UUID, generation: int, held: Held) -> None:
        if generation != self._generation:
            return  # something changed while it was being read: perhaps this
        place = (tenant_id.int, held.key.lookup)
        self._held[place] = held
        self._held.move_to_end(place)
        if len(self._held) > MAX_REMEMBERED:
            self._held.popitem(last=False)

    def _drop(self, tenant_id: UUID, lookup: str) -> None:
        self._generation += 1
        self._held.pop((tenant_id.int, lookup), None)

    def _hear(self, payload: str) -> None:
        tenant, _, lookup = payload.partition(" ")
        try:
            self._drop(UUID(hex=tenant), lookup)
        except ValueError:
            self._forget()

    def _forget(self) -> None:
        self._generation += 1
        self._held.clear()
