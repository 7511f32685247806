"""Stores: a tenant's separate bodies of models and tuples."""

import re
from typing import Final

from airside.audit import Event, Journal
from airside.core.entropy import Entropy
from airside.core.ids import ulid
from airside.limits import STORES, UNBOUNDED, Quotas
from airside.permissions import records
from airside.permissions.indexes import CHANNEL, Indexes
from airside.permissions.model import Change, Store
from airside.permissions.refusals import InvalidQuestion, StoreNotFound
from airside.store.context import RequestContext

_NAME: Final = re.compile(r"[A-Za-z0-9\s.\-/^_&@]{3,64}\Z")
_PUBLIC_ID: Final = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}\Z")


def is_public(store_id: str) -> bool:
    """Whether an id may be a tenant's own store's. A system store's id is a ULID in lower case: the stores API
    refuses it by its spelling, and so can't forget to."""
    return _PUBLIC_ID.match(store_id) is not None


class Stores:
    """Makes, finds and deletes stores. A `system` store is Airside's own, and isn't listed."""

    def __init__(self, *, indexes: Indexes, journal: Journal, entropy: Entropy, quotas: Quotas = UNBOUNDED) -> None:
        self._quotas = quotas
        self._indexes = indexes
        self._journal = journal
        self._entropy = entropy

    async def create(self, ctx: RequestContext, name: str, *, system: bool = False) -> Store:
        """A new, empty store.

        Raises:
            InvalidQuestion: the name isn't 3 to 64 letters, digits, spaces or `. - / ^ _ & @`.
            QuotaExceeded: the tenant's plan has no room for another.
        """
        if _NAME.match(name) is None:
            raise InvalidQuestion("a store's name has 3 to 64 letters, digits, spaces or . - / ^ _ & @")
        if not system:
            await self._quotas.demand(ctx, STORES, records.count_stores)
        store_id = ulid(ctx.now, self._entropy)
        store_id = store_id.lower() if system else store_id
        await records.insert_store(ctx, store_id, name, system=system)
        await self._journal.record(ctx, Event.STORE_CREATED, subject=store_id, details={"system": system})
        return Store(store_id, name, system, 0, "", ctx.now, ctx.now)

    async def get(self, ctx: RequestContext, store_id: str) -> Store:
        """Raises:
        StoreNotFound: no such store, or deleted.
        """
        found = await records.store(ctx, store_id)
        if found is None:
            raise StoreNotFound("no such store")
        return found

    async def list(self, ctx: RequestContext, *, after: str = "", name: str = "", limit: int) -> list[Store]:
        """Stores that aren't the system's, by id, after one; only those of `name`, if one is given."""
        return await records.stores(ctx, after=after, name=name, limit=limit)

    async def delete(self, ctx: RequestContext, store_id: str) -> None:
        """Close a store for good: from here on it is as if it had never been. Its rows stay until swept.

        Raises:
            StoreNotFound: no such store, or deleted already.
        """
        store = await records.lock_store(ctx, store_id)
        if store is None:
            raise StoreNotFound("no such store")
        await records.drop_store(ctx, store)
        await self._journal.record(ctx, Event.STORE_DELETED, subject=store_id)
        change = Change(store.revision + 1, "drop", None, "", ctx.now)
        await ctx.tx.notify(CHANNEL, f"{ctx.tenant_id} {store_id} {change.revision}")
        tenant_id = ctx.tenant_id
        ctx.tx.after_commit(lambda: self._indexes.apply(tenant_id, store_id, [change]))
