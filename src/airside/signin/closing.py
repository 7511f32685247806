"""Closing an account, with all that hangs on it in the rooms below."""

from uuid import UUID

from airside.core.errors import Conflict
from airside.core.ids import USER, format_id, parse_id
from airside.identity import Erasure, PersonErasure, Sessions, Users
from airside.store.context import RequestContext
from airside.tenancy import Invitations, Members


class Closing:
    """One order for everybody who closes an account: whoever it is of, or a manager."""

    def __init__(
        self, *, users: Users, sessions: Sessions, members: Members, invitations: Invitations, erasure: Erasure
    ) -> None:
        self._users = users
        self._sessions = sessions
        self._members = members
        self._invitations = invitations
        self._erasure = erasure

    async def close(self, ctx: RequestContext, user_id: UUID) -> None:
        """End the user's sessions and tokens, take their roles and everything that they could prove themselves with,
        and erase the account. Who may say so, and how lately they have proven it, is the caller's to ask.

        Raises:
            NotFound: no such user.
            Conflict: they are the tenant's last administrator who can sign in.
        """
        await self._users.get(ctx, user_id)
        await self._members.lock(ctx)
        await self._demand_successor(ctx, user_id)
        await self._members.forget(ctx, user_id)
        await self._invitations.forget(ctx, user_id)
        await self._sessions.end_all(ctx, user_id, "account_closed")
        await self._erasure.close(ctx, user_id)

    async def sweep(self, ctx: RequestContext) -> int:
        """Erase closed accounts whose mail is out, for a timer; how many."""
        return await self._erasure.sweep(ctx)

    async def find(self, ctx: RequestContext, user_id: UUID) -> PersonErasure | None:
        """Where it stands with somebody, who may be gone; None where they aren't to be erased."""
        return await self._erasure.find(ctx, user_id)

    async def _demand_successor(self, ctx: RequestContext, user_id: UUID) -> None:
        chiefs = await self._members.list(ctx, "administrator")
        own = f"user:{format_id(USER, user_id)}"
        if own not in chiefs:
            return
        for subject in chiefs:
            kind, _, word = subject.partition(":")
            if kind != "user" or subject == own:
                continue
            if (await self._users.get(ctx, parse_id(USER, word))).state == "active":
                return
        raise Conflict("the tenant's last administrator")
