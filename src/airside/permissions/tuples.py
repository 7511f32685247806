"""Tuples: written and deleted in batches, each batch one step of the store's history."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Final, Literal

from airside.audit import Event, Journal
from airside.permissions import records, records_expiry
from airside.permissions.indexes import CHANNEL, Indexes
from airside.permissions.model import Change, Grant, Store, StoredTuple, Terms, TupleKey
from airside.permissions.records import Filter
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
from airside.permissions.words import check_relation, spell, split_object, split_subject
from airside.store.context import RequestContext

MAX_TUPLES: Final = 100
"""Tuples in one write, deletes included: OpenFGA's own bound."""
MAX_SWEPT: Final = 1_000
MAX_SWEPT_STORES: Final = 100
BEGINNING: Final = datetime(1970, 1, 1, tzinfo=UTC)

OnConflict = Literal["error", "ignore"]


class Tuples:
    """Writes, reads and recounts a store's tuples."""

    def __init__(self, *, indexes: Indexes, journal: Journal, most: int = MAX_TUPLES) -> None:
        self._most = most
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
        """
        grants = [each if isinstance(each, Grant) else Grant(each) for each in writes]
        _check_batch(grants, deletes, self._most)
        store, stored = await records.lock_tuples(ctx, store_id, [*(grant.key for grant in grants), *deletes])
        if store is None:
            raise StoreNotFound("no such store")
        if grants:
            await self._check_writes(ctx, store, grants, model_id)
        grants = [grant for grant in grants if _is_new(ctx, grant, stored, on_duplicate)]
        deletes = [key for key in deletes if _is_stored(key, stored, on_missing)]
        if not grants and not deletes:
            return store.revision
        return await self._commit(ctx, store, grants, deletes)

    async def sweep(self, ctx: RequestContext) -> int:
        """Delete the tenant's tuples whose time is over, and log each as deleted; how many. At most `MAX_SWEPT` of at
        most `MAX_SWEPT_STORES` stores: call again while it gives any."""
        swept = 0
        for store_id in await records_expiry.stores(ctx, limit=MAX_SWEPT_STORES):
            store = await records.lock_store(ctx, store_id)
            keys = [] if store is None else await records_expiry.expired(ctx, store_id, limit=MAX_SWEPT)
            if store is not None and keys:
                await self._commit(ctx, store, [], keys)
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
        self, ctx: RequestContext, store: Store, writes: Sequence[Grant], model_id: str | None
    ) -> None:
        rules = await self._rules(ctx, store, model_id)
        for grant in writes:
            try:
                _check_grant(ctx, rules, grant)
            except InvalidTuple as refusal:
                raise type(refusal)(f"Invalid tuple '{spell(grant.key)}'. Reason: {refusal.reason}") from refusal

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
        self, ctx: RequestContext, store: Store, writes: Sequence[Grant], deletes: Sequence[TupleKey]
    ) -> int:
        records.write(ctx, store, writes, deletes)
        changes = _changes(ctx, store, writes, deletes)
        revision = changes[-1].revision
        await self._journal.record(
            ctx,
            Event.TUPLES_WRITTEN,
            subject=store.id,
            details={"written": len(writes), "deleted": len(deletes), "revision": revision},
        )
        await ctx.tx.notify(CHANNEL, f"{ctx.tenant_id} {store.id} {revision}")
        tenant_id = ctx.tenant_id
        ctx.tx.after_commit(lambda: self._indexes.apply(tenant_id, store.id, changes))
        return revision


def _changes(ctx: RequestContext, store: Store, writes: Sequence[Grant], deletes: Sequence[TupleKey]) -> list[Change]:
    """The log entries of a batch, as `records.write` has written them."""
    first = store.revision + 1
    gone = [Change(revision, "delete", key, "", ctx.now) for revision, key in enumerate(deletes, first)]
    return gone + [
        Change(revision, "write", grant.key, "", ctx.now, grant.terms)
        for revision, grant in enumerate(writes, first + len(deletes))
    ]


def _is_new(ctx: RequestContext, grant: Grant, stored: Mapping[TupleKey, Terms], on_duplicate: OnConflict) -> bool:
    """Whether there is something to write; what has expired is not there.

    Raises:
        WriteConflict: the key is there, and isn't to be ignored, or is there under other terms.
    """
    terms = stored.get(grant.key)
    if terms is None or (terms.expires_at is not None and terms.expires_at <= ctx.now):
        return True
    if on_duplicate == "error":
        raise WriteConflict("cannot write a tuple which already exists")
    if terms != grant.terms:
        raise WriteConflict(f"the tuple '{spell(grant.key)}' exists with another condition or expiry")
    return False


def _is_stored(key: TupleKey, stored: Mapping[TupleKey, Terms], on_missing: OnConflict) -> bool:
    """Whether there is something to delete.

    Raises:
        WriteConflict: there isn't, and that isn't to be ignored.
    """
    if key not in stored and on_missing == "error":
        raise WriteConflict("cannot delete a tuple which does not exist")
    return key in stored


def _check_grant(ctx: RequestContext, rules: Rules, grant: Grant) -> None:
    rules.check_tuple(grant.key, grant.terms)
    if grant.key.user == f"{grant.key.object}#{grant.key.relation}":
        raise InvalidTuple("cannot write a tuple that is implicit")
    if grant.terms.expires_at is not None and grant.terms.expires_at <= ctx.now:
        raise InvalidTerms("expires_at must be in the future")


def _check_batch(writes: Sequence[Grant], deletes: Sequence[TupleKey], most: int) -> None:
    count = len(writes) + len(deletes)
    if count > most:
        raise TooManyTuples(f"the number of tuples must not exceed {most}", max_tuples=most)
    if count == 0:
        raise InvalidQuestion("writes or deletes must name a tuple")
    seen: set[TupleKey] = set()
    for key in (*(grant.key for grant in writes), *deletes):
        if key in seen:
            raise DuplicateInRequest(f"duplicate tuple in the request: {spell(key)}")
        seen.add(key)
    for key in deletes:
        split_object(key.object)
        split_subject(key.user)
        check_relation(key.relation)
