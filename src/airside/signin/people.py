"""What the flow has to know of a tenant and of whom it signs in, gathered from the rooms that know it."""

from airside.identity import Session
from airside.signin.model import Flow
from airside.signin.next_step import Person, Policy
from airside.store.context import RequestContext
from airside.tenancy import TenantPolicies


class People:
    """Answers the flow's questions."""

    def __init__(self, *, policies: TenantPolicies) -> None:
        self._policies = policies

    async def policy(self, ctx: RequestContext) -> Policy:
        """What the tenant demands of a login."""
        policy = await self._policies.current(ctx)
        return Policy(policy.minimum_assurance, policy.factors)

    async def may_come_from(self, ctx: RequestContext) -> bool:
        """Whether the tenant lets people sign in from where the request comes from."""
        return (await self._policies.current(ctx)).admits_address(ctx.origin.address)

    async def of(self, ctx: RequestContext, flow: Flow) -> Person | None:  # noqa: ARG002 - asks the database soon
        """What is known of whom `flow` is of; None while nobody is known."""
        user_id = flow.user_id
        if user_id is None:
            return None
        return Person(user_id, held="aal0" if flow.step_up is None else flow.step_up.held)

    async def arrived(self, ctx: RequestContext, flow: Flow, session: Session) -> None:
        """Remember a finished sign-in."""
