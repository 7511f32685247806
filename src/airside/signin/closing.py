"""Closing an account, with all that hangs on it in the rooms below: at once, or when a grace has passed in which it can
be cancelled."""

from datetime import timedelta
from uuid import UUID

import structlog

from airside.core.errors import Conflict, NotFound
from airside.core.ids import USER, format_id, parse_id
from airside.identity import MAX_ERASED, Erasure, PersonErasure, Sessions, Users
from airside.store.context import RequestContext
from airside.tenancy import Invitations, Members, TenantPolicies

_log = structlog.get_logger("airside.closing")


class Closing:
    """One order for everybody who closes an account: whoever it is of, or a manager."""

    def __init__(
        self,
        *,
        users: Users,
        sessions: Sessions,
        members: Members,
        invitations: Invitations,
        erasure: Erasure,
        policies: TenantPolicies,
    ) -> None:
        self._policies = policies
        self._users = users
        self._sessions = sessions
        self._members = members
        self._invitations = invitations
        self._erasure = erasure

    async def request(self, ctx: RequestContext, user_id: UUID, grace: timedelta | None = None) -> PersonErasure:
        """Take the account out of use, and close it when `grace` has passed: the tenant's own where it is None, and at
        once where it is nothing. Until then all stays that `cancel` brings back: roles, password, factors. Sessions and
        tokens end. Who may say so, and how lately they have proven it, is the caller's to ask.

        Raises:
            InvalidInput: a grace below nothing or over `identity.MAX_GRACE`.
            NotFound: no such user.
            Conflict: they are to be erased already, or the tenant's last administrator who can sign in.
        """
        await self._users.get(ctx, user_id)
        await self._members.lock(ctx)
        found = await self._erasure.find(ctx, user_id)
        if found is not None:
            raise Conflict("the user is to be erased already")
        if grace is None:
            grace = timedelta(days=(await self._policies.current(ctx)).erasure.grace_days)
        if grace == timedelta(0):
            await self.close(ctx, user_id)
            return await self._closed(ctx, user_id)
        await self._demand_successor(ctx, user_id)
        await self._sessions.end_all(ctx, user_id, "erasure_requested")
        return await self._erasure.request(ctx, user_id, grace)

    async def cancel(self, ctx: RequestContext, user_id: UUID) -> None:
        """The account stays, as it was when its erasure was asked for.

        Raises:
            NotFound: no such user, or they aren't to be erased.
            Conflict: it is due.
        """
        await self._members.lock(ctx)
        await self._erasure.cancel(ctx, user_id)

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
        await self._close(ctx, user_id)

    async def close_due(self, ctx: RequestContext) -> int:
        """Close accounts whose grace is over, for a timer; how many, up to `MAX_ERASED`. A last administrator holds up
        nobody else: they wait until there is another."""
        closed = 0
        for user_id in await self._erasure.due(ctx):
            await self._members.lock(ctx)
            try:
                await self._demand_successor(ctx, user_id)
            except Conflict as refusal:
                _log.warning("erasure_postponed", user_id=format_id(USER, user_id), reason=refusal.reason)
                continue
            if await self._erasure.begin(ctx, user_id):
                await self._close(ctx, user_id)
                closed += 1
            if closed == MAX_ERASED:
                break
        return closed

    async def erase_keyless(self, ctx: RequestContext) -> int:
        """Erase people who came back with a backup of before their erasure: their key is gone, and what stands of them
        can be read by nobody. How many, up to `identity.MAX_ERASED`.

        Raises:
            Unavailable: the archive of keys can't be reached. Nothing is erased.
        """
        found = await self._erasure.keyless(ctx)
        for user_id in found:
            await self._members.lock(ctx)
            await self._close(ctx, user_id, told=False)  # nobody can read their address
        return await self._erasure.sweep(ctx) if found else 0

    async def _close(self, ctx: RequestContext, user_id: UUID, *, told: bool = True) -> None:
        await self._members.forget(ctx, user_id)
        await self._invitations.forget(ctx, user_id)
        await self._sessions.end_all(ctx, user_id, "account_closed")
        await self._erasure.close(ctx, user_id, told=told)

    async def sweep(self, ctx: RequestContext) -> int:
        """Erase closed accounts whose mail is out, for a timer; how many."""
        return await self._erasure.sweep(ctx)

    async def find(self, ctx: RequestContext, user_id: UUID) -> PersonErasure | None:
        """Where it stands with somebody, who may be gone; None where they aren't to be erased."""
        return await self._erasure.find(ctx, user_id)

    async def _closed(self, ctx: RequestContext, user_id: UUID) -> PersonErasure:
        found = await self._erasure.find(ctx, user_id)
        if found is None:
            raise NotFound
        return found

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
