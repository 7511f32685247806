"""Who of a connection's provisioned users a subject is that signs in through it for the first time."""

from typing import Final
from uuid import UUID

import msgspec

from airside.federation.model import Connection
from airside.federation.scim import records_groups
from airside.federation.scim import records_users as records
from airside.federation.scim.groups import names_of
from airside.federation.scim.model import GroupRoles
from airside.federation.scim.profile import indexes
from airside.store.context import RequestContext
from airside.vault import Vault

NAME_ID: Final = 3
"""Parts of a NameID as a subject: its value, format and qualifier."""


class Provisioned:
    """Implements `Provisioned`. Directory and provider are the same customer's, and the connection is
    theirs, so what the one calls somebody the other may prove; an e-mail address among the claims is no such name."""

    def __init__(self, *, vault: Vault, roles: GroupRoles) -> None:
        self._vault = vault
        self._roles = roles

    async def known_as(self, ctx: RequestContext, connection: Connection, subject: str) -> UUID | None:
        """The user whose `externalId` the subject is, or, where it is a NameID, whose `userName`; None where that is
        nobody, or several."""
        name = _name_id(subject) if connection.kind == "saml" else None
        word = subject if connection.kind == "oidc" else name
        if word is None:
            return None
        keyset = await self._vault.keyset(ctx)
        found = await records.by_external_id(ctx, connection.id, indexes(keyset, "externalId", word), 2)
        if not found and name is not None:
            found = await records.by_name(ctx, connection.id, indexes(keyset, "userName", name))
        return found[0] if len(found) == 1 else None

    async def follow(self, ctx: RequestContext, connection: Connection, user_id: UUID) -> bool:
        """Whether the directory says what the user is in. Then that counts, and what a sign-in says of groups doesn't:
        the roles that follow are theirs, as far as the mapping's author may still grant them."""
        if not await records_groups.keeps(ctx, connection.id, user_id):
            return False
        keyset = await self._vault.keyset(ctx)
        groups = await records_groups.memberships(ctx, keyset, connection.id, [user_id])
        await self._roles.follow(ctx, connection.id, {user_id: names_of(groups[user_id])})
        return True


def _name_id(subject: str) -> str | None:
    """The value of a NameID without a foreign qualifier, or of the attribute that stands for one."""
    try:
        parts = msgspec.json.decode(subject, type=list[str | None])
    except msgspec.MsgspecError:
        return None
    if len(parts) == NAME_ID:
        return parts[0] if not parts[2] else None
    return parts[1] if len(parts) == NAME_ID - 1 else None
