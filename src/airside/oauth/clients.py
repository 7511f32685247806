"""Clients: registered applications, their secrets, their changes and the end of them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final, TypeAlias
from uuid import UUID

from airside.audit import Event, Journal
from airside.core.entropy import Entropy, token
from airside.core.errors import Conflict, NotFound
from airside.core.ids import uuid7
from airside.core.secret import Secret
from airside.limits import CLIENTS, UNBOUNDED, Quotas
from airside.oauth import records_clients, records_device
from airside.oauth.changes import Changed, ClientChange, changed_draft, compared
from airside.oauth.client_memory import ClientMemory
from airside.oauth.client_metadata import demand_outsider
from airside.oauth.model import MAX_SECRETS, Client, ClientDraft, ClientOrigin, ClientSecret
from airside.oauth.registration import Lawful, validated
from airside.oauth.sectors import SectorIdentifiers
from airside.oauth.settings import SECRET_METHODS, ClientSettings
from airside.store import RequestContext
from airside.tokens import KeyRotation, RefreshFamilies

MAX_PAGE: Final = 200
"""Most clients in one answer."""

ROTATION_OVERLAP: Final = timedelta(days=1)
"""How long the old secret goes on opening after a rotation, unless told otherwise."""

Sector: TypeAlias = tuple[str | None, tuple[str, ...]]
"""Where a sector's document is, and the redirect URIs that have to stand in it."""

_DISABLED: Final = "client_disabled"
_CHANGED: Final = "client_changed"
_DELETED: Final = "client_deleted"


def secret_hash(secret: str) -> bytes:
    """How a secret is stored. 256 random bits need no slow hash."""
    return sha256(secret.encode()).digest()


