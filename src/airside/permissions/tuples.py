"""Tuples: written and deleted in batches, each batch one step of the store's history."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, Literal

from airside.audit import Event, Journal
from airside.limits import TUPLES, UNBOUNDED, Quotas
from airside.permissions import records, records_expiry, records_writing
from airside.permissions.indexes import CHANNEL, Indexes
from airside.permissions.model import Change, Grant, Store, StoredTuple, Terms, TupleKey
from airside.permissions.records import Filter
from airside.permissions.records_writing import Entry, Parts, deleted, written
from airside.permissions.refusals import (
    DuplicateInRequest,
    InvalidQuestion,
    InvalidTerms,
    InvalidTuple,
    ModelNotFound,
    NoModelYet,
    StoreNotFound,
    TooManyTuples,
    WriteConflict,
)
from airside.permissions.rules import Rules
from airside.permissions.words import spell
from airside.store.context import RequestContext

MAX_TUPLES: Final = 100
"""Tuples in one write, deletes included: OpenFGA's own bound."""
MAX_SWEPT: Final = 1_000
MAX_SWEPT_STORES: Final = 100
BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)

OnConflict = Literal["error", "ignore"]


class Tuples:
    """Writes, reads and recounts a store's tuples."""

    def __init__(
        self, *, indexes: Indexes, journal: Journal, most: int = MAX_TUPLES, quotas: Quotas = UNBOUNDED
    ) -> None:
        self._most = most
        self._quotas = quotas
        self._indexes = indexes
        self._journal = journal

    async def write(
        self,
        ctx: RequestContext,
        store_id: str,
        *,
        writes: Sequence[Grant | TupleKey] = (),
        deletes: Sequence[TupleKey] = (),
        model_id: str | None = None,
        on_duplicate: OnConflict = "error",
        on_missing: OnConflict = "error",
    ) -> int:
        """Delete and write, all or nothing; the store's revision afterwards. A bare key is written without terms;
        what has expired is overwritten.

        Raises:
            TooManyTuples, DuplicateInRequest: over the limit of a write, or one of them twice.
            InvalidTuple, InvalidQuestion: the model (the latest, or `model_id`) doesn't allow one to be written.
            InvalidTerms: nor under these terms, or they are over already.
            WriteConflict: one to write exists, or one to delete doesn't, and isn't to be ignored. One that exists
                under other terms never is.
            StoreNotFound, ModelNotFound, NoModelYet: nothing to write to, or to judge by.
            QuotaExceeded: the tenant's plan has no room for so many more.
        """
        _check_count(len(writes) + len(deletes), self._most)
        entries = [deleted(key) for key in deletes]
        entries += [written(each if isinstance(each, Grant) else Grant(each)) for each in writes]
        _check_once(entries)
        store, stored = await records_writing.lock_tuples(ctx, store_id, entries)
        if store is None:
            raise StoreNotFound("no such store")
        if writes:
            await self._check_writes(ctx, store, entries, model_id)
        entries = [each for each in entries if _is_change(ctx, each, stored, on_duplicate, on_missing)]
        if not entries:
            return store.revision
        replaced = [each.parts for each in entries if each.terms is not None and each.parts in stored]
        gone = sum(each.terms is None for each in entries)
        more = len(entries) - 2 * gone - len(replaced)
        if more > 0 and not store.system:
            await self._quotas.demand(ctx, TUPLES, records.count_tuples, more)
        return await self._commit(ctx, store, entries, replaced)

    async def sweep(self, ctx: RequestContext) -> int:
        """Delete the tenant's tuples whose time is over, and log each as deleted; how many. At most `MAX_SWEPT` of at
        most `MAX_SWEPT_STORES` stores: call again while it gives any."""
        swept = 0
        for store_id in await records_expiry.stores(ctx, limit=MAX_SWEPT_STORES):
            store = await records.lock_store(ctx, store_id)
            keys = [] if store is None else await records_expiry.expired(ctx, store_id, limit=MAX_SWEPT)
            if store is not None and keys:
                await self._commit(ctx, store, [deleted(key) for key in keys], ())
                swept += len(keys)
        return swept

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

    async def of_subjects(
        self, ctx: RequestContext, store_id: str, subject_type: str, ids: Sequence[str]
    ) -> list[TupleKey]:
        """Every tuple whose subject is one of `ids`, such as `usr_…` of the type `user`, in one statement. For callers
        who bound `ids`, and know that each has few tuples."""
        return await records.of_subjects(ctx, store_id, subject_type, ids)

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
        self, ctx: RequestContext, store: Store, entries: Sequence[Entry], model_id: str | None
    ) -> None:
        rules = await self._rules(ctx, store, model_id)
        for entry in entries:
            if entry.terms is None:
                continue
            try:
                _check_write(ctx, rules, entry, entry.terms)
            except InvalidTuple as refusal:
                raise type(refusal)(f"Invalid tuple '{spell(entry.key)}'. Reason: {refusal.reason}") from refusal

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
        self, ctx: RequestContext, store: Store, entries: Sequence[Entry], replaced: Sequence[Parts]
    ) -> int:
        records_writing.write(ctx, store, entries, replaced)
        changes = [_change(ctx, entry, revision) for revision, entry in enumerate(entries, store.revision + 1)]
        revision, writes = changes[-1].revision, sum(entry.terms is not None for entry in entries)
        await self._journal.record(
            ctx,
            Event.TUPLES_WRITTEN,
            subject=store.id,
            details={"written": writes, "deleted": len(entries) - writes, "revision": revision},
        )
        await ctx.tx.notify(CHANNEL, f"{ctx.tenant_id} {store.id} {revision}")
        tenant_id = ctx.tenant_id
        ctx.tx.after_commit(lambda: self._indexes.apply(tenant_id, store.id, changes))
        return revision


