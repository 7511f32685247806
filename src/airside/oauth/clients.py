"""Clients: registered applications, their secrets, and the end of them.

Every client is first-party for now: whoever administers the tenant registered it, and no consent is asked. Nobody
can register one from outside.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final
from uuid import UUID

from airside.audit import Event, Journal
from airside.core.entropy import Entropy, token
from airside.core.errors import Conflict, NotFound
from airside.core.ids import uuid7
from airside.core.secret import Secret
from airside.oauth import records
from airside.oauth.model import MAX_SECRETS, Client, ClientDraft, ClientSecret
from airside.oauth.registration import validated_grants
from airside.store import RequestContext
from airside.tokens import RefreshFamilies

MAX_PAGE: Final = 200
"""Most clients in one answer."""

ROTATION_OVERLAP: Final = timedelta(days=1)
"""How long the old secret goes on opening after a rotation, unless told otherwise."""

_DISABLED: Final = "client_disabled"
_DELETED: Final = "client_deleted"


def secret_hash(secret: str) -> bytes:
    """How a secret is stored. 256 random bits need no slow hash."""
    return sha256(secret.encode()).digest()


class Clients:
    """The clients of the context's tenant."""

    def __init__(self, *, entropy: Entropy, journal: Journal, families: RefreshFamilies) -> None:
        self._entropy = entropy
        self._journal = journal
        self._families = families

    async def create(self, ctx: RequestContext, draft: ClientDraft) -> tuple[Client, Secret[str] | None]:
        """Register a client. A confidential one gets a secret, which is shown this once; a public one None.

        Raises:
            InvalidInput: the draft isn't lawful; `pointer` names the field.
        """
        grants = validated_grants(draft)
        secret = None if draft.public else Secret(token(self._entropy))
        client = Client(
            client_id=uuid7(ctx.now, self._entropy),
            name=draft.name.strip(),
            public=draft.public,
            redirect_uris=draft.redirect_uris,
            grants=grants,
            scopes=draft.scopes,
            audiences=draft.audiences,
            secrets=() if secret is None else (_new(secret, ctx.now),),
            state="active",
            created_at=ctx.now,
            settings=draft.settings,
        )
        await records.insert_client(ctx, client)
        await self._journal.record(
            ctx, Event.CLIENT_CREATED, subject=client.word, details={"grants": " ".join(sorted(client.grants))}
        )
        return client, secret

    async def get(self, ctx: RequestContext, client_id: UUID) -> Client:
        """The client, active or not.

        Raises:
            NotFound: not there, or not this tenant's.
        """
        return _found(await records.find_client(ctx, client_id))

    async def list(self, ctx: RequestContext, *, after: UUID | None = None, limit: int = MAX_PAGE) -> list[Client]:
        """At most `limit` (and `MAX_PAGE`) clients in the order of their making, after the one named."""
        return await records.list_clients(ctx, after, max(1, min(limit, MAX_PAGE)))

    async def disable(self, ctx: RequestContext, client_id: UUID) -> None:
        """No more tokens for it, and those it has die within the second. Twice is the same as once.

        Raises:
            NotFound: not there, or not this tenant's.
        """
        client = _found(await records.find_client(ctx, client_id, lock=True))
        if await records.set_client_state(ctx, client_id, "disabled"):
            await self._families.revoke_client(ctx, client.word, _DISABLED)
            await self._journal.record(ctx, Event.CLIENT_DEACTIVATED, subject=client.word)

    async def enable(self, ctx: RequestContext, client_id: UUID) -> None:
        """Let it work again. Tokens from before it was disabled stay dead.

        Raises:
            NotFound: not there, or not this tenant's.
        """
        client = _found(await records.find_client(ctx, client_id, lock=True))
        if await records.set_client_state(ctx, client_id, "active"):
            await self._journal.record(ctx, Event.CLIENT_REACTIVATED, subject=client.word)

    async def delete(self, ctx: RequestContext, client_id: UUID) -> None:
        """Take it away, with its waiting requests and codes; its tokens die within the second.

        Raises:
            NotFound: not there, or not this tenant's.
        """
        client = _found(await records.find_client(ctx, client_id, lock=True))
        await records.delete_client(ctx, client_id)
        await self._families.revoke_client(ctx, client.word, _DELETED)
        await self._journal.record(ctx, Event.CLIENT_DELETED, subject=client.word)

    async def rotate_secret(
        self, ctx: RequestContext, client_id: UUID, *, overlap: timedelta = ROTATION_OVERLAP
    ) -> Secret[str]:
        """A new secret, shown this once. The one in use goes on opening for `overlap`; an older one stops now.

        Raises:
            NotFound: not there, or not this tenant's.
            Conflict: a public client has no secret to rotate.
        """
        client = _found(await records.find_client(ctx, client_id, lock=True))
        if client.public:
            raise Conflict("a public client has no secret")
        secret = Secret(token(self._entropy))
        kept = [_ending(old, ctx.now + overlap) for old in client.live_secrets(ctx.now) if overlap > timedelta()]
        newest = sorted(kept, key=lambda old: old.created_at)[-(MAX_SECRETS - 1) :]
        await records.set_client_secrets(ctx, client_id, [*newest, _new(secret, ctx.now)])
        await self._journal.record(ctx, Event.CLIENT_SECRET_ROTATED, subject=client.word)
        return secret


def _found(client: Client | None) -> Client:
    if client is None:
        raise NotFound("client")
    return client


def _new(secret: Secret[str], now: datetime) -> ClientSecret:
    return ClientSecret(secret_hash(secret.reveal()), now, None)


def _ending(secret: ClientSecret, moment: datetime) -> ClientSecret:
    ends = moment if secret.expires_at is None else min(moment, secret.expires_at)
    return replace(secret, expires_at=ends)
