"""Rotation of the index key: a new one comes, counts, and every index is computed anew with it.

```
coming ──(every node knows it)──► active ──(rotated)──► retired ──(nothing rests on it)──► destroyed
   └───(taken back: destroyed)                             ▲ └──(rolled back)──► active
```

Whoever looks something up does it by the indexes under every key there is; whoever writes does it by the one that
counts. An index that a unique key rests on is written by whoever shares that key's row (`Vault.indexing`), which a
rotation takes for itself: so at no moment do two transactions write by different keys, and what stands under another
one is looked up first. No index says under which key it is: each row is opened and computed, and a key is destroyed
only after a whole pass that found nothing under it. Never journals: its callers do.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from airside.core.errors import Inconsistent, NotFound, Refusal
from airside.store.context import RequestContext
from airside.vault import records, records_indexes
from airside.vault.indexes import INDEXES, Column, Values
from airside.vault.keyset import Keyset
from airside.vault.model import TenantKey, Unopenable
from airside.vault.persons import PersonKey, open_personal, person_of
from airside.vault.records_indexes import Row
from airside.vault.rotation import MAX_PASSES, SETTLING, OnProgress, Resealed, Turned, bring, is_over, replace
from airside.vault.vault import Vault

BATCH: Final = 100
"""Rows looked at, and their indexes computed anew, in one transaction: whoever refers to one waits for so long."""
AGAIN: Final = timedelta(hours=1)
"""After this a timer looks once more at a tenant with rows that don't open."""


@dataclass(frozen=True, slots=True)
class _Pass:
    """What one pass over a column has met: rows computed anew, rows that others held, rows that don't fit."""

    moved: int
    missed: int
    wrong: int


