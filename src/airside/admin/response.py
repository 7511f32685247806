"""Responding to an attack: one step each, audited, and undone where it can be."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from airside.access.authorise import Authorise, Right
from airside.access.rights import ADMINISTRATOR
from airside.admin.verb import Verbs, requires
from airside.store import RequestContext
from airside.tenancy import Ban, Lock, Lockdown, Lockdowns

READ: Final = Right("incidents:read", "can_read_incidents")
WRITE: Final = Right("incidents:write", "can_write_incidents")


class ResponseAdmin(Verbs):
    """What an administrator does while something is going on. A role may keep incidents; only administrators, who may
    everything that they stop others from, act (N21)."""

    def __init__(self, *, authorise: Authorise, lockdowns: Lockdowns) -> None:
        super().__init__(authorise)
        self._lockdowns = lockdowns

    @requires(READ)
    async def lockdown(self, ctx: RequestContext) -> Lockdown:
        """Whether the tenant is locked, and which networks are banned now."""
        return await self._lockdowns.stored(ctx)

    @requires(WRITE)
    async def lock(self, ctx: RequestContext) -> Lock:
        """Nothing in the tenant is changed any more, and only administrators sign in, until it is unlocked.

        Raises:
            Forbidden: the caller is no administrator.
            Conflict: it is locked already.
        """
        await self._demand_administrator(ctx)
        return await self._lockdowns.lock(ctx)

    @requires(WRITE)
    async def unlock(self, ctx: RequestContext) -> None:
        """It is as it was. Raises: Forbidden: as `lock`; Conflict: it isn't locked."""
        await self._demand_administrator(ctx)
        await self._lockdowns.unlock(ctx)

    @requires(WRITE)
    async def ban(self, ctx: RequestContext, network: str, lifetime: timedelta, *, force: bool = False) -> Ban:
        """Take nothing from a network for a time.

        Raises:
            Forbidden: the caller is no administrator.
            InvalidInput: not a network, or a lifetime out of range.
            Conflict: without `force`: it would shut out almost everybody, or the caller; or there are too many.
        """
        await self._demand_administrator(ctx)
        return await self._lockdowns.ban(ctx, network, lifetime, force=force)

    @requires(WRITE)
    async def lift(self, ctx: RequestContext, ban_id: UUID) -> None:
        """Take requests from there again. Raises: Forbidden: as `ban`; NotFound."""
        await self._demand_administrator(ctx)
        await self._lockdowns.lift(ctx, ban_id)

    async def _demand_administrator(self, ctx: RequestContext) -> None:
        await self.authorise.exactly(ctx, (Right(WRITE.scope, ADMINISTRATOR),))
