"""Managing who other people are elsewhere."""

from uuid import UUID

from airside.access.authorise import Authorise
from airside.admin.above import Above
from airside.admin.users import READ, WRITE
from airside.admin.verb import Verbs, requires
from airside.federation import ExternalIdentity, Identities
from airside.identity import Users
from airside.store import RequestContext


class IdentityAdmin(Verbs):
    """List and take away others' external identities. Nobody does it to who may more than they may (N21)."""

    def __init__(self, *, authorise: Authorise, above: Above, users: Users, identities: Identities) -> None:
        super().__init__(authorise)
        self._above = above
        self._users = users
        self._identities = identities

    @requires(READ)
    async def list(self, ctx: RequestContext, user_id: UUID) -> list[ExternalIdentity]:
        """Who a user is elsewhere. Raises: NotFound: no such user in this tenant."""
        await self._users.get(ctx, user_id)
        return await self._identities.list(ctx, user_id)

    @requires(WRITE)
    async def unlink(self, ctx: RequestContext, user_id: UUID, identity_id: UUID) -> None:
        """Take one; sessions that it proved end. Raises: NotFound; Forbidden: the user may more."""
        await self._users.get(ctx, user_id)
        await self._above.refuse(ctx, WRITE, user_id)
        await self._identities.unlink(ctx, user_id, identity_id)
