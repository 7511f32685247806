"""Keys in memory for a moment: programs come with the same few thousands of times a second.

What was read is good for `REMEMBERED` from the beginning of the reading, and until there is news: that the key itself
was changed (a notification of our own), or that something of its owner or of the whole tenant has ended (revocations,
which arrive in the set that is held beside it). So a key opens nothing a second after its owner was disabled, on any
node (N18), and a busy one costs one read in half a minute.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from airside.apikeys import records
from airside.apikeys.model import ApiKey, UserStates
from airside.core.clock import Clock, epoch
from airside.limits import API_KEY_REQUESTS, Limit
from airside.limits.names import per_minute
from airside.revocation import RevokedSet
from airside.store import Listener, Memory
from airside.store.context import RequestContext

CHANNEL: Final = "airside_api_keys"
REMEMBERED: Final = 30.0
"""Seconds."""


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
        self._users = users
        self._memory: Memory[Held] = Memory(listener, clock, channel=CHANNEL, seconds=REMEMBERED)

    def known(self, ctx: RequestContext, lookup: str, revoked: RevokedSet) -> Held | None:
        """The key that is found by `lookup`, if it is in memory and nothing has been heard since."""
        held = self._memory.known(ctx, lookup)
        return None if held is None or held.outdated(revoked) else held

    async def load(self, ctx: RequestContext, lookup: str, revoked: RevokedSet) -> Held | None:
        """The same from the database; None where there is none."""
        reading, seen = self._memory.reading(), revoked.arrived
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
            loaded=epoch(ctx.now),
            revoked=revoked,
            seen=seen,
            noted=stored.key.last_used_at,
        )
        if held.stands:  # nobody tells that an owner stands again
            self._memory.keep(ctx, reading, held, lookup)
        return held

    async def changed(self, ctx: RequestContext, lookup: str) -> None:
        """Whoever changes a key says so in the same transaction."""
        await self._memory.changed(ctx, lookup)

    async def _stands(self, ctx: RequestContext, stored: records.Stored) -> bool:
        owner = stored.key.owner
        state = stored.account_state if owner.kind == "service_account" else await self._users.state(ctx, owner.id)
        return state == "active"
