"""External identities of a user: seen and taken away by themselves and by administrators."""

from typing import Final
from uuid import UUID

from airside.audit import Event, Journal
from airside.core.errors import NotFound
from airside.core.ids import CONNECTION, USER, format_id
from airside.federation import records_identities as records
from airside.federation.connections import Connections
from airside.federation.model import Connection, ExternalIdentity
from airside.federation.sessions import FederatedSessions
from airside.store.context import RequestContext
from airside.vault import Vault

MAX_LISTED: Final = 200


class Identities:
    """Who a user is elsewhere."""

    def __init__(
        self, *, vault: Vault, journal: Journal, connections: Connections, sessions: FederatedSessions
    ) -> None:
        self._vault = vault
        self._journal = journal
        self._connections = connections
        self._sessions = sessions

    async def opening(self, ctx: RequestContext, user_id: UUID) -> list[tuple[ExternalIdentity, Connection]]:
        """Those of the user by which they get in now, with the connections that they come through."""
        there = {each.id: each for each in await self._connections.open(ctx)}
        held = await self.list(ctx, user_id)
        return [(each, there[each.connection_id]) for each in held if each.connection_id in there]

    async def list(self, ctx: RequestContext, user_id: UUID) -> list[ExternalIdentity]:
        """The user's, oldest first; at most `MAX_LISTED`."""
        return await records.of_user(ctx, self._vault, user_id, MAX_LISTED)

    async def find(self, ctx: RequestContext, connection_id: UUID, subject: str) -> ExternalIdentity | None:
        """Who that subject of that connection is here; None for nobody."""
        return await records.by_subject(ctx, self._vault, connection_id, subject)

    async def get(self, ctx: RequestContext, identity_id: UUID) -> ExternalIdentity:
        """The identity of that id.

        Raises:
            NotFound: not there, or not this tenant's.
        """
        found = await records.by_id(ctx, self._vault, identity_id)
        if found is None:
            raise NotFound("identity")
        return found

    async def unlink(self, ctx: RequestContext, user_id: UUID, identity_id: UUID) -> None:
        """From now on the subject is nobody here, and sessions of the user that it proved die within the second.
        Whether it was the last way in is the caller's to ask, before.

        Raises:
            NotFound: the user has no such identity.
        """
        found = await self.get(ctx, identity_id)
        if found.user_id != user_id or not await records.delete(ctx, identity_id, user_id):
            raise NotFound("identity")
        await self._sessions.end_of_identity(ctx, identity_id)
        details = {"connection": format_id(CONNECTION, found.connection_id)}
        await self._journal.record(ctx, Event.IDENTITY_UNLINKED, subject=format_id(USER, user_id), details=details)