def _change(ctx: RequestContext, entry: Entry, revision: int) -> Change:
    """The log's entry, as `records_writing.write` writes it."""
    if entry.terms is None:
        return Change(revision, "delete", entry.key, "", ctx.now)
    return Change(revision, "write", entry.key, "", ctx.now, entry.terms)


def _is_change(
    ctx: RequestContext,
    entry: Entry,
    stored: Mapping[Parts, Terms],
    on_duplicate: OnConflict,
    on_missing: OnConflict,
) -> bool:
    """Whether the entry changes anything. To a write, what has expired is not there.

    Raises:
        WriteConflict: it doesn't, and that isn't to be ignored; or what it writes is there under other terms.
    """
    terms = stored.get(entry.parts)
    if entry.terms is None:
        if terms is None and on_missing == "error":
            raise WriteConflict("cannot delete a tuple which does not exist")
        return terms is not None
    if terms is None or _is_over(ctx, terms):
        return True
    if on_duplicate == "error":
        raise WriteConflict("cannot write a tuple which already exists")
    if terms != entry.terms:
        raise WriteConflict(f"the tuple '{spell(entry.key)}' exists with another condition or expiry")
    return False


def _check_write(ctx: RequestContext, rules: Rules, entry: Entry, terms: Terms) -> None:
    rules.check_write(entry.key, entry.parts, terms)
    if entry.parts[:3] == entry.parts[3:]:
        raise InvalidTuple("cannot write a tuple that is implicit")
    if _is_over(ctx, terms):
        raise InvalidTerms("expires_at must be in the future")


def _is_over(ctx: RequestContext, terms: Terms) -> bool:
    return terms.expires_at is not None and terms.expires_at <= ctx.now


def _check_count(count: int, most: int) -> None:
    if count > most:
        raise TooManyTuples(f"the number of tuples must not exceed {most}", max_tuples=most)
    if count == 0:
        raise InvalidQuestion("writes or deletes must name a tuple")


def _check_once(entries: Sequence[Entry]) -> None:
    if len({entry.parts for entry in entries}) == len(entries):
        return
    seen: set[Parts] = set()
    for entry in entries:
        if entry.parts in seen:
            raise DuplicateInRequest(f"duplicate tuple in the request: {spell(entry.key)}")
        seen.add(entry.parts)
