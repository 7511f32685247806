"""A tenant's domains: proven by DNS, bound to a connection, enforced, looked at again from time to time, and lost.

A proof is a TXT record below the domain, with random text of ours: whoever can put it there rules the domain's mail as
well. One tenant's proof says nothing of another's, so a company's domain may be proven by each tenant that it is a
customer of.
"""

from dataclasses import replace
from typing import Final, Protocol
from uuid import UUID

from airside.audit import Event, Journal
from airside.core import entropy as random
from airside.core.entropy import Entropy, equal
from airside.core.errors import Conflict, NotFound, Unavailable
from airside.core.ids import uuid7
from airside.federation import records_domains as records
from airside.federation.connections import Connections
from airside.federation.domain_names import demand_ownable, domain_of_any, normalise
from airside.federation.model_domains import CHECK_EVERY, MAX_DOMAINS, Domain, DomainChange, Found, Turn
from airside.fetch import TextRecords
from airside.identity.charging import spend
from airside.limits import DOMAIN_CHECK, Limiter
from airside.store.context import RequestContext
from airside.store.queues import queue_for

MAX_PAGE: Final = 200
MAX_CHECKED: Final = 20
"""Domains of one tenant that one turn of the timer looks at."""


class Notices(Protocol):
    """Who is told of what becomes of a domain."""

    async def tell(self, ctx: RequestContext, kind: str) -> None:
        """Put a letter of `kind` to the tenant's administrators into the outbox."""
        ...


EVENTS: Final = {"proven": Event.DOMAIN_VERIFIED, "missed": Event.DOMAIN_MISSED, "lost": Event.DOMAIN_LOST}
LETTERS: Final = {"missed": "domain_missed", "lost": "domain_lost"}


