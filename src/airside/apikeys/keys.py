"""Keys: minted and shown once, rotated, revoked. Who may is `admin`'s to ask."""

from dataclasses import replace
from datetime import timedelta
from typing import Final
from uuid import UUID

from airside.apikeys import records
from airside.apikeys.memory import KeyMemory
from airside.apikeys.model import KEPT, MAX_KEYS, MAX_OVERLAP, MAX_PAGE, ApiKey, KeyDraft
from airside.apikeys.networks import read_networks
from airside.apikeys.verifier import key_hash
from airside.audit import Event, Journal
from airside.core.entropy import Entropy
from airside.core.errors import Conflict, InvalidInput, NotFound
from airside.core.ids import uuid7
from airside.core.secret import Secret
from airside.limits import API_KEY_REQUESTS, API_KEYS, UNBOUNDED, Quotas
from airside.protocols.apikey import new_key, new_lookup
from airside.revocation import Revocations
from airside.store.context import RequestContext
from airside.store.queues import queue_for

TOLD: Final = timedelta(hours=1)
"""How long the news of a revoked key is kept: nobody remembers what they read of a key for longer, and its row says the
same for as long as it is there."""


class ApiKeys:
    """The keys of the context's tenant."""

    def __init__(
        self,
        *,
        entropy: Entropy,
        journal: Journal,
        revocations: Revocations,
        memory: KeyMemory,
        quotas: Quotas = UNBOUNDED,
    ) -> None:
        self._quotas = quotas
        self._entropy = entropy
        self._journal = journal
        self._revocations = revocations
        self._memory = memory

    async def create(self, ctx: RequestContext, draft: KeyDraft) -> tuple[ApiKey, Secret[str]]:
        """A new key, shown this once.

        Raises:
            Conflict: the tenant has `MAX_KEYS` that are good for something.
            QuotaExceeded: its plan has no room for another.
        """
        await self._quotas.demand(ctx, API_KEYS, _good)
        await queue_for(ctx, "API key")
        if await records.count(ctx) >= MAX_KEYS:
            raise Conflict("too many API keys", max_keys=MAX_KEYS)
        key = ApiKey(
            key_id=uuid7(ctx.now, self._entropy),
            lookup=await self._free_lookup(ctx),
            kind=draft.kind,
            mode=draft.mode,
            owner=draft.owner,
            name=draft.name.strip(),
            scopes=draft.scopes,
            stores=draft.stores,
            networks=None if draft.networks is None else read_networks(draft.networks),
            per_minute=API_KEY_REQUESTS.rate.count if draft.per_minute is None else draft.per_minute,
            created_at=ctx.now,
            expires_at=ctx.now + draft.lifetime,
        )
        secret = await self._mint(ctx, key)
        await self._record(ctx, Event.API_KEY_CREATED, key, scopes=" ".join(sorted(key.scopes)))
        return key, secret

    async def get(self, ctx: RequestContext, key_id: UUID) -> ApiKey:
        """Raises:
        NotFound: not there, or not this tenant's.
        """
        found = await records.find(ctx, key_id)
        if found is None:
            raise NotFound("API key")
        return found

    async def list(
        self, ctx: RequestContext, after: UUID | None = None, limit: int = MAX_PAGE, *, owner_id: UUID | None = None
    ) -> list[ApiKey]:
        """Keys in the order of their making, after the one named, at most `limit` (1 to `MAX_PAGE`); with `owner_id`,
        those of one owner.

        Raises:
            InvalidInput: a limit out of range.
        """
        if not 1 <= limit <= MAX_PAGE:
            raise InvalidInput("page size out of range", pointer="limit", max=MAX_PAGE)
        return await records.page(ctx, after, owner_id, limit)

    async def rotate(self, ctx: RequestContext, key_id: UUID, *, overlap: timedelta) -> tuple[ApiKey, Secret[str]]:
        """Another key of the same kind, shown this once, for as long as the first was made for; the first works for
        `overlap` more. Of many at once, one rotates.

        Raises:
            NotFound: not there, or not this tenant's.
            InvalidInput: an overlap out of range.
            Conflict: rotated already, revoked or expired.
        """
        if not timedelta() <= overlap <= MAX_OVERLAP:
            raise InvalidInput(f"at most {MAX_OVERLAP.days} days are expected", pointer="overlap_hours")
        old = await self.get(ctx, key_id)
        if not await records.rotate(ctx, key_id, ctx.now + overlap):
            raise Conflict("the API key is rotated already, or over")
        await self._memory.changed(ctx, old.lookup)
        lifetime = old.expires_at - old.created_at
        new = replace(
            old,
            key_id=uuid7(ctx.now, self._entropy),
            lookup=await self._free_lookup(ctx),
            created_at=ctx.now,
            expires_at=ctx.now + lifetime,
            last_used_at=None,
        )
        secret = await self._mint(ctx, new)
        await self._record(ctx, Event.API_KEY_ROTATED, old, successor=new.word, overlap=int(overlap.total_seconds()))
        return new, secret

    async def revoke(self, ctx: RequestContext, key_id: UUID, *, reason: str = "") -> None:
        """It opens nothing any more: here from the commit, elsewhere within a second. Twice is the same as once.

        Raises:
            NotFound: not there, or not this tenant's.
        """
        key = await self.get(ctx, key_id)
        if await records.revoke(ctx, key_id):
            until = max(ctx.now, min(key.expires_at, ctx.now + TOLD))
            await self._revocations.revoke(ctx, "key", key.word, expires_at=until)
            await self._record(ctx, Event.API_KEY_REVOKED, key, why=reason)

    async def revoke_all(self, ctx: RequestContext, owner_id: UUID, *, reason: str = "") -> int:
        """Every key of one owner opens nothing any more; how many did."""
        revoked, after = 0, None
        while page := await self.list(ctx, after, owner_id=owner_id):
            for key in page:
                if key.revoked_at is None and key.expires_at > ctx.now:
                    await self.revoke(ctx, key.key_id, reason=reason)
                    revoked += 1
            after = page[-1].key_id
        return revoked

    async def sweep(self, ctx: RequestContext) -> int:
        """Forget keys that have long been over, for a timer; how many."""
        return await records.sweep(ctx, ctx.now - KEPT)

    async def _mint(self, ctx: RequestContext, key: ApiKey) -> Secret[str]:
        secret = new_key(key.kind, key.mode, key.lookup, self._entropy)
        await records.insert(ctx, key, key_hash(ctx.tenant_id, secret.reveal()))
        return secret

    async def _free_lookup(self, ctx: RequestContext) -> str:
        while True:
            lookup = new_lookup(self._entropy)
            if await records.take_lookup(ctx, lookup):
                return lookup

    async def _record(self, ctx: RequestContext, event: Event, key: ApiKey, **more: str | int) -> None:
        details = {"owner": key.owner.word, "kind": key.kind, "mode": key.mode, **more}
        await self._journal.record(ctx, event, subject=key.word, details=details)


async def _good(ctx: RequestContext, _most: int) -> int:
    return await records.count(ctx)
