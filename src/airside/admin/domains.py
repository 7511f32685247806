"""Managing which domains are the tenant's own, and through which connection their people come.

A connection that a domain is bound to says who everybody with an address there is, administrators among them: binding
and enforcing are an administrator's, and so is naming who may pass by it (N21).
"""

from uuid import UUID

from airside.access.authorise import Authorise
from airside.admin.connections import READ, TRUSTING, WRITE
from airside.admin.verb import Verbs, requires
from airside.federation import Domain, DomainChange, Enforcement, TenantDomains
from airside.store import RequestContext


class DomainAdmin(Verbs):
    """Add, prove, bind, enforce and delete domains; name break-glass administrators."""

    def __init__(self, *, authorise: Authorise, domains: TenantDomains, enforcement: Enforcement) -> None:
        super().__init__(authorise)
        self._domains = domains
        self._enforcement = enforcement

    @requires(WRITE)
    async def add(self, ctx: RequestContext, name: str) -> Domain:
        """A domain to be proven; it says by which record.

        Raises:
            InvalidInput: no domain, or one that can't be one organisation's.
            Conflict: the tenant has it already, or as many as it can have.
        """
        return await self._domains.add(ctx, name)

    @requires(READ)
    async def get(self, ctx: RequestContext, domain_id: UUID) -> Domain:
        """Raises: NotFound."""
        return await self._domains.get(ctx, domain_id)

    @requires(READ)
    async def named(self, ctx: RequestContext, name: str) -> Domain:
        """Raises: NotFound; InvalidInput: no domain."""
        return await self._domains.named(ctx, name)

    @requires(READ)
    async def break_glass(self, ctx: RequestContext) -> list[UUID]:
        """Who may pass by what domains enforce."""
        return await self._enforcement.passing(ctx)

    @requires(READ)
    async def list(self, ctx: RequestContext, after: UUID | None = None, limit: int = 50) -> list[Domain]:
        """Up to `limit` domains in order of creation, after the one named."""
        return await self._domains.list(ctx, after=after, limit=limit)

    @requires(WRITE)
    async def verify(self, ctx: RequestContext, domain_id: UUID) -> Domain:
        """Look for the proof now. Raises: NotFound; LimitExceeded: too often; Unavailable: no name server answers."""
        return await self._domains.verify(ctx, domain_id)

    @requires(WRITE)
    async def update(self, ctx: RequestContext, domain_id: UUID, change: DomainChange) -> Domain:
        """Raises: NotFound; Conflict: it isn't proven, or leads nowhere; Forbidden: the caller is no administrator."""
        await self.authorise.exactly(ctx, TRUSTING)
        return await self._domains.update(ctx, domain_id, change)

    @requires(WRITE)
    async def delete(self, ctx: RequestContext, domain_id: UUID) -> None:
        """Raises: NotFound; Forbidden: the caller is no administrator."""
        await self.authorise.exactly(ctx, TRUSTING)
        await self._domains.delete(ctx, domain_id)

    @requires(WRITE)
    async def let_pass(self, ctx: RequestContext, user_id: UUID) -> None:
        """Raises: NotFound: no such user; Conflict: there are too many; Forbidden: the caller is no administrator."""
        await self.authorise.exactly(ctx, TRUSTING)
        await self._enforcement.let_pass(ctx, user_id)

    @requires(WRITE)
    async def stop(self, ctx: RequestContext, user_id: UUID) -> None:
        """Raises: NotFound: they don't pass; Forbidden: the caller is no administrator."""
        await self.authorise.exactly(ctx, TRUSTING)
        await self._enforcement.stop(ctx, user_id)
