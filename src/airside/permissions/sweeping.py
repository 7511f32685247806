"""Deleting many tuples by what they have in common, slice by slice."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from airside.permissions import records, records_sweeping
from airside.permissions.model import TupleKey
from airside.permissions.records import Filter
from airside.permissions.refusals import InvalidQuestion, StoreNotFound
from airside.permissions.tuples import MAX_TUPLES, Tuples
from airside.permissions.words import split_object
from airside.store.context import RequestContext

MAX_SLICES: Final = 100
"""Slices, each of as many tuples as one write takes, that one call deletes; whoever has more to delete calls again."""


@dataclass(frozen=True, slots=True)
class Swept:
    """How many tuples went, whether none is left, and the store's revision afterwards."""

    deleted: int
    done: bool
    revision: int


class Sweeping:
    """Each slice is a transaction of its own with its entries in change log and journal: what a call has begun stands
    even if it is cut short, and no writer waits longer than for one slice."""

    def __init__(self, *, tuples: Tuples, slice_size: int = MAX_TUPLES, slices: int = MAX_SLICES) -> None:
        self._tuples = tuples
        self._size = slice_size
        self._slices = slices

    async def delete(self, ctx: RequestContext, store_id: str, wanted: Filter) -> Swept:
        """Delete every tuple that matches `wanted`.

        Raises:
            InvalidQuestion: the filter names nothing; a store is emptied by deleting it.
            StoreNotFound: no such store.
        """
        if wanted == Filter():
            raise InvalidQuestion("the filter must name an object, a type of object, a relation or a user")

        async def find() -> list[TupleKey]:
            found = await records.read(ctx, store_id, wanted, after=None, limit=self._size)
            return [each.key for each in found]

        return await self._sweep(ctx, store_id, find)

    async def delete_object(self, ctx: RequestContext, store_id: str, object_: str) -> Swept:
        """Delete every tuple that names `object_`, on either side: nothing is left that a new object of the same
        name would inherit.

        Raises:
            InvalidQuestion: not spelled as an object.
            StoreNotFound: no such store.
        """
        split_object(object_)
        return await self._sweep(
            ctx, store_id, lambda: records_sweeping.naming(ctx, store_id, object_, limit=self._size)
        )

    async def _sweep(self, ctx: RequestContext, store_id: str, find: Callable[[], Awaitable[list[TupleKey]]]) -> Swept:
        swept = Swept(0, False, 0)
        for _ in range(self._slices):
            # Locked before it is looked at: what is found is still there when it is deleted.
            store = await records.lock_store(ctx, store_id)
            if store is None:
                raise StoreNotFound("no such store")
            keys = await find()
            if not keys:
                return Swept(swept.deleted, True, store.revision)
            revision = await self._tuples.write(ctx, store_id, deletes=keys)
            await ctx.tx.checkpoint()
            swept = Swept(swept.deleted + len(keys), len(keys) < self._size, revision)
            if swept.done:
                break
        return swept
