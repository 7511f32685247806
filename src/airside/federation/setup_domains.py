"""The domains of whoever sets a connection up: added, proven, and bound to the connection when all is finished.

Only those that were added by the invitation are seen or touched by it. Until it is finished they lead nobody to a
connection that may not work yet. Enforcing one stays with the tenant's administrators.
"""

from uuid import UUID

from airside.audit import Event, Journal
from airside.core.errors import Conflict, NotFound
from airside.federation import records_setup as records
from airside.federation.domains import TenantDomains
from airside.federation.model_domains import Domain, DomainChange
from airside.federation.setup import SetupAccess
from airside.federation.setup_model import MAX_SETUP_DOMAINS
from airside.identity.charging import spend
from airside.limits import SETUP_PROBE, Limiter
from airside.store.context import RequestContext


class SetupDomains:
    """Adds and proves domains by the right of an invitation."""

    def __init__(self, *, domains: TenantDomains, limiter: Limiter, journal: Journal) -> None:
        self._domains = domains
        self._limiter = limiter
        self._journal = journal

    async def list(self, ctx: RequestContext, access: SetupAccess) -> list[Domain]:
        """Those that were added, in that order; what an administrator has deleted meanwhile is gone."""
        found: list[Domain] = []
        for domain_id in access.setup.domain_ids:
            try:
                found.append(await self._domains.get(ctx, domain_id))
            except NotFound:
                continue
        return found

    async def add(self, ctx: RequestContext, access: SetupAccess, name: str) -> Domain:
        """A domain to be proven; its `record_name` and `record_value` say how.

        Raises:
            InvalidInput: no domain, or one that can't be one organisation's.
            Conflict: the tenant has it already, or there are `MAX_SETUP_DOMAINS`.
        """
        if len(access.setup.domain_ids) >= MAX_SETUP_DOMAINS:
            raise Conflict("domains over their cap", max=MAX_SETUP_DOMAINS)
        domain = await self._domains.add(ctx, name)
        if not await records.add_domain(ctx, access.setup.id, domain.id):
            raise NotFound("setup")
        await self._record(ctx, Event.SETUP_DOMAIN_ADDED, access, domain)
        return domain

    async def verify(self, ctx: RequestContext, access: SetupAccess, domain_id: UUID) -> Domain:
        """Look for the proof now. What was done before is committed, and the proof of the invitation with it.

        Raises:
            NotFound: none that was added by this invitation.
            LimitExceeded: too often.
            Unavailable: no name server answers.
        """
        domain = await self._own(ctx, access, domain_id)
        await spend(ctx, self._limiter, self._journal, [(SETUP_PROBE, access.setup.word)])
        return await self._domains.verify(ctx, domain.id)

    async def remove(self, ctx: RequestContext, access: SetupAccess, domain_id: UUID) -> None:
        """It was a slip.

        Raises:
            NotFound: none that was added by this invitation.
            Conflict: an administrator has bound it to a connection.
        """
        domain = await self._own(ctx, access, domain_id)
        if domain.connection_id is not None:
            raise Conflict("the domain is in use")
        await self._domains.delete(ctx, domain.id)
        await records.remove_domain(ctx, access.setup.id, domain.id)

    async def bind(self, ctx: RequestContext, access: SetupAccess, connection_id: UUID) -> None:
        """Those that are proven, and that nobody has bound, lead to the connection from now on."""
        for domain in await self.list(ctx, access):
            if domain.verified and domain.connection_id is None:
                await self._domains.update(ctx, domain.id, DomainChange(connection_id=connection_id))

    async def _own(self, ctx: RequestContext, access: SetupAccess, domain_id: UUID) -> Domain:
        if domain_id not in access.setup.domain_ids:
            raise NotFound("domain")
        return await self._domains.get(ctx, domain_id)

    async def _record(self, ctx: RequestContext, event: Event, access: SetupAccess, domain: Domain) -> None:
        await self._journal.record(ctx, event, subject=access.setup.word, details={"domain": domain.name})
