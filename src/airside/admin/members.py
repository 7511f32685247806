"""Managing who belongs to the tenant as what."""

from typing import Final
from uuid import UUID

from airside.access.authorise import Authorise, Right
from airside.access.rights import ADMINISTRATOR
from airside.admin.verb import Verbs, requires
from airside.core.ids import USER, format_id
from airside.federation import TenantMappings
from airside.identity import Users
from airside.store import RequestContext
from airside.tenancy import Members, Role

READ: Final = Right("members:read", "can_read_members")
WRITE: Final = Right("members:write", "can_write_members")


class MemberAdmin(Verbs):
    """Grant, revoke and list the roles that every tenant has. Who isn't an administrator makes and unmakes none
    (N21)."""

    def __init__(self, *, authorise: Authorise, members: Members, users: Users, mappings: TenantMappings) -> None:
        super().__init__(authorise)
        self._members = members
        self._users = users
        self._mappings = mappings

    @requires(READ)
    async def roles(self, ctx: RequestContext, user_id: UUID) -> list[str]:
        """What a user's tokens name: strongest first, then the tenant's own. Raises: NotFound: no such user in this
        tenant."""
        await self._users.get(ctx, user_id)
        return await self._members.roles(ctx, user_id)

    @requires(WRITE)
    async def grant(self, ctx: RequestContext, user_id: UUID, role: Role) -> None:
        """Raises: NotFound: no such user in this tenant; Forbidden: the role is above the caller."""
        await self._demand_not_above(ctx, role)
        await self._members.grant(ctx, await self._subject(ctx, user_id), role)
        await self._mappings.by_hand(ctx, user_id, role)

    @requires(WRITE)
    async def revoke(self, ctx: RequestContext, user_id: UUID, role: Role) -> None:
        """The user's access tokens that carry the role end too. Raises: NotFound, Forbidden: as `grant`."""
        await self._demand_not_above(ctx, role)
        await self._members.revoke(ctx, await self._subject(ctx, user_id), role)

    @requires(READ)
    async def list(self, ctx: RequestContext, role: Role) -> list[str]:
        """The subjects to whom `role` was granted directly, such as `user:usr_…`."""
        return await self._members.list(ctx, role)

    async def _demand_not_above(self, ctx: RequestContext, role: Role) -> None:
        if role == ADMINISTRATOR:
            await self.authorise.exactly(ctx, (Right(WRITE.scope, ADMINISTRATOR),))

    async def _subject(self, ctx: RequestContext, user_id: UUID) -> str:
        user = await self._users.get(ctx, user_id)
        return f"user:{format_id(USER, user.id)}"
