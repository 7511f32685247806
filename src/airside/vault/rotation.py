"""Rotation of data keys: a new one comes, seals, and everything that the old one sealed is sealed anew.

```
coming ──(every node knows it)──► active ──(rotated)──► retired ──(seals nothing any more)──► destroyed
   └────────(taken back)──────────────────────────────────┘  ▲ └──(rolled back)──► active
```

The state of the work is the data: a column's value names its key, so whoever goes on after a kill looks at what is
left. Sealing anew changes a row only if it still is what was read, and never waits for a row that somebody else holds.
Never journals: its callers do.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from airside.core.errors import Conflict, Inconsistent, NotFound
from airside.store.context import RequestContext
from airside.vault import envelope, records, records_columns
from airside.vault.allowance import ENOUGH
from airside.vault.columns import SEALED, Sealed
from airside.vault.keyset import Keyset
from airside.vault.model import Place, Purpose, State, TenantKey, Unopenable
from airside.vault.vault import Vault

SETTLING: Final = timedelta(seconds=360)
"""How long a key is coming, and how long a retired one may still seal: the life of a keyset in memory, a request that
began at its end, and clocks that disagree."""
MAX_AGE: Final = timedelta(days=365)
"""After this a data key is rotated, however seldom it sealed."""
BATCH: Final = 200
"""Rows sealed anew in one transaction."""
MAX_PASSES: Final = 20
"""Passes over one column: rows that others hold locked are passed over, and met again in the next."""

OnProgress = Callable[[str, int], None]
"""Called with a column's name and how many of its rows were just sealed anew."""


@dataclass(frozen=True, slots=True)
class Turned:
    """What a turn has done: ids of data keys."""

    came: UUID | None = None
    active: UUID | None = None
    destroyed: tuple[UUID, ...] = ()


@dataclass(slots=True)
class Resealed:
    """What sealing anew has done."""

    rows: int = 0
    unreadable: list[str] = field(default_factory=list[str])
    """Columns with rows that don't open; their key stays."""


class DataKeys:
    """The life of a tenant's data keys."""

    def __init__(self, *, vault: Vault) -> None:
        self._vault = vault

    async def rotate(self, ctx: RequestContext) -> UUID:
        """Make a data key that seals once every node knows it; its id.

        Raises:
            Conflict: one is coming already.
            Unavailable: the key encryption key can't be reached.
        """
        return await bring(ctx, self._vault, "data")

    async def roll_back(self, ctx: RequestContext) -> UUID:
        """Take back the rotation that began last: the key that seals from now on. Every node knows it.

        Raises:
            NotFound: there is no key to go back to.
        """
        keys = await self._taken(ctx)
        active = _the(keys, "active")
        if (coming := _coming(keys)) is not None:
            await records.set_state(ctx, coming.key_id, "coming", "retired")
            await self._vault.forget_tenant(ctx)
            return active.key_id
        former = max((key for key in keys if key.state == "retired"), key=lambda key: key.since, default=None)
        if former is None:
            raise NotFound("no data key to go back to")
        await replace(ctx, self._vault, active, former)
        return former.key_id

    async def turn(self, ctx: RequestContext) -> Turned:
        """Do what is due: let a settled key seal, make one for a key that is old or has sealed much, destroy a retired
        one that seals nothing any more. Several processes may try; they take turns.

        Raises:
            Unavailable: the key encryption key can't be reached.
        """
        if not _due(ctx, await self._data(ctx)):
            return Turned()
        keys = await self._taken(ctx)
        active, coming = _the(keys, "active"), _coming(keys)
        if coming is not None and ctx.now - coming.since >= SETTLING:
            await replace(ctx, self._vault, active, coming)
            return Turned(active=coming.key_id)
        came = await self.rotate(ctx) if coming is None and _worn(ctx, active) else None
        destroyed = [key.key_id for key in keys if is_over(ctx, key) and await self._destroy(ctx, key)]
        if destroyed:
            await self._vault.forget_tenant(ctx)
        return Turned(came=came, destroyed=tuple(destroyed))

    async def owed(self, ctx: RequestContext, only: Collection[str] = ()) -> dict[str, int]:
        """How many rows of each column are still to be sealed anew; columns without any aren't named."""
        headers = _headers(await self._stale(ctx))
        found: dict[str, int] = {}
        for column in _columns(only):
            if headers and (number := await records_columns.count(ctx, column, headers)):
                found[f"{column.table}.{column.column}"] = number
        return found

    async def reseal(
        self, ctx: RequestContext, *, only: Collection[str] = (), progress: OnProgress = lambda _column, _rows: None
    ) -> Resealed:
        """Seal with the active key whatever retired ones have sealed, in batches that are committed one by one. Those
        of `only` these tables, if there are any.

        Raises:
            Unavailable: the key encryption key can't be reached. What was done is done.
        """
        # What this process remembers may be from before the rotation.
        self._vault.forget(ctx.tenant_id)
        await ctx.tx.checkpoint()
        stale = await self._stale(ctx)
        done = Resealed()
        headers = _headers(stale)
        for column in _columns(only) if stale else ():
            for _ in range(MAX_PASSES):
                changed, wrong = await self._pass(ctx, column, headers, progress)
                done.rows += changed
                if not changed:
                    done.unreadable += [f"{column.table}.{column.column}"] if wrong else []
                    break
        for key in stale if not only else ():
            if ctx.now - key.since >= SETTLING and not await _any_left(ctx, key, kept=False):
                await records.set_resealed(ctx, key.key_id, key.since)
        return done

    async def _pass(
        self, ctx: RequestContext, column: Sealed, headers: list[bytes], progress: OnProgress
    ) -> tuple[int, int]:
        """Once through the column: how many rows were sealed anew, and how many don't open."""
        after: tuple[Any, ...] = ()
        changed = wrong = 0
        while True:
            keyset = await self._vault.keyset(ctx)
            rows = await records_columns.page(ctx, column, headers, after, BATCH)
            changes = [change for row in rows if (change := _anew(keyset, column, row))]
            replaced = await records_columns.replace(ctx, column, changes)
            await ctx.tx.checkpoint()
            if replaced:
                progress(f"{column.table}.{column.column}", replaced)
            changed, wrong = changed + replaced, wrong + len(rows) - len(changes)
            if len(rows) < BATCH:
                return changed, wrong
            after = rows[-1].key

    async def _data(self, ctx: RequestContext) -> list[TenantKey]:
        return [key for key in await records.load(ctx) if key.purpose == "data"]

    async def _taken(self, ctx: RequestContext) -> list[TenantKey]:
        """The data keys, whose states nobody else changes before this transaction ends."""
        await records.take(ctx, "data")
        return await self._data(ctx)

    async def _stale(self, ctx: RequestContext) -> list[TenantKey]:
        """Retired data keys that may still seal something that can be sealed anew."""
        return [key for key in await self._data(ctx) if key.state == "retired" and not key.resealed]

    async def _destroy(self, ctx: RequestContext, key: TenantKey) -> bool:
        return not await _any_left(ctx, key, kept=True) and await records.destroy(ctx, key.key_id, key.since)


