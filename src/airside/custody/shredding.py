"""Deciding that a tenant is shredded, and thinking better of it."""

from datetime import timedelta

from airside.audit import Event, Journal
from airside.core.errors import Conflict, InvalidInput, NotFound
from airside.core.ids import TENANT, format_id
from airside.custody import records_shredding as records
from airside.custody.model import DEFAULT_GRACE, MAX_GRACE, Shredded
from airside.store.context import RequestContext


class Shredding:
    """Requests for the context's own tenant. That nobody enters it meanwhile is the caller's to see to."""

    def __init__(self, *, journal: Journal) -> None:
        self._journal = journal

    async def request(self, ctx: RequestContext, grace: timedelta = DEFAULT_GRACE) -> Shredded:
        """Shred the tenant when `grace` has passed.

        Raises:
            InvalidInput: a grace below nothing or over `MAX_GRACE`.
            Conflict: it is to be shredded already.
        """
        if not timedelta(0) <= grace <= MAX_GRACE:
            raise InvalidInput(f"0 to {MAX_GRACE.days} days", pointer="days")
        who = ctx.principal.subject or ctx.principal.kind
        wanted = Shredded(ctx.now, who, ctx.now + grace, "waiting", None)
        if not await records.insert(ctx, wanted):
            raise Conflict("the tenant is to be shredded already")
        await self._record(ctx, Event.TENANT_SHREDDING_REQUESTED, days=grace.days)
        return wanted

    async def cancel(self, ctx: RequestContext) -> None:
        """The tenant stays.

        Raises:
            NotFound: it isn't to be shredded, or its end has begun.
        """
        if not await records.cancel(ctx):
            raise NotFound("shredding")
        await self._record(ctx, Event.TENANT_SHREDDING_CANCELLED)

    async def find(self, ctx: RequestContext) -> Shredded | None:
        """Where it stands; None where the tenant isn't to be shredded."""
        return await records.find(ctx)

    async def _record(self, ctx: RequestContext, event: Event, **details: int) -> None:
        await self._journal.record(ctx, event, subject=format_id(TENANT, ctx.tenant_id), details=dict(details))
