"""What this room needs from rooms it may not import by name; `wiring` fills them."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from airside.store import RequestContext


class RolesOf(Protocol):
    """The roles of a member, as tokens carry them. `tenancy.Members` is one."""

    async def roles(self, ctx: RequestContext, user_id: UUID) -> Sequence[str]:
        """The user's roles at this moment; an empty list is none."""
        ...
