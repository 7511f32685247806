"""Letters to a tenant's administrators."""

from typing import Final

from airside.core.ids import USER, parse_id
from airside.store import Outbox
from airside.store.context import RequestContext
from airside.tenancy import Members

MAX_TOLD: Final = 20
"""Administrators who get a letter of one occasion."""


class AdministratorNotices:
    """Implements `Notices` by the outbox."""

    def __init__(self, *, members: Members, outbox: Outbox) -> None:
        self._members = members
        self._outbox = outbox

    async def tell(self, ctx: RequestContext, kind: str) -> None:
        """As the Protocol: to the first `MAX_TOLD`, who may be programs as well, which have no mailbox."""
        subjects = await self._members.list(ctx, "administrator")
        people = [word for kind_of, _, word in (subject.partition(":") for subject in subjects) if kind_of == "user"]
        for word in people[:MAX_TOLD]:
            await self._outbox.put(ctx, kind, subject=parse_id(USER, word))
