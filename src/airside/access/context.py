"""From a request to its RequestContext. A tenant that isn't there, or is suspended, is the same 404 everywhere; what
would change a locked one is refused here, whichever route it is for."""

from abc import abstractmethod
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from types import TracebackType
from typing import Final
from uuid import UUID

from starlette.requests import HTTPConnection

from airside.access.authorise import Authorise, Right
from airside.access.credentials import (
    SCHEME,
    Credentials,
    Presented,
    bearer_token,
    presented_key,
    presented_token,
)
from airside.access.issuers import Issuers
from airside.access.rights import INTERFACE_RIGHTS
from airside.access.senders import PROVEN, sender_of
from airside.access.stores import demand_store
from airside.access.writing import changes
from airside.apikeys import VerifiedKey
from airside.core.errors import Banned, NotFound, ReadOnly, Unauthenticated
from airside.core.principal import Origin, Principal
from airside.protocols.apikey import PresentedKey, looks_like_key
from airside.shield import Passage, passage
from airside.store import Address, Begun, Engine, Lookup, RequestContext
from airside.tenancy import PLATFORM_SLUG, Lockdown, Lockdowns, Tenants
from airside.tokens import peek_tenant

MAX_USER_AGENT: Final = 256
NOWHERE: Final = Address("", UUID(int=0))
"""No tenant: what strangers fail at before it is known whose key they bring is counted here."""


class Contexts:
    """Opens contexts: by the tenant in the path, by a token or API key in it, or by a token or API key alone."""

    def __init__(
        self,
        *,
        engine: Engine,
        lookup: Lookup,
        tenants: Tenants,
        lockdowns: Lockdowns,
        issuers: Issuers,
        credentials: Credentials,
        authorise: Authorise,
    ) -> None:
        self.engine = engine
        self.lookup = lookup
        self.tenants = tenants
        self.lockdowns = lockdowns
        self.issuers = issuers
        self.credentials = credentials
        self.authorise = authorise

    def anonymous(self, request: HTTPConnection) -> AbstractAsyncContextManager[RequestContext]:
        """The tenant of the path `/t/{slug}/…`, and nobody yet.

        Raises:
            NotFound: no such tenant.
        """
        return _Anonymous(self, request)

    def bearer(self, request: HTTPConnection) -> AbstractAsyncContextManager[RequestContext]:
        """The tenant of the path, and whoever its bearer token speaks for.

        Raises:
            NotFound: no such tenant.
            Unauthenticated: no token, or none of this tenant.
        """
        return _Bearer(self, request)

    def platform(self, request: HTTPConnection) -> AbstractAsyncContextManager[RequestContext]:
        """The reserved tenant, and whoever the bearer token speaks for.

        Raises:
            Unauthenticated: no token, or none of the reserved tenant.
        """
        return _Platform(self, request)

    def interface(self, request: HTTPConnection, need: str) -> AbstractAsyncContextManager[RequestContext]:
        """The tenant and caller of a bearer token alone, already allowed to `need` (a scope of `access/rights.py`).

        Raises:
            Unauthenticated: no token, or none of ours.
            Forbidden: its scope or its holder's relations don't reach.
        """
        return _Interface(self, request, INTERFACE_RIGHTS[need])

    @asynccontextmanager
    async def key(self, request: HTTPConnection) -> AsyncGenerator[tuple[RequestContext, VerifiedKey]]:
        """The tenant of an API key alone, secret or publishable, and the key; nobody is asking for anything yet.

        Raises:
            Unauthenticated: no API key, or none of ours.
            LimitExceeded: it comes too often, or its origin has failed too often.
        """
        seen = passage(request.scope)
        presented = presented_token(seen.header(b"authorization")).key
        if presented is None:
            raise Unauthenticated("an API key is needed")
        async with self.begin(await self._of_key(presented, seen), seen) as ctx:
            await self.admit(ctx)
            if (await self.tenants.enter(ctx)).state != "active":
                raise Unauthenticated("API key of a suspended tenant", presented=True)
            yield ctx, await self.credentials.key(ctx, presented, publishable=True)

    def key_at_once(self, seen: Passage) -> tuple[Address, VerifiedKey] | None:
        """As `key`, without a wait and so without a transaction; None where it would take one, or refuse.

        Raises:
            Unauthenticated: no API key.
        """
        presented = presented_token(seen.header(b"authorization")).key
        address = None if presented is None else self.lookup.known_key(presented.lookup)
        if presented is None or address is None:
            return None
        ctx = self.begin(address, seen).context
        if not self._open_at_once(ctx):
            return None
        verified = self.credentials.verified_at_once(ctx, presented)
        return None if verified is None else (address, verified)

    def anonymous_at_once(self, slug: str, seen: Passage) -> RequestContext | None:
        """As `anonymous`, without a wait and so without a transaction; None where it would take one, or refuse."""
        address = self.lookup.known_slug(slug)
        if address is None:
            return None
        ctx = self.begin(address, seen).context
        return ctx if self._open_at_once(ctx) else None

    def interface_at_once(self, seen: Passage, need: str) -> RequestContext | None:
        """As `interface`, without a wait and so without a transaction; None where it would take one.

        Raises:
            Unauthenticated, Forbidden: as `interface`; some refusals are left to it, and None here.
        """
        token = bearer_token(seen.header(b"authorization"))
        key = presented_key(token) if looks_like_key(token) else None
        address = self.lookup.known(peek_tenant(token)) if key is None else self.lookup.known_key(key.lookup)
        if address is None:
            return None
        ctx = self.begin(address, seen).context
        if not self._open_at_once(ctx):
            return None
        principal: Principal | None
        if key is None:
            principal = self.credentials.principal_at_once(ctx, address, token)
        else:
            principal = self.credentials.key_at_once(ctx, key)
        if principal is None:
            return None
        ctx = ctx.known_as(principal)
        return ctx if self.authorise.at_once(ctx, INTERFACE_RIGHTS[need]) else None

    def begin(self, address: Address, seen: Passage) -> Begun[RequestContext]:
        """The context of a request to the tenant at `address`; nobody is asking yet."""
        origin = Origin(seen.client, (seen.header(b"user-agent") or "")[:MAX_USER_AGENT])
        return self.engine.begin(address.tenant_id, origin=origin, request_id=seen.request_id)

    async def admit(self, ctx: RequestContext) -> Lockdown:
        """What is shut of the tenant. Whoever comes from a network that it shuts out is turned away before anything
        else is looked at.

        Raises:
            Banned: they do.
        """
        lockdown = await self.lockdowns.enter(ctx)
        if lockdown.shuts_out(ctx.origin.address, ctx.now):
            raise Banned("network")
        return lockdown

    def _open_at_once(self, ctx: RequestContext) -> bool:
        """Whether it is known without a wait that the tenant is open to where the request comes from."""
        tenant, lockdown = self.tenants.entered(ctx), self.lockdowns.known(ctx)
        if tenant is None or tenant.state != "active" or lockdown is None:
            return False
        return not lockdown.shuts_out(ctx.origin.address, ctx.now)

    async def of(self, presented: Presented, seen: Passage) -> Address:
        """The tenant of a token or API key that comes alone.

        Raises:
            Unauthenticated: none of ours.
            LimitExceeded: the origin has brought too many API keys that lead nowhere.
        """
        if presented.key is not None:
            return await self._of_key(presented.key, seen)
        address = await self.lookup.by_tenant(peek_tenant(presented.token))
        if address is None:
            raise Unauthenticated("token of no tenant of ours")
        return address

    async def _of_key(self, presented: PresentedKey, seen: Passage) -> Address:
        known = self.lookup.known_key(presented.lookup)
        if known is not None:
            return known
        nowhere = self.begin(NOWHERE, seen).context
        self.credentials.charge_stranger(nowhere)
        address = await self.lookup.by_key(presented.lookup)
        if address is None:
            raise Unauthenticated("API key of no tenant of ours", presented=True)
        await self.credentials.refund_stranger(nowhere)
        return address

    async def by_slug(self, slug: str) -> Address:
        """The tenant at `slug`. Raises: NotFound."""
        address = await self.lookup.by_slug(slug)
        if address is None:
            raise NotFound("tenant")
        return address