class Clients:
    """The clients of the context's tenant."""

    def __init__(
        self,
        *,
        entropy: Entropy,
        journal: Journal,
        families: RefreshFamilies,
        memory: ClientMemory,
        key_rotation: KeyRotation,
        sectors: SectorIdentifiers,
        quotas: Quotas = UNBOUNDED,
        exceptions: frozenset[str] = frozenset(),
    ) -> None:
        """`exceptions` are the `host:port` that `sectors` may fetch from although they aren't public."""
        self._entropy = entropy
        self._journal = journal
        self._families = families
        self._memory = memory
        self._key_rotation = key_rotation
        self._sectors = sectors
        self._quotas = quotas
        self._exceptions = exceptions

    async def create(self, ctx: RequestContext, draft: ClientDraft) -> tuple[Client, Secret[str] | None]:
        """Register a client. One that proves itself by a secret gets it, shown this once; any other None.

        Raises:
            InvalidInput: the draft isn't lawful; `pointer` names the field.
        """
        return await self.insert(ctx, await self.judge(ctx, draft))

    async def judge(self, ctx: RequestContext, draft: ClientDraft) -> Lawful:
        """The draft, lawful. Where that takes a look at a document elsewhere, it is taken without a connection in hand:
        what was done before is committed.

        Raises:
            InvalidInput: the draft isn't lawful; `pointer` names the field.
        """
        lawful = validated(draft, self._exceptions)
        if lawful.settings.sector_identifier_uri is not None:
            await ctx.tx.checkpoint()
            await self._sectors.check(lawful.settings, draft.redirect_uris)
        return lawful

    async def insert(
        self,
        ctx: RequestContext,
        lawful: Lawful,
        *,
        origin: ClientOrigin = "administrator",
        document: tuple[str, datetime] | None = None,
    ) -> tuple[Client, Secret[str] | None]:
        """Keep what `judge` found lawful, and give it its secret. `document` is the address that it came from, and
        until when what stood there holds.

        Raises:
            InvalidInput: a client from outside that is more than those can be.
            Conflict: there is a client of this document already.
            QuotaExceeded: the tenant's plan has no room for another.
        """
        draft = lawful.draft
        await self._quotas.demand(ctx, CLIENTS, records_clients.count_clients)
        if origin != "administrator":
            demand_outsider(draft)
        url, until = document or (None, None)
        secret = Secret(token(self._entropy)) if _has_secret(lawful.settings) else None
        client = Client(
            client_id=uuid7(ctx.now, self._entropy),
            name=draft.name.strip(),
            public=draft.public,
            redirect_uris=draft.redirect_uris,
            grants=lawful.grants,
            scopes=draft.scopes,
            audiences=draft.audiences,
            secrets=() if secret is None else (_new(secret, ctx.now),),
            state="active",
            created_at=ctx.now,
            settings=lawful.settings,
            origin=origin,
            document_url=url,
            document_until=until,
        )
        if not await records_clients.insert_client(ctx, client):
            raise Conflict("there is a client of this document already")
        await self._key_rotation.ensure(ctx, client.settings.signing_algorithms)
        details = {"grants": " ".join(sorted(client.grants)), "origin": origin}
        await self._journal.record(ctx, Event.CLIENT_CREATED, subject=client.word, details=details)
        return client, secret

    async def get(self, ctx: RequestContext, client_id: UUID) -> Client:
        """The client, active or not.

        Raises:
            NotFound: not there, or not this tenant's.
        """
        return _found(await records_clients.find_client(ctx, client_id))

    async def list(self, ctx: RequestContext, *, after: UUID | None = None, limit: int = MAX_PAGE) -> list[Client]:
        """At most `limit` (and `MAX_PAGE`) clients in the order of their making, after the one named."""
        return await records_clients.list_clients(ctx, after, max(1, min(limit, MAX_PAGE)))

    async def update(self, ctx: RequestContext, client_id: UUID, change: ClientChange) -> Client:
        """Change a client. What was given under the old state and no longer fits the new one ends with it; one that
        proves itself by a secret no longer loses its secrets, and one that does from now on gets its first by
        `rotate_secret`.

        Raises:
            NotFound: not there, or not this tenant's.
            InvalidInput: what it would become isn't lawful; `pointer` names the field.
            Conflict: somebody else changed it while a document elsewhere was looked at.
        """
        looked = await self._look_elsewhere(ctx, client_id, change)
        before = _found(await records_clients.find_client(ctx, client_id, lock=True))
        draft, lawful = self._changed(before, change)
        sector = _sector(lawful.settings, draft.redirect_uris)
        if sector[0] is not None and sector not in (looked, _sector(before.settings, before.redirect_uris)):
            raise Conflict("the client was changed meanwhile")
        after = replace(
            before,
            name=draft.name.strip(),
            redirect_uris=draft.redirect_uris,
            grants=lawful.grants,
            scopes=draft.scopes,
            audiences=draft.audiences,
            secrets=before.secrets if _has_secret(lawful.settings) else (),
            settings=lawful.settings,
        )
        changed = compared(before, after)
        if changed.fields:
            await self._key_rotation.ensure(ctx, after.settings.signing_algorithms)
            await records_clients.update_client(ctx, after)
            await self._memory.changed(ctx, client_id)
            await self._end(ctx, after, changed)
            fields = " ".join(changed.fields)
            await self._journal.record(ctx, Event.CLIENT_UPDATED, subject=after.word, details={"fields": fields})
        return after

    async def _look_elsewhere(self, ctx: RequestContext, client_id: UUID, change: ClientChange) -> Sector | None:
        """The sector whose document was looked at, where the change makes it another one: as `judge` does it, with
        neither a connection nor a row in hand.

        Raises: as `update`.
        """
        before = _found(await records_clients.find_client(ctx, client_id))
        draft, lawful = self._changed(before, change)
        sector = _sector(lawful.settings, draft.redirect_uris)
        if sector[0] is None or sector == _sector(before.settings, before.redirect_uris):
            return None
        await ctx.tx.checkpoint()
        await self._sectors.check(lawful.settings, draft.redirect_uris)
        return sector

    def _changed(self, before: Client, change: ClientChange) -> tuple[ClientDraft, Lawful]:
        draft = changed_draft(before, change)
        if before.origin != "administrator":
            demand_outsider(draft)
        return draft, validated(draft, self._exceptions)

    async def disable(self, ctx: RequestContext, client_id: UUID) -> None:
        """No more tokens for it, and those it has die within the second. Twice is the same as once.

        Raises:
            NotFound: not there, or not this tenant's.
        """
        client = _found(await records_clients.find_client(ctx, client_id, lock=True))
        if await records_clients.set_client_state(ctx, client_id, "disabled"):
            await self._memory.changed(ctx, client_id)
            await self._families.revoke_client(ctx, client.word, _DISABLED)
            await self._journal.record(ctx, Event.CLIENT_DEACTIVATED, subject=client.word)

    async def enable(self, ctx: RequestContext, client_id: UUID) -> None:
        """Let it work again. Tokens from before it was disabled stay dead.

        Raises:
            NotFound: not there, or not this tenant's.
        """
        client = _found(await records_clients.find_client(ctx, client_id, lock=True))
        if await records_clients.set_client_state(ctx, client_id, "active"):
            await self._memory.changed(ctx, client_id)
            await self._journal.record(ctx, Event.CLIENT_REACTIVATED, subject=client.word)

    async def delete(self, ctx: RequestContext, client_id: UUID) -> None:
        """Take it away, with its waiting requests and codes; its tokens die within the second.

        Raises:
            NotFound: not there, or not this tenant's.
        """
        client = _found(await records_clients.find_client(ctx, client_id, lock=True))
        await records_device.delete_of_client(ctx, client_id)
        await records_clients.delete_client(ctx, client_id)
        await self._memory.changed(ctx, client_id)
        await self._families.revoke_client(ctx, client.word, _DELETED)
        await self._journal.record(ctx, Event.CLIENT_DELETED, subject=client.word)

    async def rotate_secret(
        self, ctx: RequestContext, client_id: UUID, *, overlap: timedelta = ROTATION_OVERLAP
    ) -> Secret[str]:
        """A new secret, shown this once. The one in use goes on opening for `overlap`; an older one stops now.

        Raises:
            NotFound: not there, or not this tenant's.
            Conflict: a client that proves itself by a key, a certificate or nothing has no secret to rotate.
        """
        client = _found(await records_clients.find_client(ctx, client_id, lock=True))
        if not _has_secret(client.settings) or client.public:
            raise Conflict("the client doesn't prove itself by a secret")
        secret = Secret(token(self._entropy))
        kept = [_ending(old, ctx.now + overlap) for old in client.live_secrets(ctx.now) if overlap > timedelta()]
        newest = sorted(kept, key=lambda old: old.created_at)[-(MAX_SECRETS - 1) :]
        await records_clients.set_client_secrets(ctx, client_id, [*newest, _new(secret, ctx.now)])
        await self._memory.changed(ctx, client_id)
        await self._journal.record(ctx, Event.CLIENT_SECRET_ROTATED, subject=client.word)
        return secret

    async def _end(self, ctx: RequestContext, client: Client, changed: Changed) -> None:
        if changed.ends_waiting:
            await records_clients.delete_waiting(ctx, client.client_id)
        if changed.ends_families:
            await self._families.revoke_client(ctx, client.word, _CHANGED)
        elif changed.ends_tokens:
            await self._families.outdate_client(ctx, client.word)


def _has_secret(settings: ClientSettings) -> bool:
    return settings.token_endpoint_auth_method in SECRET_METHODS


def _sector(settings: ClientSettings, redirect_uris: Sequence[str]) -> Sector:
    return settings.sector_identifier_uri, tuple(redirect_uris)


def _found(client: Client | None) -> Client:
    if client is None:
        raise NotFound("client")
    return client


def _new(secret: Secret[str], now: datetime) -> ClientSecret:
    return ClientSecret(secret_hash(secret.reveal()), now, None)


def _ending(secret: ClientSecret, moment: datetime) -> ClientSecret:
    ends = moment if secret.expires_at is None else min(moment, secret.expires_at)
    return replace(secret, expires_at=ends)
