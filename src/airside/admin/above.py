"""Nobody does anything to who may more than they may (N21)."""

from uuid import UUID

from airside.access.authorise import Authorise, Right
from airside.access.rights import ADMINISTRATOR
from airside.core.ids import USER, format_id
from airside.store import RequestContext
from airside.tenancy import RELATIONS, Members


class Above:
    """Compares two people by everything committed: what either may stands still until the transaction ends, so that
    nobody is raised while their password is being set, nor sets one while they lose the right to."""

    def __init__(self, *, authorise: Authorise, members: Members) -> None:
        self._authorise = authorise
        self._members = members

    async def refuse(self, ctx: RequestContext, right: Right, user_id: UUID) -> None:
        """Return if the caller has `right` and every relation to the tenant that the user has.

        Raises:
            Forbidden: the user may something that the caller may not.
        """
        subject = f"user:{format_id(USER, user_id)}"
        held = await self._members.held(ctx, subject, (ADMINISTRATOR, *RELATIONS))
        await self._authorise.exactly(ctx, [right, *(Right(right.scope, relation) for relation in sorted(held))])
