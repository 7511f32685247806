"""The issuer of a context's tenant, for rooms that don't know `access`."""

from airside.access import Issuers
from airside.core.errors import NotFound
from airside.store import Lookup, RequestContext


class TenantIssuers:
    """Implements oauth's `IssuerOf` and federation's `OwnIssuer`."""

    def __init__(self, *, lookup: Lookup, issuers: Issuers) -> None:
        self._lookup = lookup
        self._issuers = issuers

    async def __call__(self, ctx: RequestContext) -> str:
        address = await self._lookup.by_tenant(ctx.tenant_id)
        if address is None:
            raise NotFound("tenant")
        return self._issuers.of(address)
