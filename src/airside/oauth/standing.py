"""Whether a sign-in still stands when a client comes for its tokens."""

from datetime import datetime
from uuid import UUID

from airside.core.clock import epoch
from airside.core.errors import NotFound
from airside.identity import User, Users
from airside.oauth.errors import InvalidGrant
from airside.revocation import Revocations
from airside.store import RequestContext


class Standing:
    """Asks for the user and the session behind a code or a family."""

    def __init__(self, *, users: Users, revocations: Revocations) -> None:
        self._users = users
        self._revocations = revocations

    async def demand(self, ctx: RequestContext, *, user_id: UUID, session_id: str, auth_time: datetime) -> None:
        """Return if the user is active and the session (`ses_…`) hasn't been ended. One that merely went idle is no
        hindrance: families outlive it.

        Raises:
            InvalidGrant: user gone or disabled, session ended, or everything of the tenant revoked since.
            Unavailable: what is revoked isn't known just now.
        """
        revoked = await self._revocations.current(ctx)
        if revoked.covers(jti="", sid=session_id, fam=None, sub="", client_id="", issued_at=epoch(auth_time)):
            raise InvalidGrant("session ended")
        await self.demand_user(ctx, user_id)

    async def demand_user(self, ctx: RequestContext, user_id: UUID) -> None:
        """Return if the user is active, whether or not they are signed in.

        Raises:
            InvalidGrant: gone or disabled.
        """
        if await self._users.state(ctx, user_id) != "active":
            raise InvalidGrant("user gone or disabled")

    async def user(self, ctx: RequestContext, user_id: UUID) -> User:
        """The user, who is active.

        Raises:
            InvalidGrant: gone or disabled.
        """
        try:
            user = await self._users.get(ctx, user_id)
        except NotFound as cause:
            raise InvalidGrant("user gone") from cause
        if user.state != "active":
            raise InvalidGrant("user disabled")
        return user
