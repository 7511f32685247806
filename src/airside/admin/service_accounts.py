"""Managing the programs that own keys, and which of the tenant's own roles they have."""

from uuid import UUID

from airside.access.authorise import Authorise, Right
from airside.admin import members
from airside.admin.api_keys import READ, WRITE
from airside.admin.verb import Verbs, requires
from airside.apikeys import MAX_PAGE, AccountState, ServiceAccount, ServiceAccounts
from airside.store import RequestContext
from airside.tenancy import CustomRole, Roles, relation_of


class ServiceAccountAdmin(Verbs):
    """Make, find, disable and enable service accounts; give them roles. Nobody gives, nor wakes, what they may not
    themselves (N21)."""

    def __init__(self, *, authorise: Authorise, accounts: ServiceAccounts, roles: Roles) -> None:
        super().__init__(authorise)
        self._accounts = accounts
        self._roles = roles

    @requires(WRITE)
    async def create(self, ctx: RequestContext, name: str) -> ServiceAccount:
        """A new one, which may nothing yet. Raises: InvalidInput; Conflict: the tenant has as many as it may."""
        return await self._accounts.create(ctx, name)

    @requires(READ)
    async def get(self, ctx: RequestContext, account_id: UUID) -> ServiceAccount:
        """Raises: NotFound."""
        return await self._accounts.get(ctx, account_id)

    @requires(WRITE)
    async def set_state(self, ctx: RequestContext, account_id: UUID, state: AccountState) -> ServiceAccount:
        """Disable, so that its keys open nothing within a second, or enable.

        Raises:
            NotFound: no such service account in this tenant.
            Forbidden: it is to be enabled, and may more than the caller.
        """
        account = await self._accounts.get(ctx, account_id)
        if state == "active":
            held = await self._roles.held_by(ctx, account.owner.subject)
            await self._demand_not_above(ctx, WRITE, *held)
        await self._accounts.set_state(ctx, account_id, state)
        return await self._accounts.get(ctx, account_id)

    @requires(members.READ)
    async def roles_of(self, ctx: RequestContext, account_id: UUID) -> list[CustomRole]:
        """The roles that it has, by name. Raises: NotFound."""
        return await self._roles.held_by(ctx, (await self._accounts.get(ctx, account_id)).owner.subject)

    @requires(members.WRITE)
    async def assign(self, ctx: RequestContext, account_id: UUID, role_id: UUID) -> None:
        """Raises: NotFound: no such service account or role in this tenant; Forbidden: the role may more than the
        caller; Conflict: it has as many as it may."""
        account = await self._accounts.get(ctx, account_id)
        role = await self._roles.take(ctx, role_id)
        await self._demand_not_above(ctx, members.WRITE, role)
        await self._roles.assign_to(ctx, role, account.owner.subject)

    @requires(members.WRITE)
    async def unassign(self, ctx: RequestContext, account_id: UUID, role_id: UUID) -> None:
        """What the role gave is gone at once. Raises: NotFound, Forbidden: as `assign`."""
        account = await self._accounts.get(ctx, account_id)
        role = await self._roles.take(ctx, role_id)
        await self._demand_not_above(ctx, members.WRITE, role)
        await self._roles.unassign_from(ctx, role, account.owner.subject)

    @requires(READ)
    async def list(self, ctx: RequestContext, after: UUID | None = None, limit: int = MAX_PAGE) -> list[ServiceAccount]:
        """Up to `limit` in the order of their making, after the one named."""
        return await self._accounts.list(ctx, after, limit)

    async def _demand_not_above(self, ctx: RequestContext, right: Right, *roles: CustomRole) -> None:
        names = sorted({name for role in roles for name in role.permissions})
        await self.authorise.exactly(ctx, [right, *(Right(name, relation_of(name)) for name in names)])
