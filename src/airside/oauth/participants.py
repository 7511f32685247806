"""Which clients take part in a session, and that they hear of its end (OpenID Connect Back-Channel Logout 1.0 §2.1).

Only a client that has somewhere to be told (`backchannel_logout_uri`, `frontchannel_logout_uri`) is written down, with
the first code that it gets in the session. Whoever ends the session, whatever for, tells them by the outbox in the same
transaction; sessions that run out by themselves are found by a timer.
"""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from airside.core.ids import CLIENT, SESSION, format_id
from airside.identity import Session
from airside.oauth import records_clients, records_logout
from airside.oauth.model import Client, Participation
from airside.store import Outbox, RequestContext

KIND: Final = "backchannel_logout"
"""What the outbox calls one logout token that is to be sent."""


MAX_ROUNDS: Final = 20
"""Ten thousand logout tokens put into the outbox by one request."""


class Participants:
    """Implements `identity.Partings`: tells clients that a session is over."""

    def __init__(self, *, outbox: Outbox) -> None:
        self._outbox = outbox

    def join(self, ctx: RequestContext, client: Client, session: Session) -> None:
        """The client takes part in the session, if it wants to hear of its end."""
        settings = client.settings
        if settings.backchannel_logout_uri is not None or settings.frontchannel_logout_uri is not None:
            records_logout.join(ctx, session.id, client.client_id, session.user_id)

    async def of(self, ctx: RequestContext, session_id: UUID) -> list[Client]:
        """The active clients that take part in the session."""
        found: list[Client] = []
        for each in await records_logout.of_session(ctx, session_id):
            client = await records_clients.find_client(ctx, each.client_id)
            if client is not None and client.state == "active":
                found.append(client)
        return found

    async def session_ended(self, ctx: RequestContext, session_id: UUID) -> None:
        """Tell everybody who took part, once the caller's transaction has committed."""
        await self._tell(ctx, await records_logout.part(ctx, session_id))

    async def sessions_ended(self, ctx: RequestContext) -> None:
        """Many sessions have just ended: tell everybody who took part, as many as a request can; the timer tells the
        rest."""
        for _ in range(MAX_ROUNDS):
            if await self.sweep(ctx) < records_logout.MAX_SWEPT:
                return

    async def sweep(self, ctx: RequestContext) -> int:
        """Tell of sessions that ran out (idle, or at their absolute end), for a timer; how many are told."""
        over = await records_logout.part_over(ctx)
        await self._tell(ctx, over)
        return len(over)

    async def _tell(self, ctx: RequestContext, parting: Iterable[Participation]) -> None:
        for each in parting:
            about = {"client": format_id(CLIENT, each.client_id), "session": format_id(SESSION, each.session_id)}
            await self._outbox.put(ctx, KIND, subject=each.user_id, about=about, way="logout")
