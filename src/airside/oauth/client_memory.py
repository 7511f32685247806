"""Clients in memory for a moment: a busy provider asks for the same few rows thousands of times a second.

A client that is disabled, or whose secret is withdrawn, opens nothing a second later on any node (N18): `store.Memory`.
"""

from typing import Final
from uuid import UUID

from airside.core.clock import Clock
from airside.core.errors import InvalidInput
from airside.core.ids import CLIENT, format_id, parse_id
from airside.oauth import records_clients
from airside.oauth.model import Client
from airside.store import Listener, Memory, RequestContext

CHANNEL: Final = "airside_clients"
REMEMBERED: Final = 1.0
"""Seconds."""


async def kept(ctx: RequestContext, word: str) -> Client | None:
    """The client whose id is `word`, active or not. What isn't an id is nobody's."""
    try:
        client_id = parse_id(CLIENT, word)
    except InvalidInput:
        return None
    client = await records_clients.find_client(ctx, client_id)
    # One client, one name: that which its document gives it.
    return client if client is None or client.document_url is None else None


class ClientMemory:
    """The clients that were asked for lately. Nobody who isn't there is remembered."""

    def __init__(self, *, listener: Listener, clock: Clock) -> None:
        self._memory: Memory[Client] = Memory(listener, clock, channel=CHANNEL, seconds=REMEMBERED)

    async def find(self, ctx: RequestContext, word: str) -> Client | None:
        """The client that goes by `word`, active or not; None for nobody."""
        known = self.known(ctx, word)
        if known is not None:
            return known
        reading = self._memory.reading()
        client = await kept(ctx, word)
        if client is not None:
            self._memory.keep(ctx, reading, client, word)
        return client

    def known(self, ctx: RequestContext, word: str) -> Client | None:
        """As `find`, if it is in memory."""
        return self._memory.known(ctx, word)

    async def changed(self, ctx: RequestContext, client_id: UUID) -> None:
        """Whoever changes or deletes a client says so in the same transaction."""
        await self._memory.changed(ctx, format_id(CLIENT, client_id))
