"""From a `client_id` as a request spells it to the client: the one way, for every endpoint."""

from airside.core.errors import InvalidInput
from airside.core.ids import CLIENT, parse_id
from airside.oauth import records
from airside.oauth.model import Client
from airside.store import RequestContext


class ClientLookup:
    """Finds clients of the context's tenant."""

    async def find(self, ctx: RequestContext, word: str) -> Client | None:
        """The client that goes by `word`, active or not; None for nobody. What isn't an id is nobody's."""
        try:
            client_id = parse_id(CLIENT, word)
        except InvalidInput:
            return None
        return await records.find_client(ctx, client_id)
