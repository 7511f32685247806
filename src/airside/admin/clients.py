"""Managing the applications that get tokens."""

from collections.abc import Iterable, Sequence
from typing import Final
from uuid import UUID

from airside.access.authorise import Authorise, Right
from airside.access.issuers import Issuers
from airside.access.rights import ADMINISTRATOR, RELATION_OF_SCOPE
from airside.admin.verb import Verbs, requires
from airside.core.errors import InvalidInput
from airside.core.secret import Secret
from airside.oauth import Client, ClientChange, ClientDraft, Clients, ClientSettings
from airside.oauth.clients import MAX_PAGE
from airside.oauth.model import JWT_BEARER, GrantName
from airside.store import Lookup, RequestContext
from airside.tenancy import Members

READ: Final = Right("clients:read", "can_read_clients")
WRITE: Final = Right("clients:write", "can_write_clients")
ACTING_BY_ITSELF: Final[frozenset[GrantName]] = frozenset({"client_credentials", JWT_BEARER})
"""Grants by which a client gets tokens that are about itself."""


class ClientAdmin(Verbs):
    """Register, find and disable clients, and rotate their secrets. Nobody registers one that may more than they may,
    nor gets the secret of one (N21)."""

    def __init__(
        self, *, authorise: Authorise, clients: Clients, members: Members, lookup: Lookup, issuers: Issuers
    ) -> None:
        super().__init__(authorise)
        self._lookup = lookup
        self._issuers = issuers
        self._clients = clients
        self._members = members

    @requires(WRITE)
    async def create(self, ctx: RequestContext, draft: ClientDraft) -> tuple[Client, Secret[str] | None]:
        """A new client, and its secret, shown only here. A client that acts by itself is given the relation behind
        each management scope it is registered with: the scope alone opens nothing.

        Raises:
            InvalidInput: what the draft asks for can't be registered.
            Forbidden: it asks for a right that the caller doesn't hold, for itself or of those who will sign in to
                it: they are asked for no consent; or it is to pass for users, which takes an administrator.
        """
        lawful = await self._clients.judge(ctx, draft)
        await self._demand_not_above(ctx, draft.scopes, draft.settings)
        await self._demand_one_party(ctx, draft.audiences)
        client, secret = await self._clients.insert(ctx, lawful)
        for right in _own_rights(client):
            await self._members.grant(ctx, f"client:{client.word}", right.relation)
        return client, secret

    @requires(WRITE)
    async def update(self, ctx: RequestContext, client_id: UUID, change: ClientChange) -> Client:
        """The client, changed. What it holds by itself follows its management scopes.

        Raises:
            NotFound: no such client in this tenant.
            InvalidInput: what it would become can't be registered.
            Forbidden: it has, or would have, a right that the caller doesn't hold: whoever says where its tokens go
                could use it.
        """
        before = await self._clients.get(ctx, client_id)
        client = await self._clients.update(ctx, client_id, change)
        await self._demand_not_above(ctx, before.scopes | client.scopes, before.settings, client.settings)
        await self._demand_one_party(ctx, client.audiences)
        held, due = set(_own_rights(before)), set(_own_rights(client))
        for right in held - due:
            await self._members.revoke(ctx, f"client:{client.word}", right.relation)
        for right in due - held:
            await self._members.grant(ctx, f"client:{client.word}", right.relation)
        return client

    @requires(READ)
    async def get(self, ctx: RequestContext, client_id: UUID) -> Client:
        """Raises: NotFound."""
        return await self._clients.get(ctx, client_id)

    @requires(READ)
    async def list(self, ctx: RequestContext, after: UUID | None = None, limit: int = MAX_PAGE) -> list[Client]:
        """The clients of the tenant, in the order of their making, after the one named."""
        return await self._clients.list(ctx, after=after, limit=limit)

    @requires(WRITE)
    async def disable(self, ctx: RequestContext, client_id: UUID) -> None:
        """Its tokens end within a second. Raises: NotFound."""
        await self._clients.disable(ctx, client_id)

    @requires(WRITE)
    async def enable(self, ctx: RequestContext, client_id: UUID) -> None:
        """It works again; tokens from before stay dead.

        Raises:
            NotFound: no such client in this tenant.
            Forbidden: it has a right that the caller doesn't hold.
        """
        client = await self._clients.get(ctx, client_id)
        await self._demand_not_above(ctx, client.scopes, client.settings)
        await self._clients.enable(ctx, client_id)

    @requires(WRITE)
    async def rotate_secret(self, ctx: RequestContext, client_id: UUID) -> Secret[str]:
        """A new secret, shown only here; the old one stays good for a day.

        Raises:
            NotFound: no such client in this tenant.
            Forbidden: the client holds a right that the caller doesn't.
        """
        client = await self._clients.get(ctx, client_id)
        await self._demand_not_above(ctx, client.scopes, client.settings)
        return await self._clients.rotate_secret(ctx, client_id)

    async def _demand_not_above(self, ctx: RequestContext, scopes: Iterable[str], *settings: ClientSettings) -> None:
        passing = [Right(WRITE.scope, ADMINISTRATOR)] if any(each.speaks_for_users for each in settings) else []
        await self.authorise.exactly(ctx, [*_rights(scopes), *passing])

    async def _demand_one_party(self, ctx: RequestContext, audiences: Sequence[str]) -> None:
        # A token carries every audience of its client, unless its request names the one it means (RFC 8707), which none
        # has to. One that is good at our own interfaces must therefore be for nobody else, who could bring it here.
        address = await self._lookup.by_tenant(ctx.tenant_id)
        if address is not None and len(audiences) > 1 and self._issuers.of(address) in audiences:
            raise InvalidInput("the issuer's own interfaces share a client with no other audience", pointer="audiences")


def _own_rights(client: Client) -> list[Right]:
    """What the client holds by itself: nothing, unless it acts by itself."""
    return _rights(client.scopes) if client.grants & ACTING_BY_ITSELF else []


def _rights(scopes: Iterable[str]) -> list[Right]:
    return [Right(scope, RELATION_OF_SCOPE[scope]) for scope in sorted(scopes) if scope in RELATION_OF_SCOPE]
