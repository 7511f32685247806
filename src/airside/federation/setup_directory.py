"""Whoever sets a connection up lets the provider's directory keep accounts over it: a SCIM token, shown once. Only
where whoever invited them said so."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

from airside.audit import Event, Journal
from airside.core.errors import Conflict, NotFound
from airside.core.secret import Secret
from airside.federation.model import Connection
from airside.federation.scim.model import ScimToken
from airside.federation.scim.tokens import ScimTokens
from airside.federation.setup import SetupAccess
from airside.federation.setup_portal import SetupPortal
from airside.store.context import RequestContext

LIFETIME: Final = timedelta(days=365)
"""Of a token; administrators list, revoke and renew it."""


class SetupDirectory:
    """Makes SCIM tokens of the connection by the right of an invitation. Only its own are seen or touched by it."""

    def __init__(self, *, portal: SetupPortal, tokens: ScimTokens, journal: Journal) -> None:
        self._portal = portal
        self._tokens = tokens
        self._journal = journal

    async def list(self, ctx: RequestContext, access: SetupAccess) -> Sequence[ScimToken]:
        """The live ones that the invitation made, oldest first. Raises: NotFound, Conflict: as `create`."""
        return await self._tokens.made_by(ctx, (await self._connection(ctx, access)).id, access.setup.id)

    async def create(self, ctx: RequestContext, access: SetupAccess) -> Secret[str]:
        """A new token, shown this once.

        Raises:
            NotFound: whoever invited didn't say so.
            Conflict: nothing is set up yet, or the connection has two tokens already.
        """
        connection = await self._connection(ctx, access)
        made, secret = await self._tokens.create(ctx, connection.id, lifetime=LIFETIME, setup_id=access.setup.id)
        details = {"connection": connection.word, "id": made.word}
        await self._journal.record(ctx, Event.SETUP_TOKEN_CREATED, subject=access.setup.word, details=details)
        return secret

    async def revoke(self, ctx: RequestContext, access: SetupAccess, token_id: UUID) -> None:
        """It opens nothing any more. Raises: NotFound: none that the invitation made; and as `create`."""
        connection = await self._connection(ctx, access)
        if token_id not in {each.token_id for each in await self._tokens.made_by(ctx, connection.id, access.setup.id)}:
            raise NotFound("SCIM token")
        await self._tokens.revoke(ctx, connection.id, token_id)

    async def _connection(self, ctx: RequestContext, access: SetupAccess) -> Connection:
        if not access.setup.provisions:
            raise NotFound("directory")
        connection = await self._portal.connection(ctx, access)
        if connection is None:
            raise Conflict("nothing is set up yet")
        return connection
