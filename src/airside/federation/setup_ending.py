"""The end of an invitation that nobody finished: what was made by it goes with it, unless an administrator has taken it
over. An unfinished connection is hidden, but it would open, and its directory would go on writing (N18)."""

from uuid import UUID

from airside.core.errors import NotFound
from airside.federation.connections import Connections
from airside.federation.domains import TenantDomains
from airside.federation.removal import Removal
from airside.federation.scim.tokens import ScimTokens
from airside.federation.setup import Setups
from airside.federation.setup_model import Setup
from airside.store.context import RequestContext


class SetupEndings:
    """Ends invitations, and clears away behind them.

    A connection is taken over once the sign-in page shows it or a domain leads to it, a domain once it is bound. A
    connection that was taken over loses the SCIM tokens that the invitation made: whoever has been revoked holds them.
    """

    def __init__(
        self,
        *,
        setups: Setups,
        connections: Connections,
        removal: Removal,
        domains: TenantDomains,
        tokens: ScimTokens,
    ) -> None:
        self._setups = setups
        self._connections = connections
        self._removal = removal
        self._domains = domains
        self._tokens = tokens

    async def revoke(self, ctx: RequestContext, setup_id: UUID) -> None:
        """It opens nothing any more, also for who has begun.

        Raises:
            NotFound: not there, or not this tenant's.
            Conflict: it is finished or revoked already.
        """
        await self._clear(ctx, await self._setups.revoke(ctx, setup_id))

    async def sweep(self, ctx: RequestContext) -> int:
        """End those that were begun and whose time is over, and forget the oldest, for a timer; how many ended."""
        over = await self._setups.expire(ctx)
        for setup in over:
            await self._clear(ctx, setup)
        await self._setups.sweep(ctx)
        return len(over)

    async def _clear(self, ctx: RequestContext, setup: Setup) -> None:
        if setup.connection_id is not None:
            await self._end(ctx, setup.id, setup.connection_id)
        for domain_id in setup.domain_ids:
            await self._domains.discard(ctx, domain_id)

    async def _end(self, ctx: RequestContext, setup_id: UUID, connection_id: UUID) -> None:
        try:
            connection = await self._connections.hold(ctx, connection_id, alone=True)
        except NotFound:  # never made, or deleted meanwhile
            return
        if not connection.shown and not await self._domains.leads_to(ctx, connection_id):
            await self._removal.remove(ctx, connection_id)
            return
        for token in await self._tokens.made_by(ctx, connection_id, setup_id):
            await self._tokens.revoke(ctx, connection_id, token.token_id)
