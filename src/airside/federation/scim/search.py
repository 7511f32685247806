"""Which resources a filter can be about: found by blind index, or all of them where there are few."""

from typing import Any
from uuid import UUID

from scim2_models import ScimFilter

from airside.core.errors import NotFound
from airside.federation.scim import groups, profile, records_groups, records_users, users
from airside.federation.scim.model import MAX_SCAN
from airside.protocols.scim import USER
from airside.protocols.scim.narrowing import Said, narrow
from airside.store.context import RequestContext
from airside.vault import Vault

LIMIT = MAX_SCAN + 1


class Search:
    """Finds the resources that a filter narrows down to."""

    def __init__(self, *, vault: Vault) -> None:
        self._vault = vault

    async def candidates(
        self, ctx: RequestContext, connection_id: UUID, kind: str, wanted: "ScimFilter[Any] | None"
    ) -> list[UUID]:
        """Whatever matches `wanted` is among these, by age; more than `MAX_SCAN` are too many to look at."""
        narrowed = None if wanted is None else narrow(kind, wanted)
        if narrowed is None:
            return await (records_users if kind == USER else records_groups).some(ctx, connection_id, LIMIT)
        found: set[UUID] = set()
        for said in narrowed:
            found |= set(await self._found(ctx, connection_id, kind, said))
        return sorted(found)

    async def _found(self, ctx: RequestContext, connection_id: UUID, kind: str, said: Said) -> list[UUID]:
        if said.attribute == "id":
            return _named(users.id_of if kind == USER else groups.id_of, said)
        keyset = await self._vault.keyset(ctx)
        if kind == USER:
            indexes = profile.blind(keyset, said.attribute, said.value)
            if said.attribute == "userName":
                return await records_users.by_name(ctx, connection_id, indexes)
            by = records_users.by_external_id if said.attribute == "externalId" else records_users.by_email
            return await by(ctx, connection_id, indexes, LIMIT)
        if said.attribute == "members.value":
            return [
                group_id
                for user_id in _named(users.id_of, said)
                for group_id in await records_groups.by_member(ctx, connection_id, user_id, LIMIT)
            ]
        indexes = groups.blind(keyset, said.attribute, said.value)
        by = records_groups.by_external_id if said.attribute == "externalId" else records_groups.by_name
        return await by(ctx, connection_id, indexes, LIMIT)


def _named(read: Any, said: Said) -> list[UUID]:
    try:
        return [read(said.value.decode("utf-8", "replace"))]
    except NotFound:
        return []
