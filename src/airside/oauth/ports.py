"""What this room needs from rooms it may not import by name; `wiring` fills them."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from airside.store import RequestContext


class IssuerOf(Protocol):
    """The issuer of the context's tenant; `wiring` has one."""

    async def __call__(self, ctx: RequestContext) -> str:
        """Raises: NotFound."""
        ...


class RolesOf(Protocol):
    """The roles of a member, as tokens carry them. `tenancy.Members` is one."""

    async def roles(self, ctx: RequestContext, user_id: UUID) -> Sequence[str]:
        """The user's roles at this moment; an empty list is none."""
        ...