class _Opening(AbstractAsyncContextManager[RequestContext]):
    """A context being opened. One class, not four nested generators: it stands in front of every request."""

    __slots__ = ("_begun", "_contexts", "_request")

    def __init__(self, contexts: Contexts, request: HTTPConnection) -> None:
        self._contexts = contexts
        self._request = request
        self._begun: Begun[RequestContext] | None = None

    @abstractmethod
    async def __aenter__(self) -> RequestContext: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._begun is not None:
            await self._begun.__aexit__(kind, error, trace)

    async def _begin(self, address: Address, presented: Presented | None, right: Right | None = None) -> RequestContext:
        contexts = self._contexts
        begun = contexts.begin(address, passage(self._request.scope))
        ctx = begun.context
        try:
            lockdown = await contexts.admit(ctx)
            if (await contexts.tenants.enter(ctx)).state != "active":
                raise NotFound("tenant")
            if presented is not None:
                sender = sender_of(self._request, contexts.issuers)
                ctx = ctx.known_as(await contexts.credentials.principal(ctx, address, presented, sender))
                if presented.dpop:
                    self._request.scope[PROVEN] = True
            if right is not None:
                await contexts.authorise(ctx, right)
                await demand_store(ctx, self._request, contexts.tenants)
            if lockdown.lock is not None and changes(self._request.scope["method"], self._request.scope["path"]):
                raise ReadOnly("tenant locked")
        except BaseException as error:
            await begun.__aexit__(type(error), error, error.__traceback__)
            raise
        self._begun = begun
        return ctx

    def _token(self) -> Presented:
        return presented_token(passage(self._request.scope).header(b"authorization"))

    def _refuse_lookalike(self) -> None:
        """What begins like an API key and isn't one is refused before anything is read."""
        header = passage(self._request.scope).header(b"authorization")
        if header is not None and looks_like_key(header[len(SCHEME) :].strip()):
            self._token()


class _Anonymous(_Opening):
    async def __aenter__(self) -> RequestContext:
        return await self._begin(await self._contexts.by_slug(str(self._request.path_params.get("slug", ""))), None)


class _Bearer(_Opening):
    async def __aenter__(self) -> RequestContext:
        self._refuse_lookalike()
        address = await self._contexts.by_slug(str(self._request.path_params.get("slug", "")))
        return await self._begin(address, self._token())


class _Platform(_Opening):
    async def __aenter__(self) -> RequestContext:
        self._refuse_lookalike()
        return await self._begin(await self._contexts.by_slug(PLATFORM_SLUG), self._token())


class _Interface(_Opening):
    __slots__ = ("_right",)

    def __init__(self, contexts: Contexts, request: HTTPConnection, right: Right) -> None:
        super().__init__(contexts, request)
        self._right = right

    async def __aenter__(self) -> RequestContext:
        presented = self._token()
        address = await self._contexts.of(presented, passage(self._request.scope))
        return await self._begin(address, presented, self._right)
