"""From a `client_id` as a request spells it to the client: the one way, for every endpoint."""

from datetime import timedelta
from typing import Final

from airside.oauth import records_clients
from airside.oauth.client_documents import ClientDocuments
from airside.oauth.client_memory import ClientMemory
from airside.oauth.model import Client
from airside.store import RequestContext

ADDRESS: Final = "https://"
"""What the id begins with of a client that is named by its own metadata."""
NOTED_EVERY: Final = timedelta(days=1)
"""How exactly it is known when a client from outside was last used."""


class ClientLookup:
    """Finds clients of the context's tenant; with `documents`, those too that are named by the address of their own
    metadata."""

    def __init__(self, *, memory: ClientMemory, documents: ClientDocuments | None = None) -> None:
        self._memory = memory
        self._documents = documents

    async def find(self, ctx: RequestContext, word: str) -> Client | None:
        """The client that goes by `word`, active or not; None for nobody. Where its document has to be read first, what
        was done before is committed.

        Raises:
            LimitExceeded: too many documents read because of this origin.
        """
        if not word.startswith(ADDRESS):
            client = await self._memory.find(ctx, word)
        else:
            client = None if self._documents is None else await self._documents.find(ctx, word)
        if client is not None and client.origin != "administrator":
            self._note(ctx, client)
        return client

    def known(self, ctx: RequestContext, word: str) -> Client | None:
        """As `find`, if it is in memory. Whether a client named by an address still is one is always asked."""
        return self._memory.known(ctx, word)

    def _note(self, ctx: RequestContext, client: Client) -> None:
        """Whoever isn't used is forgotten some day (`dynamic.UNUSED`)."""
        if client.used_at is None or ctx.now - client.used_at >= NOTED_EVERY:
            records_clients.note_use(ctx, client.client_id)
