"""Connections: a tenant's ways to foreign identity providers, their changes and the end of them."""

import asyncio
from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from airside.audit import Event, Journal
from airside.core.entropy import Entropy
from airside.core.errors import Conflict, InvalidInput, NotFound
from airside.core.ids import uuid7
from airside.core.secret import Secret
from airside.federation import records
from airside.federation.model import (
    MAX_CONNECTIONS,
    MAX_NAME,
    MAX_PAGE,
    Connection,
    ConnectionChange,
    ConnectionDraft,
    ConnectionSecrets,
)
from airside.federation.oidc_keys import keys_for
from airside.federation.saml_keys import new_pair, saml_keys
from airside.federation.sessions import FederatedSessions
from airside.federation.settings import ConnectionKind, SamlSettings, Settings, demand_lawful, merged
from airside.limits import CONNECTIONS, UNBOUNDED, Quotas
from airside.store.context import RequestContext
from airside.store.queues import queue_for
from airside.vault import Vault

MAX_SECRET: Final = 4 * 1024
MAX_KEYS: Final = 32 * 1024
"""Characters of PEM."""


class Connections:
    """The connections of the context's tenant. Their secrets are sealed before they are stored."""

    def __init__(
        self,
        *,
        vault: Vault,
        entropy: Entropy,
        journal: Journal,
        sessions: FederatedSessions,
        quotas: Quotas = UNBOUNDED,
        exceptions: frozenset[str] = frozenset(),
    ) -> None:
        """`exceptions` are the `host:port` that may be spoken with although they aren't public."""
        self._vault = vault
        self._entropy = entropy
        self._journal = journal
        self._sessions = sessions
        self._quotas = quotas
        self._exceptions = exceptions

    async def create(
        self, ctx: RequestContext, draft: ConnectionDraft, *, connection_id: UUID | None = None
    ) -> Connection:
        """A new connection, active at once; by the id that was promised for it, if one was.

        Raises:
            InvalidInput: the draft isn't lawful; `pointer` names the field.
            Conflict: the tenant has `MAX_CONNECTIONS`.
            QuotaExceeded: its plan has no room for another.
        """
        demand_lawful(draft.settings, self._exceptions)
        _demand_short(draft.client_secret, MAX_SECRET, "client_secret")
        _demand_short(draft.private_keys, MAX_KEYS, "private_keys")
        keys = await self._keys(ctx, draft.settings, draft.private_keys)
        await self._quotas.demand(ctx, CONNECTIONS, _counted)
        await queue_for(ctx, "connection")
        if await records.count(ctx) >= MAX_CONNECTIONS:
            raise Conflict("connections over their cap", max=MAX_CONNECTIONS)
        connection = Connection(
            id=uuid7(ctx.now, self._entropy) if connection_id is None else connection_id,
            name=_name(draft.name),
            state="active",
            settings=draft.settings,
            creates_users=draft.creates_users,
            shown=draft.shown,
            has_secret=draft.client_secret is not None,
            has_keys=keys is not None,
            created_at=ctx.now,
        )
        secrets = ConnectionSecrets(draft.client_secret, keys)
        await records.insert(ctx, await self._vault.keyset(ctx), connection, secrets)
        await self._record(ctx, Event.CONNECTION_CREATED, connection, kind=connection.kind)
        return connection

    async def get(self, ctx: RequestContext, connection_id: UUID) -> Connection:
        """The connection, active or not.

        Raises:
            NotFound: not there, or not this tenant's.
        """
        return _found(await records.find(ctx, connection_id))

    async def hold(self, ctx: RequestContext, connection_id: UUID, *, alone: bool = False) -> Connection:
        """As `get`; it stays as it is until this transaction ends. `alone`: nobody else holds it either. Whoever locks
        a domain of it too holds it first.

        Raises:
            NotFound: not there, or not this tenant's.
        """
        found = await (records.find(ctx, connection_id, lock=True) if alone else records.share(ctx, connection_id))
        return _found(found)

    async def active(self, ctx: RequestContext, connection_id: UUID, kind: ConnectionKind) -> Connection:
        """The connection of that kind, which opens something, and goes on to until this transaction ends.

        Raises:
            NotFound: not there, not this tenant's, of another kind, or disabled: never told apart.
        """
        connection = _found(await records.share(ctx, connection_id))
        if connection.state != "active" or connection.kind != kind:
            raise NotFound("connection")
        return connection

    async def open(self, ctx: RequestContext) -> list[Connection]:
        """Those that open something, in the order of their making."""
        return [each for each in await records.page(ctx, None, MAX_CONNECTIONS) if each.state == "active"]

    async def list(self, ctx: RequestContext, *, after: UUID | None = None, limit: int = MAX_PAGE) -> list[Connection]:
        """At most `limit` (and `MAX_PAGE`) connections in the order of their making, after the one named."""
        return await records.page(ctx, after, max(1, min(limit, MAX_PAGE)))

    async def kinds(self, ctx: RequestContext) -> frozenset[ConnectionKind]:
        """Of which kinds there are connections that open something."""
        return await records.kinds(ctx)

    async def stands(self, ctx: RequestContext, connection_id: UUID, since: datetime) -> bool:
        """Whether the connection has opened something without a break `since` then, and goes on to until this
        transaction ends."""
        return await records.stands(ctx, connection_id, since)

    async def secrets(self, ctx: RequestContext, connection_id: UUID) -> ConnectionSecrets:
        """What only the connection's own door is to open.

        Raises:
            NotFound: not there, or not this tenant's.
        """
        found = await records.secrets(ctx, await self._vault.keyset(ctx), connection_id)
        if found is None:
            raise NotFound("connection")
        return found

    async def update(self, ctx: RequestContext, connection_id: UUID, change: ConnectionChange) -> Connection:
        """Change a connection. What is under way through it ends where its settings change; sessions stay.

        Raises:
            NotFound: not there, or not this tenant's.
            InvalidInput: what it would become isn't lawful; `pointer` names the field.
        """
        before = _found(await records.find(ctx, connection_id, lock=True))
        settings = before.settings if change.settings is None else merged(before.settings, change.settings)
        demand_lawful(settings, self._exceptions)
        after = replace(
            before,
            name=before.name if change.name is None else _name(change.name),
            settings=settings,
            creates_users=before.creates_users if change.creates_users is None else change.creates_users,
            shown=before.shown if change.shown is None else change.shown,
        )
        if not before.has_keys:
            after = await self._with_keys(ctx, after)
        fields = _changed(before, after)
        if fields:
            await records.update(ctx, after)
            if before.settings != after.settings:
                await records.delete_hanging(ctx, connection_id, records.WAITING)
            await self._record(ctx, Event.CONNECTION_UPDATED, after, fields=" ".join(fields))
        return after

    async def set_client_secret(self, ctx: RequestContext, connection_id: UUID, secret: Secret[str] | None) -> None:
        """The secret that the provider gave us; None forgets it.

        Raises:
            NotFound: not there, or not this tenant's.
            InvalidInput: it is over `MAX_SECRET` characters.
        """
        _demand_short(secret, MAX_SECRET, "client_secret")
        connection = _found(await records.find(ctx, connection_id, lock=True))
        await records.set_secret(ctx, await self._vault.keyset(ctx), connection_id, secret)
        await self._record(ctx, Event.CONNECTION_SECRET_SET, connection, what="client_secret")

    async def set_private_keys(self, ctx: RequestContext, connection_id: UUID, keys: Secret[str] | None) -> None:
        """The connection's own private keys as PEM, the newest first; None forgets them.

        Raises:
            NotFound: not there, or not this tenant's.
            InvalidInput: they are over `MAX_KEYS` characters.
        """
        _demand_short(keys, MAX_KEYS, "private_keys")
        connection = _found(await records.find(ctx, connection_id, lock=True))
        keys = await self._keys(ctx, connection.settings, keys)
        await records.set_keys(ctx, await self._vault.keyset(ctx), connection_id, keys)
        await self._record(ctx, Event.CONNECTION_SECRET_SET, connection, what="private_keys")

    async def disable(self, ctx: RequestContext, connection_id: UUID) -> None:
        """It opens nothing any more (N18): logins through it end where they stand, and sessions that began through it
        die within the second, with their tokens. Twice is the same as once.

        Raises:
            NotFound: not there, or not this tenant's.
        """
        connection = _found(await records.find(ctx, connection_id, lock=True))
        if await records.set_state(ctx, connection_id, "disabled"):
            await records.delete_hanging(ctx, connection_id, records.WAITING)
            await self._sessions.end_of_connection(ctx, connection_id)
            await self._record(ctx, Event.CONNECTION_DEACTIVATED, connection)

    async def enable(self, ctx: RequestContext, connection_id: UUID) -> None:
        """Let it open again. Sessions from before it was disabled stay dead.

        Raises:
            NotFound: not there, or not this tenant's.
        """
        connection = _found(await records.find(ctx, connection_id, lock=True))
        if await records.set_state(ctx, connection_id, "active"):
            await self._record(ctx, Event.CONNECTION_REACTIVATED, connection)

    async def delete(self, ctx: RequestContext, connection_id: UUID) -> None:
        """Take it away, with whom it named here: its sessions die as when it is disabled. Users stay.

        Raises:
            NotFound: not there, or not this tenant's.
        """
        connection = _found(await records.find(ctx, connection_id, lock=True))
        await self._sessions.end_of_connection(ctx, connection_id)
        await records.delete_hanging(ctx, connection_id, records.HANGING)
        await records.delete(ctx, connection_id)
        await self._record(ctx, Event.CONNECTION_DELETED, connection)

    async def _with_keys(self, ctx: RequestContext, connection: Connection) -> Connection:
        """With a key of its own, where its settings have come to ask for one."""
        keys = keys_for(connection.settings, None)
        if keys is not None:
            await records.set_keys(ctx, await self._vault.keyset(ctx), connection.id, keys)
        return replace(connection, has_keys=keys is not None)

    async def _keys(self, ctx: RequestContext, settings: Settings, given: Secret[str] | None) -> Secret[str] | None:
        """The keys that were given, if they can be used so; or new ones where the connection can't be without."""
        if not isinstance(settings, SamlSettings):
            return keys_for(settings, given)
        if given is None:
            return await asyncio.to_thread(new_pair, ctx.now, self._entropy)
        saml_keys(given)
        return given

    async def _record(self, ctx: RequestContext, event: Event, connection: Connection, **details: str) -> None:
        await self._journal.record(ctx, event, subject=connection.word, details=details)


def _found(connection: Connection | None) -> Connection:
    if connection is None:
        raise NotFound("connection")
    return connection


def _name(name: str) -> str:
    text = name.strip()
    if not 0 < len(text) <= MAX_NAME or not text.isprintable():
        raise InvalidInput("a name is 1 to 200 printable characters", pointer="name")
    return text


def _demand_short(secret: Secret[str] | None, cap: int, pointer: str) -> None:
    if secret is not None and not 0 < len(secret.reveal()) <= cap:
        raise InvalidInput("secret empty or over its cap", pointer=pointer, max_length=cap)


def _changed(before: Connection, after: Connection) -> list[str]:
    fields = [name for name in ("name", "creates_users", "shown") if getattr(before, name) != getattr(after, name)]
    settings = before.settings.__struct_fields__
    return [
        *fields,
        *(f"settings.{name}" for name in settings if getattr(before.settings, name) != getattr(after.settings, name)),
    ]


async def _counted(ctx: RequestContext, _most: int) -> int:
    return await records.count(ctx)
