"""What operators do across tenants. Operators are members of one reserved tenant; its context is asked first, then
each verb opens the context of the tenant it works on."""

from typing import Final
from uuid import UUID

from airside.access.authorise import Authorise, Right
from airside.admin.verb import Verbs, requires
from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.errors import InvalidInput, NotFound
from airside.core.ids import uuid7
from airside.core.principal import Principal
from airside.store import Address, Engine, Lookup, RequestContext
from airside.tenancy import PLATFORM_SLUG, Draft, Members, Tenant, Tenants

OPERATOR: Final = Principal("operator", subject="operator:local", assurance="aal1")
"""Whoever can start a process with the server's own keys and database role: the command line."""

READ: Final = Right("tenants:read", "can_read_tenants")
WRITE: Final = Right("tenants:write", "can_write_tenants")


class Platform(Verbs):
    """Make and list tenants."""

    def __init__(
        self,
        *,
        authorise: Authorise,
        engine: Engine,
        lookup: Lookup,
        tenants: Tenants,
        members: Members,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        super().__init__(authorise)
        self._engine = engine
        self._lookup = lookup
        self._tenants = tenants
        self._members = members
        self._clock = clock
        self._entropy = entropy

    @requires(WRITE)
    async def create_tenant(self, ctx: RequestContext, draft: Draft) -> Tenant:
        """A new tenant, whole, with the local operator as its first administrator.

        Raises:
            InvalidInput: the slug is reserved.
            UniqueViolation: the slug is taken.
        """
        await self._demand_platform(ctx)
        if draft.slug == PLATFORM_SLUG:
            raise InvalidInput("this slug is reserved", pointer="slug")
        return await self._make(draft)

    @requires(READ)
    async def list_tenants(self, ctx: RequestContext) -> list[Address]:
        """Every tenant's address, by slug."""
        await self._demand_platform(ctx)
        return [address for address in await self._lookup.all() if address.slug != PLATFORM_SLUG]

    async def bootstrap(self) -> UUID:
        """The reserved tenant, made if this is the first start. Asks no right: there is nobody to hold one yet."""
        address = await self._lookup.by_slug(PLATFORM_SLUG)
        if address is not None:
            return address.tenant_id
        return (await self._make(Draft(PLATFORM_SLUG, "Platform"))).tenant_id

    async def find(self, slug: str) -> UUID:
        """The tenant at `slug`, for the command line. Raises: NotFound."""
        address = await self._lookup.by_slug(slug)
        if address is None:
            raise NotFound("tenant")
        return address.tenant_id

    async def _make(self, draft: Draft) -> Tenant:
        tenant_id = uuid7(self._clock.now(), self._entropy)
        async with self._engine.begin(tenant_id, principal=OPERATOR) as ctx:
            tenant = await self._tenants.create(ctx, draft)
            await self._members.grant(ctx, OPERATOR.subject, "administrator")
        return tenant

    async def _demand_platform(self, ctx: RequestContext) -> None:
        if ctx.tenant_id != await self.find(PLATFORM_SLUG):
            raise NotFound("platform")
