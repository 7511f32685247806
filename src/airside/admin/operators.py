"""What operators' verbs have in common: they are said in the reserved tenant, and work on another."""

from typing import Final
from uuid import UUID

from airside.access.authorise import Authorise, Right
from airside.admin.verb import Verbs
from airside.core.errors import InvalidInput, NotFound
from airside.store import Begun, Engine, Lookup, RequestContext
from airside.tenancy import PLATFORM_SLUG

READ: Final = Right("tenants:read", "can_read_tenants")
WRITE: Final = Right("tenants:write", "can_write_tenants")


class OperatorVerbs(Verbs):
    """Base of the verbs that work across tenants."""

    def __init__(self, *, authorise: Authorise, engine: Engine, lookup: Lookup) -> None:
        super().__init__(authorise)
        self._engine = engine
        self._lookup = lookup

    def _begin(self, ctx: RequestContext, tenant_id: UUID) -> Begun[RequestContext]:
        """The tenant's context, in front of what its own people wait for: an operator may come to shut one that takes
        all it can."""
        return self._engine.begin(
            tenant_id, principal=ctx.principal, origin=ctx.origin, request_id=ctx.request_id, beside=True
        )

    async def _of(self, slug: str) -> UUID:
        if slug == PLATFORM_SLUG:
            raise InvalidInput("this slug is reserved", pointer="slug")
        return await self._find(slug)

    async def _find(self, slug: str) -> UUID:
        address = await self._lookup.by_slug(slug)
        if address is None:
            raise NotFound("tenant")
        return address.tenant_id

    async def _demand_platform(self, ctx: RequestContext) -> None:
        if ctx.tenant_id != await self._find(PLATFORM_SLUG):
            raise NotFound("platform")
