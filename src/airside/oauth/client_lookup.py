"""From a `client_id` as a request spells it to the client: the one way, for every endpoint."""

from datetime import timedelta
from typing import Final

from airside.oauth import records_clients
from airside.oauth.client_memory import ClientMemory
from airside.oauth.model import Client
from airside.store import RequestContext

NOTED_EVERY: Final = timedelta(days=1)
"""How exactly it is known when a client from outside was last used."""


class ClientLookup:
    """Finds clients of the context's tenant."""

    def __init__(self, *, memory: ClientMemory) -> None:
        self._memory = memory

    async def find(self, ctx: RequestContext, word: str) -> Client | None:
        """The client that goes by `word`, active or not; None for nobody."""
        client = await self._memory.find(ctx, word)
        if client is not None and client.origin != "administrator":
            self._note(ctx, client)
        return client

    def known(self, ctx: RequestContext, word: str) -> Client | None:
        """As `find`, if it is in memory."""
        return self._memory.known(ctx, word)

    def _note(self, ctx: RequestContext, client: Client) -> None:
        """Whoever isn't used is forgotten some day (`dynamic.UNUSED`)."""
        if client.used_at is None or ctx.now - client.used_at >= NOTED_EVERY:
            records_clients.note_use(ctx, client.client_id)
