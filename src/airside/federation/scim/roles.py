"""What a directory's groups let people do: the roles of the connection's mapping, by the names of the groups."""

from collections.abc import Mapping
from uuid import UUID

from airside.federation.connections import Connections
from airside.federation.mappings import TenantMappings
from airside.federation.model import Mapped
from airside.store.context import RequestContext


class MappedRoles:
    """Gives and takes the roles that follow from groups; the mapping bounds them by what its author may grant at that
    moment (N21), and takes only what it gave."""

    def __init__(self, *, connections: Connections, mappings: TenantMappings) -> None:
        self._connections = connections
        self._mappings = mappings

    async def follow(self, ctx: RequestContext, connection_id: UUID, groups: Mapping[UUID, frozenset[str]]) -> None:
        """Each user has from now on the roles that follow from the groups they are in, by `displayName` or
        `externalId`, and none that followed from others."""
        if await self._mappings.get(ctx, connection_id) is None:
            return
        connection = await self._connections.get(ctx, connection_id)
        for user_id in sorted(groups):
            roles = await self._mappings.of_groups(ctx, connection_id, groups[user_id])
            await self._mappings.apply(ctx, connection, user_id, Mapped(roles=roles))
