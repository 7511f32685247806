"""Sessions that were proven through a connection: remembered, so that they end with what they were proven by."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from airside.core.errors import NotFound
from airside.core.secret import Secret
from airside.federation import records_sessions as records
from airside.federation.model import FederatedSession
from airside.identity import Sessions
from airside.identity.policy import MAX_ABSOLUTE_HOURS
from airside.store.context import RequestContext
from airside.vault import Vault

KEPT: Final = timedelta(hours=MAX_ABSOLUTE_HOURS + 24)
"""No session lives as long after it was proven so."""


class FederatedSessions:
    """Which sessions hang on which connections and identities."""

    def __init__(self, *, vault: Vault, sessions: Sessions) -> None:
        self._vault = vault
        self._sessions = sessions

    async def began(self, ctx: RequestContext, session: FederatedSession, user_id: UUID) -> None:
        """A session of the user was proven so. Twice is the same as once."""
        await records.insert(ctx, self._vault, session, user_id)

    async def of_session(self, ctx: RequestContext, session_id: UUID) -> list[FederatedSession]:
        """How a session was proven elsewhere, the earliest first; empty for one that wasn't."""
        return await records.of_session(ctx, self._vault, session_id)

    async def hint(self, ctx: RequestContext, session: FederatedSession) -> Secret[str] | None:
        """The ID token that the session was proven by; None where none was kept."""
        if not session.hint:
            return None
        return Secret(await records.open_hint(ctx, self._vault, session.identity_id, session.hint))

    async def sweep(self, ctx: RequestContext) -> int:
        """Forget sessions that are over whatever their tenant's policy was, for a timer; how many."""
        return await records.sweep(ctx, ctx.now - KEPT)

    async def end_of_connection(self, ctx: RequestContext, connection_id: UUID) -> int:
        """End every session that was proven through the connection, with its tokens; how many."""
        return await self._end(ctx, await records.take_of_connection(ctx, connection_id))

    async def end_of_identity(self, ctx: RequestContext, identity_id: UUID, foreign: str = "") -> int:
        """As `end_of_connection`, of one identity; with `foreign`, only what its provider calls so."""
        keyset = await self._vault.keyset(ctx)
        return await self._end(ctx, await records.take_of_identity(ctx, keyset, identity_id, foreign))

    async def end_of_foreign(self, ctx: RequestContext, connection_id: UUID, foreign: str) -> int:
        """As `end_of_connection`, of what the connection's provider calls so."""
        keyset = await self._vault.keyset(ctx)
        return await self._end(ctx, await records.take_of_foreign(ctx, keyset, connection_id, foreign))

    async def _end(self, ctx: RequestContext, session_ids: Sequence[UUID]) -> int:
        count = 0
        for session_id in session_ids:
            try:
                await self._sessions.end(ctx, session_id)
            except NotFound:  # over already
                continue
            count += 1
        return count