class TenantDomains:
    """The domains of the context's tenant. Implements `Domains` and `Discovery`."""

    def __init__(
        self,
        *,
        entropy: Entropy,
        journal: Journal,
        limiter: Limiter,
        connections: Connections,
        texts: TextRecords,
        notices: Notices,
        private: bool = False,
    ) -> None:
        """`private`: names that no public server answers for are taken too, for development."""
        self._entropy = entropy
        self._journal = journal
        self._limiter = limiter
        self._connections = connections
        self._texts = texts
        self._notices = notices
        self._private = private

    async def add(self, ctx: RequestContext, name: str) -> Domain:
        """A domain to be proven; its `record_name` and `record_value` say how.

        Raises:
            InvalidInput: no domain, or one that can't be one organisation's.
            Conflict: the tenant has it already, or `MAX_DOMAINS`.
        """
        name = normalise(name)
        demand_ownable(name, private=self._private)
        await queue_for(ctx, "domain")
        if await records.count(ctx) >= MAX_DOMAINS:
            raise Conflict("domains over their cap", max=MAX_DOMAINS)
        domain = Domain(
            uuid7(ctx.now, self._entropy), name, random.token(self._entropy), None, enforced=False, created_at=ctx.now
        )
        if not await records.insert(ctx, domain):
            raise Conflict("the domain is there already")
        await self._record(ctx, Event.DOMAIN_ADDED, domain)
        return domain

    async def get(self, ctx: RequestContext, domain_id: UUID) -> Domain:
        """The domain, proven or not. Raises: NotFound: not there, or not this tenant's."""
        return _found(await records.find(ctx, domain_id))

    async def named(self, ctx: RequestContext, name: str) -> Domain:
        """As `get`, by its name. Raises: NotFound; InvalidInput: no domain."""
        return _found(await records.named(ctx, normalise(name)))

    async def list(self, ctx: RequestContext, *, after: UUID | None = None, limit: int = MAX_PAGE) -> list[Domain]:
        """At most `limit` (and `MAX_PAGE`) domains in the order of their making, after the one named."""
        return await records.page(ctx, after, max(1, min(limit, MAX_PAGE)))

    async def verify(self, ctx: RequestContext, domain_id: UUID) -> Domain:
        """Look for the proof now. What was done in `ctx` before is committed.

        Raises:
            NotFound: not there, or not this tenant's.
            LimitExceeded: too often.
            Unavailable: no name server answers; the domain stays what it is.
        """
        domain = await self.get(ctx, domain_id)
        await spend(ctx, self._limiter, self._journal, [(DOMAIN_CHECK, str(ctx.tenant_id))])
        await ctx.tx.checkpoint()  # nobody's connection to the database waits for name servers
        return await self._settle(ctx, domain.id, await self._look(domain))

    async def recheck(self, ctx: RequestContext) -> int:
        """Look again for the proofs that are due, for a timer; how many. Commits in between."""
        due = await records.due(ctx, ctx.now - CHECK_EVERY, MAX_CHECKED)
        for domain in due:
            await ctx.tx.checkpoint()
            try:
                found = await self._look(domain)
            except Unavailable:
                found = "unknown"
            try:
                await self._settle(ctx, domain.id, found)
            except NotFound:  # deleted meanwhile
                continue
        return len(due)

    async def update(self, ctx: RequestContext, domain_id: UUID, change: DomainChange) -> Domain:
        """Bind it to a connection, or enforce that its people sign in only through that.

        Raises:
            NotFound: no such domain or connection in this tenant.
            Conflict: what isn't proven is bound, or what leads nowhere is enforced.
        """
        if change.connection_id is not None:
            await self._connections.hold(ctx, change.connection_id)
        before = _found(await records.find(ctx, domain_id, lock=True))
        after = before
        if change.unbind:
            after = replace(after, connection_id=None)
        if change.connection_id is not None:
            after = replace(after, connection_id=change.connection_id)
        if change.enforced is not None:
            after = replace(after, enforced=change.enforced)
        bound_anew = after.connection_id not in (None, before.connection_id)
        if not after.verified and (bound_anew or (after.enforced and not before.enforced)):
            raise Conflict("the domain isn't proven")
        if after.enforced and after.connection_id is None:
            raise Conflict("the domain is bound to no connection")
        if after != before:
            await records.update(ctx, after)
            await self._record(ctx, Event.DOMAIN_UPDATED, after)
        return after

    async def delete(self, ctx: RequestContext, domain_id: UUID) -> None:
        """It is no more the tenant's than any other. Raises: NotFound: not there, or not this tenant's."""
        domain = _found(await records.find(ctx, domain_id, lock=True))
        await records.delete(ctx, domain_id)
        await self._record(ctx, Event.DOMAIN_DELETED, domain)

    async def discard(self, ctx: RequestContext, domain_id: UUID) -> bool:
        """As `delete`, where it is there and bound to nothing; whether it was."""
        domain = await records.find(ctx, domain_id, lock=True)
        if domain is None or domain.connection_id is not None:
            return False
        await self.delete(ctx, domain_id)
        return True

    async def leads_to(self, ctx: RequestContext, connection_id: UUID) -> bool:
        """Whether any domain is bound to the connection."""
        return await records.is_bound(ctx, connection_id)

    async def release(self, ctx: RequestContext, connection_id: UUID) -> None:
        """Unbind every domain from a connection that goes.

        Raises:
            Conflict: one is enforced through it: nobody of that domain could sign in any more.
        """
        await records.unbind(ctx, connection_id)
        # Asked after that, which waits for whoever enforces one meanwhile.
        if await records.is_enforcing(ctx, connection_id):
            raise Conflict("a domain signs in only through this connection")

    async def covers(self, ctx: RequestContext, connection_id: UUID, email: str) -> bool:
        """Implements `Domains`: only the very domain, nothing above or below it."""
        bound = await records.bound(ctx, domain_of_any(email))
        return bound is not None and bound[0] == connection_id

    async def offers(self, ctx: RequestContext) -> bool:
        """Implements `Discovery`."""
        return await records.leads(ctx)

    async def discover(self, ctx: RequestContext, email: str) -> UUID | None:
        """Implements `Discovery`: by the domain alone, so that nobody is looked up (N15)."""
        bound = await records.bound(ctx, domain_of_any(email))
        return bound[0] if bound is not None and bound[1] else None

    async def _look(self, domain: Domain) -> Found:
        wanted = domain.record_value.encode()
        said = await self._texts.texts(domain.record_name)
        return "there" if any(equal(text.strip().encode(), wanted) for text in said) else "gone"

    async def _settle(self, ctx: RequestContext, domain_id: UUID, found: Found) -> Domain:
        before = _found(await records.find(ctx, domain_id, lock=True))
        state, turn = before.state.looked(found, ctx.now)
        after = replace(before, state=state)
        await records.update(ctx, after)
        if turn is not None:
            await self._turned(ctx, after, turn)
        return after

    async def _turned(self, ctx: RequestContext, domain: Domain, turn: Turn) -> None:
        await self._record(ctx, EVENTS[turn], domain)
        if turn in LETTERS:
            await self._notices.tell(ctx, LETTERS[turn])

    async def _record(self, ctx: RequestContext, event: Event, domain: Domain) -> None:
        details = {"domain": domain.name, "enforced": domain.enforced}
        await self._journal.record(ctx, event, subject=domain.word, details=details)


def _found(domain: Domain | None) -> Domain:
    if domain is None:
        raise NotFound("domain")
    return domain
