"""Managing who may register clients from outside."""

from datetime import timedelta
from uuid import UUID

from airside.access.authorise import Authorise
from airside.admin.clients import READ, WRITE
from airside.admin.verb import Verbs, requires
from airside.core.secret import Secret
from airside.oauth import RegistrationToken, RegistrationTokens
from airside.store import RequestContext


class RegistrationTokenAdmin(Verbs):
    """Make, list and revoke registration tokens. They are taken while the tenant's policy isn't `closed`."""

    def __init__(self, *, authorise: Authorise, tokens: RegistrationTokens) -> None:
        super().__init__(authorise)
        self._tokens = tokens

    @requires(WRITE)
    async def create(
        self, ctx: RequestContext, name: str, *, uses: int, lifetime: timedelta
    ) -> tuple[RegistrationToken, Secret[str]]:
        """A new token, shown only here.

        Raises:
            InvalidInput: no name, or more uses or days than a token has.
            Conflict: the tenant has as many as it can have.
        """
        return await self._tokens.create(ctx, name, uses=uses, lifetime=lifetime)

    @requires(READ)
    async def list(self, ctx: RequestContext) -> list[RegistrationToken]:
        """Those that are good for anything."""
        return await self._tokens.list(ctx)

    @requires(WRITE)
    async def revoke(self, ctx: RequestContext, token_id: UUID) -> None:
        """It is good for nothing any more. Raises: NotFound."""
        await self._tokens.revoke(ctx, token_id)
