"""Managing who is signed in."""

from typing import Final
from uuid import UUID

from airside.access.authorise import Authorise, Right
from airside.admin.verb import Verbs, requires
from airside.identity import Session, Sessions, Users
from airside.store import RequestContext

READ: Final = Right("sessions:read", "can_read_sessions")
END: Final = Right("sessions:write", "can_end_sessions")


class SessionAdmin(Verbs):
    """List and end users' sessions."""

    def __init__(self, *, authorise: Authorise, sessions: Sessions, users: Users) -> None:
        super().__init__(authorise)
        self._sessions = sessions
        self._users = users

    @requires(READ)
    async def list(self, ctx: RequestContext, user_id: UUID) -> list[Session]:
        """A user's live sessions. Raises: NotFound: no such user in this tenant."""
        await self._users.get(ctx, user_id)
        return await self._sessions.list(ctx, user_id)

    @requires(END)
    async def end(self, ctx: RequestContext, session_id: UUID) -> None:
        """End one session and what hangs on it. Raises: NotFound."""
        await self._sessions.end(ctx, session_id)

    @requires(END)
    async def end_all(self, ctx: RequestContext, user_id: UUID) -> None:
        """End every session of a user. Raises: NotFound: no such user in this tenant."""
        await self._users.get(ctx, user_id)
        await self._sessions.end_all(ctx, user_id)
