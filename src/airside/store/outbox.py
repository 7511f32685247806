"""The outbox: what must leave the process, written in the transaction that makes it true.

A row is who and what, as ids; it is delivered after the commit, at least once. Delivery takes items tenant by tenant
and holds them by a lease, so that no connection and no lock waits for a foreign server, and an item whose holder died
is taken by another.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final, Literal
from uuid import UUID

from airside.core.entropy import Entropy
from airside.core.errors import Inconsistent
from airside.core.ids import uuid7
from airside.store import records_outbox as records
from airside.store.context import RequestContext
from airside.store.records_outbox import Depth, Item

CHANNEL: Final = "airside_outbox"
"""Where the commit of an item is told, by its tenant's id in hexadecimal and its way."""
Way = Literal["mail", "logout", "webhook", "signal"]
"""By which way an item leaves; each has a consumer of its own, which sees no other's."""
MAX_ABOUT: Final = 8
"""Most values of one item."""
KEPT_DEAD: Final = timedelta(days=30)
"""How long an item that was given up stays for an operator to look at."""

_WORD: Final = re.compile(r"[a-z]+(?:_[a-z]+)*")
_MAX_WORD: Final = 24
_ID: Final = re.compile(r"[a-z]{3}_[0-7][0-9a-hjkmnp-tv-z]{25}")


def lane_of(receiver_id: UUID, subject: str) -> UUID:
    """The lane of what a receiver is told of one subject."""
    return UUID(bytes=sha256(receiver_id.bytes + subject.encode()).digest()[:16])


class Outbox:
    """Puts items in and hands them out."""

    def __init__(self, *, entropy: Entropy) -> None:
        self._entropy = entropy

    async def put(
        self,
        ctx: RequestContext,
        kind: str,
        *,
        subject: UUID | None,
        about: Mapping[str, str] = {},
        way: Way = "mail",
        lane: UUID | None = None,
    ) -> UUID:
        """Deliver a `kind` about `subject` by `way` once the caller's transaction has committed, and never if it rolls
        back.

        `about` holds ids as `core.ids` spells them, and words: whatever could be an address or a secret is refused,
        for rows live in backups. Items of one `lane` leave in the order in which they were put, each when the one
        before is delivered or given up.

        Raises:
            Inconsistent: a kind that is no word, a value that is neither id nor word, or more than `MAX_ABOUT`. A
                fault of the caller, so nobody outside is told.
        """
        _demand_lawful(kind, about)
        item_id = uuid7(ctx.now, self._entropy)
        records.insert(ctx, item_id, kind, subject, about, way, lane)
        await ctx.tx.notify(CHANNEL, f"{ctx.tenant_id.hex} {way}")
        return item_id

    async def put_all(
        self, ctx: RequestContext, kind: str, items: Sequence[tuple[Mapping[str, str], UUID]], *, way: Way
    ) -> None:
        """As `put`, of many that are about nobody, each with its lane: in this order, by one statement.

        Raises:
            Inconsistent: as `put`.
        """
        for about, _ in items:
            _demand_lawful(kind, about)
        if items:
            named = [(uuid7(ctx.now, self._entropy), about, lane) for about, lane in items]
            await records.insert_all(ctx, kind, named, way)
            await ctx.tx.notify(CHANNEL, f"{ctx.tenant_id.hex} {way}")

    async def withdraw(self, ctx: RequestContext, way: Way, name: str, value: str) -> int:
        """Deliver nothing any more of what says `value` by `name`, unless it is given up already; how many items. One
        that somebody holds may be sent all the same, and nothing comes of it here."""
        return await records.withdraw(ctx, way, name, value)

    async def take(self, ctx: RequestContext, *, limit: int, lease: timedelta, way: Way = "mail") -> Sequence[Item]:
        """At most `limit` items of the `way` that are due, the longest due first and of each lane only the first, held
        by the caller for `lease` from `ctx.now`.

        Nobody else is given them meanwhile. One whose lease ran out counts an attempt more: its holder may have sent
        it or not.
        """
        return await records.take(ctx, way, limit, ctx.now + lease)

    async def done(self, ctx: RequestContext, item: Item) -> bool:
        """It is delivered, or there is nothing to deliver any more. False where the lease ran out and another holds
        it."""
        return await records.delete(ctx, item)

    async def retry(self, ctx: RequestContext, item: Item, after: timedelta, *, counted: bool = True) -> bool:
        """Try again `after` so long. `counted`: it was this item that failed, and not the whole way out."""
        return await records.put_back(ctx, item, item.attempts + counted, ctx.now + after)

    async def bury(self, ctx: RequestContext, item: Item) -> bool:
        """Give it up. The caller journals it, if this is True."""
        return await records.bury(ctx, item)

    async def next_due(self, ctx: RequestContext, *, way: Way = "mail") -> datetime | None:
        """When the tenant's next item of the `way` is due or its lease ends, and its turn has come; None where nothing
        waits."""
        return await records.next_due(ctx, way)

    async def depth(self, ctx: RequestContext) -> Depth:
        """What waits in the tenant's outbox, by whichever way."""
        return await records.depth(ctx)

    async def waits(self, ctx: RequestContext, kind: str, subject: UUID) -> bool:
        """Whether a `kind` about `subject` is still to be delivered: what it needs mustn't be erased yet."""
        return await records.waits(ctx, kind, subject)

    async def sweep(self, ctx: RequestContext) -> int:
        """Forget what was given up `KEPT_DEAD` ago, for a timer; how many."""
        return await records.sweep(ctx, ctx.now - KEPT_DEAD)


def _demand_lawful(kind: str, about: Mapping[str, str]) -> None:
    if not _is_word(kind) or len(about) > MAX_ABOUT:
        raise Inconsistent("an outbox item of no kind, or about too much")
    for name, value in about.items():
        if not _is_word(name) or not (_is_word(value) or _ID.fullmatch(value)):
            raise Inconsistent("neither an id nor a word for the outbox")


def _is_word(text: str) -> bool:
    return len(text) <= _MAX_WORD and _WORD.fullmatch(text) is not None
