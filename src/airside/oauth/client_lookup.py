"""From a `client_id` as a request spells it to the client: the one way, for every endpoint."""

from airside.oauth.client_memory import ClientMemory
from airside.oauth.model import Client
from airside.store import RequestContext


class ClientLookup:
    """Finds clients of the context's tenant."""

    def __init__(self, *, memory: ClientMemory) -> None:
        self._memory = memory

    async def find(self, ctx: RequestContext, word: str) -> Client | None:
        """The client that goes by `word`, active or not; None for nobody."""
        return await self._memory.find(ctx, word)

    def known(self, ctx: RequestContext, word: str) -> Client | None:
        """As `find`, if it is in memory."""
        return self._memory.known(ctx, word)