async def bring(ctx: RequestContext, vault: Vault, purpose: Purpose) -> UUID:
    """Make a key that every node knows once it has settled; its id.

    Raises:
        Conflict: one is coming already.
        Unavailable: the key encryption key can't be reached.
    """
    key = await vault.make(ctx, purpose, "coming")
    if not await records.insert_coming(ctx, key):
        raise Conflict(f"{'an' if purpose == 'index' else 'a'} {purpose} key is coming already")
    await vault.forget_tenant(ctx)
    return key.key_id


async def replace(ctx: RequestContext, vault: Vault, before: TenantKey, after: TenantKey) -> None:
    """Let `after` be active in the place of `before`; both were taken by this transaction.

    Raises:
        Inconsistent: one is in another state than when it was taken.
    """
    retired = await records.set_state(ctx, before.key_id, before.state, "retired")
    if not (retired and await records.set_state(ctx, after.key_id, after.state, "active")):
        raise Inconsistent("key in another state than when it was taken")
    await vault.forget_tenant(ctx)


def _due(ctx: RequestContext, keys: Collection[TenantKey]) -> bool:
    coming = _coming(keys)
    if coming is not None and ctx.now - coming.since >= SETTLING:
        return True
    return (coming is None and _worn(ctx, _the(keys, "active"))) or any(is_over(ctx, key) for key in keys)


def _worn(ctx: RequestContext, key: TenantKey) -> bool:
    return ctx.now - key.created_at >= MAX_AGE or key.seals >= ENOUGH


def is_over(ctx: RequestContext, key: TenantKey) -> bool:
    """Whether the key is retired, every node knows that, and a whole pass found nothing of its."""
    return key.state == "retired" and key.resealed and ctx.now - key.since >= SETTLING


def _anew(keyset: Keyset, column: Sealed, row: records_columns.Row) -> records_columns.Change | None:
    """None where it doesn't open."""
    place = Place(column.table, column.column, records_columns.place_row(column, row))
    try:
        return records_columns.Change(row.key, row.sealed, keyset.seal(place, keyset.open(place, row.sealed)))
    except Unopenable:
        return None


async def _any_left(ctx: RequestContext, key: TenantKey, *, kept: bool) -> bool:
    """Whether the key still seals something; with `kept`, also of what is never sealed anew."""
    header = envelope.header(key.key_id)
    for column in SEALED:
        if (kept or not column.kept) and await records_columns.left(ctx, column, header):
            return True
    return False


def _columns(only: Collection[str]) -> list[Sealed]:
    return [column for column in SEALED if not column.kept and (not only or column.table in only)]


def _headers(keys: Collection[TenantKey]) -> list[bytes]:
    return [envelope.header(key.key_id) for key in keys]


def _coming(keys: Collection[TenantKey]) -> TenantKey | None:
    return next((key for key in keys if key.state == "coming"), None)


def _the(keys: Collection[TenantKey], state: State) -> TenantKey:
    return next(key for key in keys if key.state == state)
