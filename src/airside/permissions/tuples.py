"""Tuples: written and deleted in batches, each batch one step of the store's history."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, Literal

from airside.audit import Event, Journal
from airside.permissions import records
from airside.permissions.indexes import CHANNEL, Indexes
from airside.permissions.model import Change, Store, StoredTuple, TupleKey
from airside.permissions.records import Filter
from airside.permissions.refusals import (
    DuplicateInRequest,
    InvalidQuestion,
    InvalidTuple,
    ModelNotFound,
    NoModelYet,
    StoreNotFound,
    TooManyTuples,
    WriteConflict,
)
from airside.permissions.rules import Rules
from airside.permissions.words import check_relation, spell, split_object, split_subject
from airside.store.context import RequestContext

MAX_TUPLES: Final = 100
"""Tuples in one write, deletes included: OpenFGA's own bound."""
BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)

OnConflict = Literal["error", "ignore"]


class Tuples:
    """Writes, reads and recounts a store's tuples."""

    def __init__(self, *, indexes: Indexes, journal: Journal) -> None:
        self._indexes = indexes
        self._journal = journal

    async def write(
        self,
        ctx: RequestContext,
        store_id: str,
        *,
        writes: Sequence[TupleKey] = (),
        deletes: Sequence[TupleKey] = (),
        model_id: str | None = None,
        on_duplicate: OnConflict = "error",
        on_missing: OnConflict = "error",
    ) -> int:
        """Delete and write, all or nothing; the store's revision afterwards.

        Raises:
            TooManyTuples, DuplicateInRequest: over `MAX_TUPLES`, or one of them twice.
            InvalidTuple, InvalidQuestion: the model (the latest, or `model_id`) doesn't allow one to be written.
            WriteConflict: one to write exists, or one to delete doesn't, and isn't to be ignored.
            StoreNotFound, ModelNotFound, NoModelYet: nothing to write to, or to judge by.
        """
        _check_batch(writes, deletes)
        store = await records.lock_store(ctx, store_id)
        if store is None:
            raise StoreNotFound("no such store")
        if writes:
            await self._check_writes(ctx, store, writes, model_id)
        if "ignore" in (on_duplicate, on_missing):
            present = await records.present(ctx, store_id, [*writes, *deletes])
            if on_duplicate == "ignore":
                writes = [key for key in writes if key not in present]
            if on_missing == "ignore":
                deletes = [key for key in deletes if key in present]
        if not writes and not deletes:
            return store.revision
        return await self._commit(ctx, store, writes, deletes)

    async def read(
        self, ctx: RequestContext, store_id: str, wanted: Filter, *, after: TupleKey | None = None, limit: int
    ) -> list[StoredTuple]:
        """Tuples that match `wanted`, in key order, after one.

        Raises:
            StoreNotFound: no such store.
        """
        if await records.store(ctx, store_id) is None:
            raise StoreNotFound("no such store")
        return await records.read(ctx, store_id, wanted, after=after, limit=limit)

    async def changes(
        self,
        ctx: RequestContext,
        store_id: str,
        *,
        after: int = 0,
        object_type: str = "",
        since: datetime = BEGINNING,
        limit: int,
    ) -> list[Change]:
        """Tuples written and deleted after a revision, in commit order.

        Raises:
            StoreNotFound: no such store.
        """
        if await records.store(ctx, store_id) is None:
            raise StoreNotFound("no such store")
        return await records.tuple_changes(
            ctx, store_id, after=after, object_type=object_type, since=since, limit=limit
        )

    async def _check_writes(
        self, ctx: RequestContext, store: Store, writes: Sequence[TupleKey], model_id: str | None
    ) -> None:
        rules = await self._rules(ctx, store, model_id)
        for key in writes:
            try:
                rules.check_tuple(key)
            except InvalidTuple as refusal:
                raise InvalidTuple(f"Invalid tuple '{spell(key)}'. Reason: {refusal.reason}") from refusal

    async def _rules(self, ctx: RequestContext, store: Store, model_id: str | None) -> Rules:
        wanted = model_id or store.model_id
        if not wanted:
            raise NoModelYet("the store has no authorization model yet")
        known = self._indexes.rules(ctx.tenant_id, store.id, wanted)
        if known is not None:
            return known
        found = await records.model(ctx, store.id, wanted)
        if found is None:
            raise ModelNotFound(f"authorization model '{wanted}' not found", model_id=wanted)
        return Rules(found.model)

    async def _commit(
        self, ctx: RequestContext, store: Store, writes: Sequence[TupleKey], deletes: Sequence[TupleKey]
    ) -> int:
        written, deleted = await records.write(ctx, store, writes, deletes)
        if written != len(writes):
            raise WriteConflict("cannot write a tuple which already exists")
        if deleted != len(deletes):
            raise WriteConflict("cannot delete a tuple which does not exist")
        changes = _changes(ctx, store, writes, deletes)
        revision = changes[-1].revision
        await self._journal.record(
            ctx,
            Event.TUPLES_WRITTEN,
            subject=store.id,
            details={"written": written, "deleted": deleted, "revision": revision},
        )
        await ctx.tx.notify(CHANNEL, f"{ctx.tenant_id} {store.id} {revision}")
        tenant_id = ctx.tenant_id
        ctx.tx.after_commit(lambda: self._indexes.apply(tenant_id, store.id, changes))
        return revision


def _changes(
    ctx: RequestContext, store: Store, writes: Sequence[TupleKey], deletes: Sequence[TupleKey]
) -> list[Change]:
    """The log entries of a batch, as `records.write` has written them."""
    operations = [*(("delete", key) for key in deletes), *(("write", key) for key in writes)]
    return [
        Change(store.revision + place, "delete" if operation == "delete" else "write", key, "", ctx.now)
        for place, (operation, key) in enumerate(operations, 1)
    ]


def _check_batch(writes: Sequence[TupleKey], deletes: Sequence[TupleKey]) -> None:
    count = len(writes) + len(deletes)
    if count > MAX_TUPLES:
        raise TooManyTuples(f"the number of tuples must not exceed {MAX_TUPLES}", max_tuples=MAX_TUPLES)
    if count == 0:
        raise InvalidQuestion("writes or deletes must name a tuple")
    seen: set[TupleKey] = set()
    for key in (*writes, *deletes):
        if key in seen:
            raise DuplicateInRequest(f"duplicate tuple in the request: {spell(key)}")
        seen.add(key)
    for key in deletes:
        split_object(key.object)
        split_subject(key.user)
        check_relation(key.relation)
