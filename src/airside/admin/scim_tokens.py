"""Managing whose directory may provision the tenant's users."""

from datetime import timedelta
from uuid import UUID

from airside.access.authorise import Authorise
from airside.admin import users
from airside.admin.connections import READ, WRITE
from airside.admin.verb import Verbs, requires
from airside.core.secret import Secret
from airside.federation.scim import ScimToken, ScimTokens
from airside.store import RequestContext


class ScimTokenAdmin(Verbs):
    """Make, list and revoke the SCIM tokens of connections. Whoever makes one hands on what they may themselves: to
    make people, and to disable those they made (N21)."""

    def __init__(self, *, authorise: Authorise, tokens: ScimTokens) -> None:
        super().__init__(authorise)
        self._tokens = tokens

    @requires(WRITE)
    async def create(
        self, ctx: RequestContext, connection_id: UUID, *, lifetime: timedelta
    ) -> tuple[ScimToken, Secret[str]]:
        """A new token, shown only here.

        Raises:
            NotFound: no such connection.
            InvalidInput: a lifetime out of range.
            Conflict: the connection has two already.
            Forbidden: the caller may not write users.
        """
        await self.authorise.exactly(ctx, (WRITE, users.WRITE))
        return await self._tokens.create(ctx, connection_id, lifetime=lifetime)

    @requires(READ)
    async def list(self, ctx: RequestContext, connection_id: UUID) -> list[ScimToken]:
        """The live ones of a connection."""
        return await self._tokens.list(ctx, connection_id)

    @requires(WRITE)
    async def revoke(self, ctx: RequestContext, connection_id: UUID, token_id: UUID) -> None:
        """It opens nothing any more. Raises: NotFound."""
        await self._tokens.revoke(ctx, connection_id, token_id)
