"""Clients in memory for a moment: a busy provider asks for the same few rows thousands of times a second.

What was read is good for `REMEMBERED` from the beginning of the reading, whatever becomes of the news; and the news of
a change takes it away at once, in the process that made it with its commit, in every other with the notification. So a
client that is disabled, or whose secret is withdrawn, opens nothing a second later on any node (N18).
"""

from collections import OrderedDict
from typing import Final
from uuid import UUID

from airside.core.clock import Clock
from airside.core.errors import InvalidInput
from airside.core.ids import CLIENT, format_id, parse_id
from airside.oauth import records_clients
from airside.oauth.model import Client
from airside.store import Listener, RequestContext

CHANNEL: Final = "airside_clients"
REMEMBERED: Final = 1.0
"""Seconds."""
MAX_REMEMBERED: Final = 10_000
"""Clients of all tenants; the one used longest ago is forgotten."""


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
        self._clock = clock
        self._held: OrderedDict[tuple[int, str], tuple[float, Client]] = OrderedDict()
        self._generation = 0
        listener.subscribe(CHANNEL, self._hear, self._forget)

    async def find(self, ctx: RequestContext, word: str) -> Client | None:
        """The client that goes by `word`, active or not; None for nobody."""
        known = self.known(ctx, word)
        if known is not None:
            return known
        moment, generation = self._clock.monotonic(), self._generation
        client = await kept(ctx, word)
        if client is not None:
            # Only what has been committed may outlive this transaction.
            ctx.tx.after_commit(lambda: self._keep(ctx.tenant_id, word, moment, generation, client))
        return client

    def known(self, ctx: RequestContext, word: str) -> Client | None:
        """As `find`, if it is in memory."""
        held = self._held.get((ctx.tenant_id.int, word))
        if held is None or not 0 <= self._clock.monotonic() - held[0] < REMEMBERED:
            return None
        return held[1]

    async def changed(self, ctx: RequestContext, client_id: UUID) -> None:
        """Whoever changes or deletes a client says so in the same transaction."""
        tenant_id = ctx.tenant_id
        await ctx.tx.notify(CHANNEL, f"{tenant_id.hex} {client_id.hex}")
        ctx.tx.after_commit(lambda: self._drop(tenant_id, client_id))

    def _keep(self, tenant_id: UUID, word: str, moment: float, generation: int, client: Client) -> None:
        if generation != self._generation:
            return  # something changed while it was being read: perhaps this
        self._held[tenant_id.int, word] = (moment, client)
        self._held.move_to_end((tenant_id.int, word))
        if len(self._held) > MAX_REMEMBERED:
            self._held.popitem(last=False)

    def _drop(self, tenant_id: UUID, client_id: UUID) -> None:
        self._generation += 1
        self._held.pop((tenant_id.int, format_id(CLIENT, client_id)), None)

    def _hear(self, payload: str) -> None:
        tenant, _, client_id = payload.partition(" ")
        try:
            self._drop(UUID(hex=tenant), UUID(hex=client_id))
        except ValueError:
            self._forget()

    def _forget(self) -> None:
        self._generation += 1
        self._held.clear()
