"""Revoke, and know what is revoked, within a second on every node."""

from collections import OrderedDict
from datetime import datetime, timedelta
from math import ceil
from typing import Final
from uuid import UUID

from airside.core.clock import epoch
from airside.core.entropy import Entropy, token
from airside.core.errors import InvalidInput, Unavailable
from airside.core.ids import uuid7
from airside.revocation import news, records
from airside.revocation.model import ALWAYS, MAX_ID, Entry, Kind, Page, RevokedSet
from airside.store import Listener, RequestContext
from airside.store.followers import Followers

CHANNEL: Final = "airside_revocations"
MAX_SILENCE: Final = 5.0  # seconds without a sign of life from the listener, after which we don't know what is revoked
MAX_TENANTS: Final = 10_000  # sets held in memory; the longest unused is forgotten and read again when asked for
REREAD: Final = timedelta(hours=1)  # a set is read again after this, which drops what has ended
MARGIN: Final = timedelta(seconds=60)  # entries outlive their end by this much: leeway and clock differences
MAX_WAIT: Final = 25.0  # seconds for which a follower's question may wait for news
_LOADS: Final = 3  # attempts to read a set without missing news meanwhile
_PART: Final = "revocation news"


class Revocations:
    """The tenants' revoked sets: read once, then kept current by notifications.

    A set is registered *before* it is read, so that news arriving while it is being read lands in it; taking an
    entry in twice changes nothing.
    """

    def __init__(self, *, listener: Listener, entropy: Entropy) -> None:
        self._listener = listener
        self._entropy = entropy
        self._sets: OrderedDict[int, tuple[datetime, RevokedSet]] = OrderedDict()
        self._loading: dict[UUID, list[RevokedSet]] = {}
        self._generation = 0
        self.followers = Followers("revocation streams")
        self.polls = Followers("waiting for revocations")
        listener.subscribe(CHANNEL, self._hear, self._forget)

    async def revoke(
        self,
        ctx: RequestContext,
        kind: Kind,
        id: str,
        *,
        before: datetime | None = None,
        expires_at: datetime,
    ) -> None:
        """Revoke what `id` names, issued at or before the second of `before`, or all of it where that is None.

        `expires_at` is when the last token concerned has ended. Takes hold at commit: on this node at once, on the
        others with the notification.

        Raises:
            InvalidInput: an empty or overlong id.
        """
        if not 0 < len(id) <= MAX_ID or "\x00" in id:
            raise InvalidInput("id to revoke is empty or too long")
        limit = ALWAYS if before is None else epoch(before)
        entry = Entry(kind, id, limit, ceil(expires_at.timestamp()))
        records.insert(ctx, uuid7(ctx.now, self._entropy), entry)
        await ctx.tx.notify(CHANNEL, news.write(ctx.tenant_id, entry))
        tenant_id = ctx.tenant_id
        ctx.tx.after_commit(lambda: self._take(tenant_id, entry))

    async def current(self, ctx: RequestContext) -> RevokedSet:
        """What is revoked in the tenant now. Reads the database only at first use, and after a gap in the news.

        Raises:
            Unavailable: the news has been silent too long, or broke off while we were reading (fail secure).
        """
        if self._listener.silent_for() > MAX_SILENCE:
            raise Unavailable(_PART)
        known = self.known(ctx)
        if known is not None:
            return known
        for _attempt in range(_LOADS):
            generation = self._generation
            loaded = await self._load(ctx)
            if generation == self._generation:
                return self._keep(ctx, loaded)
        raise Unavailable(_PART)

    def known(self, ctx: RequestContext) -> RevokedSet | None:
        """What is revoked in the tenant now, if that is in memory and the news isn't silent."""
        held = self._sets.get(ctx.tenant_id.int)
        if held is None or ctx.now - held[0] >= REREAD or self._listener.silent_for() > MAX_SILENCE:
            return None
        self._sets.move_to_end(ctx.tenant_id.int)
        return held[1]

    async def follow(self, ctx: RequestContext, cursor: str) -> Page:
        """What has been revoked since `cursor` (empty: everything), for the feed that SDKs follow. `followers` and
        `polls` hear when there may be more.

        Raises:
            Unavailable: as `current`.
        """
        return (await self.current(ctx)).after(cursor)

    def close(self) -> None:
        """Nobody waits any more: the process is about to end."""
        self.followers.close()
        self.polls.close()

    async def sweep(self, ctx: RequestContext) -> int:
        """Delete what can cover nothing in force any more, here and (by reading again) in memory; how many rows."""
        swept = await records.sweep(ctx, MARGIN)
        if swept:
            tenant_id = ctx.tenant_id
            ctx.tx.after_commit(lambda: self._drop(tenant_id))
        return swept

    async def _load(self, ctx: RequestContext) -> RevokedSet:
        fresh = RevokedSet(mark=token(self._entropy, 64))
        waiting = self._loading.setdefault(ctx.tenant_id, [])
        waiting.append(fresh)
        try:
            for entry in await records.load(ctx, MARGIN):
                fresh.add(entry)
        finally:
            waiting[:] = [other for other in waiting if other is not fresh]
            if not waiting:
                self._loading.pop(ctx.tenant_id, None)
        return fresh

    def _keep(self, ctx: RequestContext, fresh: RevokedSet) -> RevokedSet:
        self._sets[ctx.tenant_id.int] = (ctx.now, fresh)
        self._sets.move_to_end(ctx.tenant_id.int)
        if len(self._sets) > MAX_TENANTS:
            self._sets.popitem(last=False)
        return fresh

    def _take(self, tenant_id: UUID, entry: Entry) -> None:
        held = self._sets.get(tenant_id.int)
        if held is not None:
            held[1].add(entry)
        for fresh in self._loading.get(tenant_id, ()):
            fresh.add(entry)
        self._wake(tenant_id)

    def _hear(self, payload: str) -> None:
        try:
            self._take(*news.read(payload))
        except InvalidInput:
            self._forget()

    def _drop(self, tenant_id: UUID) -> None:
        self._sets.pop(tenant_id.int, None)

    def _forget(self) -> None:
        self._generation += 1
        self._sets.clear()
        self.followers.wake_all()
        self.polls.wake_all()

    def _wake(self, tenant_id: UUID) -> None:
        self.followers.wake(tenant_id)
        self.polls.wake(tenant_id)