class IndexKeys:
    """The life of a tenant's index keys.

    Args:
        values: what every index of the catalogue is of, by the room whose it is.

    Raises:
        Inconsistent: an index of the catalogue isn't among them, or another is.
    """

    def __init__(self, *, vault: Vault, values: Mapping[Column, Values]) -> None:
        if values.keys() != INDEXES.keys():
            raise Inconsistent("indexes that nobody can compute anew", columns=str(values.keys() ^ INDEXES.keys()))
        self._vault = vault
        self._values = values
        self._rests: dict[UUID, tuple[frozenset[tuple[UUID, datetime]], datetime]] = {}

    async def rotate(self, ctx: RequestContext) -> UUID:
        """Make an index key that counts once every node knows it; its id.

        Raises:
            Conflict: one is coming already.
            Unavailable: the key encryption key can't be reached.
        """
        return await bring(ctx, self._vault, "index")

    async def roll_back(self, ctx: RequestContext) -> UUID:
        """Take back the rotation that began last: the key that counts from now on. Every node knows it.

        Raises:
            NotFound: there is no key to go back to.
        """
        keys = await self._taken(ctx)
        active, coming = _the(keys, "active"), _the(keys, "coming")
        if coming is not None:
            await records.drop_coming(ctx, coming.key_id)  # nothing was ever indexed with it
            await self._vault.forget_tenant(ctx)
        else:
            former = max((key for key in keys if key.state == "retired"), key=lambda key: key.since, default=None)
            if former is None:
                raise NotFound("no index key to go back to")
            await replace(ctx, self._vault, _there(active), former)
            return former.key_id
        return _there(active).key_id

    async def turn(self, ctx: RequestContext) -> Turned:
        """Do what is due: let a settled key count, destroy a retired one that nothing rests on. Several processes may
        try; they take turns."""
        keys = await self._keys(ctx)
        if not _is_settled(ctx, _the(keys, "coming")) and not any(is_over(ctx, key) for key in keys):
            return Turned()
        keys = await self._taken(ctx)
        coming = _the(keys, "coming")
        if coming is not None and _is_settled(ctx, coming):
            await replace(ctx, self._vault, _there(_the(keys, "active")), coming)
            return Turned(active=coming.key_id)
        destroyed = [key.key_id for key in keys if is_over(ctx, key) and await self._destroy(ctx, key)]
        if destroyed:
            await self._vault.forget_tenant(ctx)
        return Turned(destroyed=tuple(destroyed))

    async def owed(self, ctx: RequestContext) -> dict[str, int]:
        """How many rows of each column are to be looked at, if any; columns without aren't named."""
        found: dict[str, int] = {}
        for place in INDEXES if await self._stale(ctx) else ():
            if number := await records_indexes.count(ctx, place):
                found[".".join(place)] = number
        return found

    async def keep_on(self, ctx: RequestContext) -> None:
        """As `reindex`, for a timer: it doesn't look at every row again where that can't have come to anything."""
        stale = frozenset((key.key_id, key.since) for key in await self._stale(ctx))
        rest = self._rests.pop(ctx.tenant_id, None)
        if not stale or (rest is not None and rest[0] == stale and ctx.now < rest[1]):
            if stale and rest is not None:
                self._rests[ctx.tenant_id] = rest
            return
        done = await self.reindex(ctx)
        settled = max(since for _, since in stale) + SETTLING
        self._rests[ctx.tenant_id] = stale, ctx.now + AGAIN if done.unreadable else max(settled, ctx.now)

    async def reindex(self, ctx: RequestContext, progress: OnProgress = lambda _column, _rows: None) -> Resealed:
        """Compute anew what is under another index key than the one that counts, in batches that are committed one by
        one; `progress` hears how many rows were looked at for the first time. What was done before a kill stays done.

        Raises:
            Unavailable: the key encryption key can't be reached. What was done is done.
        """
        # What this process remembers may be from before the rotation.
        self._vault.forget(ctx.tenant_id)
        await ctx.tx.checkpoint()
        stale = await self._stale(ctx)
        done, clean = Resealed(), True
        for place in INDEXES if stale else ():
            met = await self._pass(ctx, place, progress)
            for _ in range(MAX_PASSES):
                done.rows += met.moved
                if not met.moved:
                    break
                met = await self._pass(ctx, place, _untold)
            done.unreadable += [".".join(place)] if met.wrong else []
            clean = clean and not (met.moved or met.missed or met.wrong)
        for key in stale if clean else ():
            if ctx.now - key.since >= SETTLING:
                await records.set_resealed(ctx, key.key_id, key.since)
        return done

    async def _pass(self, ctx: RequestContext, place: Column, progress: OnProgress) -> _Pass:
        """Once through the column."""
        after: tuple[Any, ...] = ()
        moved = missed = wrong = 0
        while True:
            keyset = await self._vault.indexing(ctx)
            rows = await records_indexes.page(ctx, place, after, BATCH)
            changes, strange = await self._anew(ctx, keyset, place, rows)
            if changes:
                held = await records_indexes.page(ctx, place, after, BATCH, take=True)
                taken, _ = await self._anew(ctx, keyset, place, held)
                replaced = await records_indexes.replace(ctx, place, taken)
                moved, missed = moved + replaced, missed + max(0, len(changes) - replaced)
            await ctx.tx.checkpoint()
            wrong += strange
            progress(".".join(place), len(rows))
            if len(rows) < BATCH:
                return _Pass(moved, missed, wrong)
            after = rows[-1].key(place)

    async def _anew(
        self, ctx: RequestContext, keyset: Keyset, place: Column, rows: Sequence[Row]
    ) -> tuple[list[tuple[Row, bytes]], int]:
        """The rows that are under another key, with their new index; how many are under none, or don't open."""
        persons = await self._vault.persons.several(ctx, {who for row in rows if (who := _person(row)) is not None})
        changes: list[tuple[Row, bytes]] = []
        wrong = 0
        for row in rows:
            index = self._computed(keyset, persons, place, row)
            if index is None:
                wrong += 1
            elif index != row.found_by:
                changes.append((row, index))
        return changes, wrong

    def _computed(self, keyset: Keyset, persons: Mapping[UUID, PersonKey], place: Column, row: Row) -> bytes | None:
        """The index that the row should have: of that of its values which it has one of now, under whatever key."""
        if row.sealed is None:
            return None
        try:
            person = persons.get(_person(row) or UUID(int=0))
            plain = open_personal(keyset, person, records_indexes.sealed_place(place, row), row.sealed)
            values = self._values[place](plain, row.key(place))
        except (Refusal, ValueError):
            return None
        for value in values:
            indexes = keyset.blind_indexes(*place, value)
            if row.found_by in indexes:
                return indexes[0]
        return None

    async def _keys(self, ctx: RequestContext) -> list[TenantKey]:
        return [key for key in await records.load(ctx) if key.purpose == "index"]

    async def _taken(self, ctx: RequestContext) -> list[TenantKey]:
        """The index keys, whose states nobody else changes, and under which nobody writes what has to be unique, before
        this transaction ends."""
        await records.take(ctx, "index")
        return await self._keys(ctx)

    async def _stale(self, ctx: RequestContext) -> list[TenantKey]:
        """Retired index keys that something may still stand under that can be computed anew."""
        return [key for key in await self._keys(ctx) if key.state == "retired" and not key.resealed]

    async def _destroy(self, ctx: RequestContext, key: TenantKey) -> bool:
        if await records_indexes.any_lasting(ctx, key.created_at, key.since + SETTLING):
            return False
        return await records.destroy(ctx, key.key_id, key.since)


def _untold(_column: str, _rows: int) -> None:
    """Rows that were looked at before."""


def _person(row: Row) -> UUID | None:
    try:
        return None if row.sealed is None else person_of(row.sealed)
    except Unopenable:
        return None


def _is_settled(ctx: RequestContext, coming: TenantKey | None) -> bool:
    return coming is not None and ctx.now - coming.since >= SETTLING


def _the(keys: Collection[TenantKey], state: str) -> TenantKey | None:
    return next((key for key in keys if key.state == state), None)


def _there(key: TenantKey | None) -> TenantKey:
    if key is None:
        raise Inconsistent("tenant without its keys")
    return key
