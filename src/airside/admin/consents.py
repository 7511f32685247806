"""Managing what users have allowed applications of others: as where they are signed in, seen and ended."""

from uuid import UUID

from airside.access.authorise import Authorise
from airside.admin.sessions import END, READ
from airside.admin.verb import Verbs, requires
from airside.identity import Users
from airside.oauth import Consent, Consents
from airside.store import RequestContext


class ConsentAdmin(Verbs):
    """List and take back users' consents. Nobody gives one for somebody else."""

    def __init__(self, *, authorise: Authorise, consents: Consents, users: Users) -> None:
        super().__init__(authorise)
        self._consents = consents
        self._users = users

    @requires(READ)
    async def list(self, ctx: RequestContext, user_id: UUID) -> list[Consent]:
        """What a user has allowed. Raises: NotFound: no such user in this tenant."""
        await self._users.get(ctx, user_id)
        return await self._consents.list(ctx, user_id)

    @requires(END)
    async def revoke(self, ctx: RequestContext, user_id: UUID, client_id: UUID) -> None:
        """Take back what a user has allowed a client; its tokens end with it. Raises: NotFound."""
        await self._consents.revoke(ctx, user_id, client_id)
