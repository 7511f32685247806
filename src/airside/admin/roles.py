"""Managing the tenant's own roles and who has them."""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from airside.access.authorise import Authorise, Right
from airside.admin import members
from airside.admin.verb import Verbs, requires
from airside.federation import TenantMappings
from airside.identity import Users
from airside.store import RequestContext
from airside.tenancy import PERMISSIONS, CustomRole, Permission, RoleChange, RoleDraft, Roles, relation_of

READ: Final = Right("roles:read", "can_read_roles")
WRITE: Final = Right("roles:write", "can_write_roles")


class RoleAdmin(Verbs):
    """Make, change, delete and assign roles. Nobody makes, touches or gives one that may more than they may at that
    moment, by their relations and by their credential's scope (N21): upwards is upwards in both directions."""

    def __init__(self, *, authorise: Authorise, roles: Roles, users: Users, mappings: TenantMappings) -> None:
        super().__init__(authorise)
        self._roles = roles
        self._users = users
        self._mappings = mappings

    @requires(READ)
    async def permissions(self, ctx: RequestContext) -> tuple[Permission, ...]:  # noqa: ARG002 - as every verb
        """The closed catalogue: everything that a role may hold."""
        return tuple(PERMISSIONS.values())

    @requires(WRITE)
    async def create(self, ctx: RequestContext, draft: RoleDraft) -> CustomRole:
        """A new role, which nobody has yet.

        Raises:
            Forbidden: it may more than the caller.
            Conflict: its name is taken, or the tenant has as many as it may.
        """
        await self._demand_not_above(ctx, WRITE, draft.permissions)
        return await self._roles.create(ctx, draft)

    @requires(READ)
    async def get(self, ctx: RequestContext, role_id: UUID) -> CustomRole:
        """Raises: NotFound."""
        return await self._roles.get(ctx, role_id)

    @requires(WRITE)
    async def change(self, ctx: RequestContext, role_id: UUID, change: RoleChange) -> CustomRole:
        """Raises: NotFound; Forbidden: it may more than the caller, before or afterwards."""
        role = await self._roles.take(ctx, role_id)
        await self._demand_not_above(ctx, WRITE, role.permissions | (change.permissions or frozenset()))
        return await self._roles.change(ctx, role, change)

    @requires(WRITE)
    async def delete(self, ctx: RequestContext, role_id: UUID) -> None:
        """What it gave is gone at once, and access tokens that name it end. Raises: NotFound; Forbidden: it may more
        than the caller."""
        role = await self._roles.take(ctx, role_id)
        await self._demand_not_above(ctx, WRITE, role.permissions)
        await self._roles.delete(ctx, role)

    @requires(members.WRITE)
    async def assign(self, ctx: RequestContext, user_id: UUID, role_id: UUID) -> None:
        """Raises: NotFound: no such user or role in this tenant; Forbidden: it may more than the caller; Conflict:
        the user has as many as they may."""
        role = await self._role_for(ctx, user_id, role_id)
        await self._roles.assign(ctx, role, user_id)
        await self._mappings.by_hand(ctx, user_id, role.word)

    @requires(members.WRITE)
    async def unassign(self, ctx: RequestContext, user_id: UUID, role_id: UUID) -> None:
        """The user's access tokens that carry the role end too. Raises: NotFound, Forbidden: as `assign`."""
        role = await self._role_for(ctx, user_id, role_id)
        await self._roles.unassign(ctx, role, user_id)

    @requires(members.READ)
    async def of(self, ctx: RequestContext, user_id: UUID) -> list[CustomRole]:
        """The roles of the tenant's own that a user has, by name. Raises: NotFound: no such user in this tenant."""
        await self._users.get(ctx, user_id)
        return await self._roles.of(ctx, user_id)

    @requires(members.READ)
    async def assignees(self, ctx: RequestContext, role_id: UUID) -> list[str]:
        """The subjects who have a role, such as `user:usr_…`. Raises: NotFound."""
        return await self._roles.assignees(ctx, await self._roles.get(ctx, role_id))

    @requires(READ)
    async def list(self, ctx: RequestContext, after: UUID | None = None, limit: int = 50) -> list[CustomRole]:
        """Up to `limit` roles in order of creation, after the one named."""
        return await self._roles.list(ctx, after, limit)

    async def _role_for(self, ctx: RequestContext, user_id: UUID, role_id: UUID) -> CustomRole:
        await self._users.get(ctx, user_id)
        role = await self._roles.take(ctx, role_id)
        await self._demand_not_above(ctx, members.WRITE, role.permissions)
        return role

    async def _demand_not_above(self, ctx: RequestContext, right: Right, permissions: Iterable[str]) -> None:
        rights = [Right(name, relation_of(name)) for name in sorted(permissions)]
        await self.authorise.exactly(ctx, [right, *rights])
