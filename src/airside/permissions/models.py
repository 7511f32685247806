"""Models: written once, never changed; the last one written is the one that questions mean."""

from typing import Final

import msgspec

from airside.audit import Event, Journal
from airside.core.entropy import Entropy
from airside.core.ids import ulid
from airside.permissions import records
from airside.permissions.conditions import Conditions
from airside.permissions.indexes import CHANNEL, Indexes
from airside.permissions.language import parse, to_json, validate
from airside.permissions.limits import DEFAULT, Limits
from airside.permissions.model import Change, Model, StoredModel
from airside.permissions.refusals import ExceededLimit, ModelNotFound, NoModelYet, StoreNotFound
from airside.store.context import RequestContext

NEWEST: Final = "Z" * 26
"""Sorts after every ULID."""


class Models:
    """Writes and finds a store's models."""

    def __init__(self, *, indexes: Indexes, journal: Journal, entropy: Entropy, limits: Limits = DEFAULT) -> None:
        self._limits = limits
        self._indexes = indexes
        self._journal = journal
        self._entropy = entropy

    async def write(self, ctx: RequestContext, store_id: str, model: Model | str) -> StoredModel:
        """Make `model` (or the one that a text in the modelling language spells) the store's latest.

        Raises:
            InvalidModel: it breaks a rule of the language, or has a condition that can't be.
            ExceededLimit: it has too many types or bytes.
            StoreNotFound: no such store.
        """
        taken = parse(model) if isinstance(model, str) else model
        if len(taken.types) > self._limits.types:
            raise ExceededLimit(f"a model may have {self._limits.types} type definitions at most")
        validate(taken)
        Conditions(taken)
        body = msgspec.json.encode(to_json(taken))
        if len(body) > self._limits.model_bytes:
            raise ExceededLimit(f"a model may have {self._limits.model_bytes} bytes at most")
        store = await records.lock_store(ctx, store_id)
        if store is None:
            raise StoreNotFound("no such store")
        kept = StoredModel(ulid(ctx.now, self._entropy), taken, ctx.now)
        await records.insert_model(ctx, store, kept.id, body.decode())
        await self._journal.record(ctx, Event.MODEL_WRITTEN, subject=store_id, details={"model_id": kept.id})
        change = Change(store.revision + 1, "model", None, kept.id, ctx.now)
        await ctx.tx.notify(CHANNEL, f"{ctx.tenant_id} {store_id} {change.revision}")
        tenant_id = ctx.tenant_id
        ctx.tx.after_commit(lambda: self._indexes.apply(tenant_id, store_id, [change]))
        return kept

    async def get(self, ctx: RequestContext, store_id: str, model_id: str) -> StoredModel:
        """Raises:
        StoreNotFound, ModelNotFound: no such store, or no such model in it.
        """
        if await records.store(ctx, store_id) is None:
            raise StoreNotFound("no such store")
        found = await records.model(ctx, store_id, model_id)
        if found is None:
            raise ModelNotFound(f"authorization model '{model_id}' not found", model_id=model_id)
        return found

    async def latest(self, ctx: RequestContext, store_id: str) -> StoredModel:
        """The model that questions mean when they name none.

        Raises:
            StoreNotFound: no such store.
            NoModelYet: it has no model.
        """
        store = await records.store(ctx, store_id)
        if store is None:
            raise StoreNotFound("no such store")
        if not store.model_id:
            raise NoModelYet("the store has no authorization model yet")
        return await self.get(ctx, store_id, store.model_id)

    async def list(self, ctx: RequestContext, store_id: str, *, before: str = NEWEST, limit: int) -> list[StoredModel]:
        """Models with ids under `before`, newest first.

        Raises:
            StoreNotFound: no such store.
        """
        if await records.store(ctx, store_id) is None:
            raise StoreNotFound("no such store")
        return await records.models(ctx, store_id, before=before, limit=limit)
