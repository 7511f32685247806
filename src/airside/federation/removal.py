"""The end of a connection, with all that hangs on it elsewhere: domains and the roles that its mapping gave."""

from uuid import UUID

from airside.federation.connections import Connections
from airside.federation.domains import TenantDomains
from airside.federation.mappings import TenantMappings
from airside.store.context import RequestContext


class Removal:
    """Takes connections away whole."""

    def __init__(self, *, connections: Connections, domains: TenantDomains, mappings: TenantMappings) -> None:
        self._connections = connections
        self._domains = domains
        self._mappings = mappings

    async def remove(self, ctx: RequestContext, connection_id: UUID) -> None:
        """With whom it named here; users stay.

        Raises:
            NotFound: no such connection in this tenant.
            Conflict: a domain signs in only through it.
        """
        await self._connections.hold(ctx, connection_id, alone=True)
        await self._domains.release(ctx, connection_id)
        await self._mappings.forget(ctx, connection_id)
        await self._connections.delete(ctx, connection_id)
