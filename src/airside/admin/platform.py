"""What operators do across tenants. Operators are members of one reserved tenant; its context is asked first, then
each verb opens the context of the tenant it works on."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from airside.access.authorise import Authorise
from airside.admin.operators import READ, WRITE, OperatorVerbs
from airside.admin.verb import requires
from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.errors import Conflict, InvalidInput, Misconfigured, NotFound, Unavailable
from airside.core.ids import uuid7
from airside.core.principal import Principal
from airside.custody import Backups, Damaged, Manifest, Shredded, Shredding
from airside.store import Address, Engine, Lookup, RequestContext
from airside.tenancy import PLATFORM_SLUG, Draft, Members, Tenant, Tenants

OPERATOR: Final = Principal("operator", subject="operator:local", assurance="aal1")
"""Whoever can start a process with the server's own keys and database role: the command line."""

MOST_BACKUPS: Final = 100
"""Backups that are told of at once: the newest."""


class Platform(OperatorVerbs):
    """Make, list and shred tenants; tell of backups."""

    def __init__(
        self,
        *,
        authorise: Authorise,
        engine: Engine,
        lookup: Lookup,
        tenants: Tenants,
        members: Members,
        shredding: Shredding,
        backups: Backups | None,
        clock: Clock,
        entropy: Entropy,
    ) -> None:
        super().__init__(authorise=authorise, engine=engine, lookup=lookup)
        self._tenants = tenants
        self._members = members
        self._shredding = shredding
        self._backups = backups
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

    @requires(WRITE)
    async def shred_tenant(self, ctx: RequestContext, slug: str, days: int) -> Shredded:
        """Let nobody into the tenant any more, and destroy its keys and data when that many days have passed.

        Raises:
            NotFound: no such tenant.
            InvalidInput: the operators' own, or days out of range.
            Conflict: it is to be shredded already.
        """
        await self._demand_platform(ctx)
        if slug == PLATFORM_SLUG:
            raise InvalidInput("this slug is reserved", pointer="slug")
        async with self._begin(ctx, await self.find(slug)) as theirs:
            wanted = await self._shredding.request(theirs, timedelta(days=days))
            await self._tenants.set_state(theirs, "suspended")
        return wanted

    @requires(WRITE)
    async def cancel_shredding(self, ctx: RequestContext, slug: str) -> None:
        """The tenant stays, and people are let in again.

        Raises:
            NotFound: no such tenant, or it isn't to be shredded, or its end has begun.
        """
        await self._demand_platform(ctx)
        async with self._begin(ctx, await self.find(slug)) as theirs:
            await self._shredding.cancel(theirs)
            await self._tenants.set_state(theirs, "active")

    @requires(READ)
    async def shredding_of(self, ctx: RequestContext, slug: str) -> Shredded:
        """Where the shredding of a tenant stands, also of one that is gone.

        Raises:
            NotFound: no such tenant, or it isn't to be shredded.
        """
        await self._demand_platform(ctx)
        address = await self._lookup.by_slug(slug) or await self._lookup.former(slug)
        if address is None:
            raise NotFound("tenant")
        async with self._begin(ctx, address.tenant_id) as theirs:
            found = await self._shredding.find(theirs)
        if found is None:
            raise NotFound("shredding")
        return found

    @requires(READ)
    async def list_backups(self, ctx: RequestContext) -> list[Manifest]:
        """The newest `MOST_BACKUPS` whole backups at the server's target, oldest first; none where it has no target.

        Raises:
            Conflict: a manifest there isn't what was written.
            Unavailable: the target can't be reached, or isn't open to the server.
        """
        await self._demand_platform(ctx)
        if self._backups is None:
            return []
        await ctx.tx.checkpoint()  # nobody waits for a bucket with a transaction open
        try:
            return await self._backups.list(MOST_BACKUPS)
        except Damaged as damage:
            raise Conflict(f"a damaged backup: {damage.reason}") from damage
        except Misconfigured as problem:
            raise Unavailable("the backup store") from problem

    async def bootstrap(self) -> UUID:
        """The reserved tenant, made if this is the first start. Asks no right: there is nobody to hold one yet."""
        address = await self._lookup.by_slug(PLATFORM_SLUG)
        if address is not None:
            return address.tenant_id
        return (await self._make(Draft(PLATFORM_SLUG, "Platform"))).tenant_id

    async def find(self, slug: str) -> UUID:
        """The tenant at `slug`, for the command line. Raises: NotFound."""
        return await self._find(slug)

    async def _make(self, draft: Draft) -> Tenant:
        tenant_id = uuid7(self._clock.now(), self._entropy)
        async with self._engine.begin(tenant_id, principal=OPERATOR) as ctx:
            tenant = await self._tenants.create(ctx, draft)
            await self._members.grant(ctx, OPERATOR.subject, "administrator")
        return tenant
