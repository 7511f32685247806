"""Managing what other people prove themselves with. Secrets are nobody's to see; what is lost is taken away and
enrolled anew."""

from typing import Final
from uuid import UUID

from airside.access.authorise import Authorise
from airside.admin.above import Above
from airside.admin.users import READ, WRITE
from airside.admin.verb import Verbs, requires
from airside.identity import Enrolled, Factors, Passkeys, Passwords, Sessions, Totp, Users
from airside.store import RequestContext

REMOVED: Final = "factor_removed"
"""Why sessions end."""


class FactorAdmin(Verbs):
    """List and take away others' second factors, and demand another password. Nobody does it to who may more than
    they may: whoever takes somebody's second factor is a password away from being them (N21). Whoever loses one is
    told by mail (`notify` reads it from the journal), and signs in anew."""

    def __init__(
        self,
        *,
        authorise: Authorise,
        above: Above,
        users: Users,
        factors: Factors,
        totp: Totp,
        passkeys: Passkeys,
        passwords: Passwords,
        sessions: Sessions,
    ) -> None:
        super().__init__(authorise)
        self._above = above
        self._users = users
        self._factors = factors
        self._totp = totp
        self._passkeys = passkeys
        self._passwords = passwords
        self._sessions = sessions

    @requires(READ)
    async def list(self, ctx: RequestContext, user_id: UUID) -> Enrolled:
        """What a user has: kinds, names and dates. Raises: NotFound: no such user in this tenant."""
        await self._users.get(ctx, user_id)
        return await self._factors.of(ctx, user_id)

    @requires(WRITE)
    async def remove_totp(self, ctx: RequestContext, user_id: UUID, factor_id: UUID) -> None:
        """Take one generator of codes; every session ends. Raises: NotFound; Forbidden: the user may more."""
        await self._demand_not_above(ctx, user_id)
        await self._totp.remove(ctx, user_id, factor_id)
        await self._sessions.end_all(ctx, user_id, REMOVED)

    @requires(WRITE)
    async def remove_passkey(self, ctx: RequestContext, user_id: UUID, passkey_id: UUID) -> None:
        """Take one passkey; every session ends. Raises: NotFound; Forbidden: the user may more."""
        await self._demand_not_above(ctx, user_id)
        await self._passkeys.remove(ctx, user_id, passkey_id)
        await self._sessions.end_all(ctx, user_id, REMOVED)

    @requires(WRITE)
    async def reset(self, ctx: RequestContext, user_id: UUID) -> None:
        """Take every second factor, for who has lost them; every session ends. Raises: NotFound; Forbidden: the user
        may more."""
        await self._demand_not_above(ctx, user_id)
        await self._factors.reset(ctx, user_id)
        await self._sessions.end_all(ctx, user_id, REMOVED)

    @requires(WRITE)
    async def demand_password_change(self, ctx: RequestContext, user_id: UUID) -> None:
        """Have the user's next sign-in ask for another password; sessions stay. Raises: NotFound: no such user, or one
        without a password; Forbidden: the user may more."""
        await self._demand_not_above(ctx, user_id)
        await self._passwords.demand_change(ctx, user_id)

    async def _demand_not_above(self, ctx: RequestContext, user_id: UUID) -> None:
        await self._users.get(ctx, user_id)
        await self._above.refuse(ctx, WRITE, user_id)
