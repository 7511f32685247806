"""Who waits for security events: polls that found nothing (RFC 8936 §2, long polling), and the news that wakes them."""

from contextlib import AbstractContextManager
from typing import Final
from uuid import UUID

from airside.store import Listener
from airside.store.context import RequestContext
from airside.store.followers import Follower, Followers

CHANNEL: Final = "airside_signals"
MAX_WAIT: Final = 25.0
"""Seconds for which a poll waits."""
MAX_WAITING: Final = 2
"""Polls of one stream that wait in one process; of a client, so many for each of its streams."""


class SignalNews:
    """Wakes polls by NOTIFY. Make it before the listener starts: it subscribes."""

    def __init__(self, listener: Listener) -> None:
        self.followers = Followers("security events", of_topic=MAX_WAITING)
        listener.subscribe(CHANNEL, self.followers.hear, self.followers.wake_all)

    def follow(self, ctx: RequestContext, stream_id: UUID) -> AbstractContextManager[Follower]:
        """A follower of one stream of the context's tenant, for as long as the context manager is open.

        Raises:
            LimitExceeded: as many wait already.
            Unavailable: the process is about to end.
        """
        return self.followers.follow(ctx.tenant_id, stream_id.hex)


async def stirred(ctx: RequestContext, stream_id: UUID) -> None:
    """There may be something to tell there, once the transaction has committed."""
    await ctx.tx.notify(CHANNEL, f"{ctx.tenant_id.hex} {stream_id.hex}")
