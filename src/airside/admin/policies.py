"""Managing what the tenant demands of its people."""

from typing import Final

from airside.access.authorise import Authorise, Right
from airside.access.rights import ADMINISTRATOR
from airside.admin.verb import Verbs, requires
from airside.core.errors import Conflict, InvalidInput
from airside.store import RequestContext
from airside.tenancy import StoredPolicy, TenantPolicies, TenantPolicy

READ: Final = Right("policies:read", "can_read_policies")
WRITE: Final = Right("policies:write", "can_write_policies")


class PolicyAdmin(Verbs):
    """Read and change the tenant's policy. What it demands of managers themselves only administrators change: nobody
    makes a lock weaker that stands before their own superiors' doors, nor bars them out (N21)."""

    def __init__(self, *, authorise: Authorise, policies: TenantPolicies) -> None:
        super().__init__(authorise)
        self._policies = policies

    @requires(READ)
    async def get(self, ctx: RequestContext) -> StoredPolicy:
        """What holds now, and which version it is."""
        return await self._policies.stored(ctx)

    @requires(WRITE)
    async def change(self, ctx: RequestContext, expected_version: int, policy: TenantPolicy) -> StoredPolicy:
        """`policy` instead of version `expected_version`, whole.

        Raises:
            InvalidInput: demands that contradict each other, or networks that would bar the caller themself.
            Forbidden: it changes what management verbs demand, and the caller is no administrator.
            Conflict: it has changed since that version was read.
        """
        before = await self._policies.stored(ctx)
        if before.version != expected_version:
            raise Conflict("the policy has changed since it was read", version=before.version)
        if before.policy.administration != policy.administration:
            await self.authorise.exactly(ctx, (Right(WRITE.scope, ADMINISTRATOR),))
        if ctx.principal.kind == "user" and not policy.admits_address(ctx.origin.address):
            raise InvalidInput("your own address is in none of these networks", pointer="networks")
        return await self._policies.change(ctx, expected_version, policy)
