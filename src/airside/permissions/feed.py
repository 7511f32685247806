"""Who waits for a store's changes, and the news that wakes them."""

from contextlib import AbstractContextManager
from uuid import UUID

from airside.permissions.indexes import CHANNEL
from airside.store import Listener
from airside.store.followers import Follower, Followers


class Feed:
    """Wakes followers of stores by NOTIFY. Make it before the listener starts: it subscribes."""

    def __init__(self, listener: Listener) -> None:
        self._followers = Followers("change streams")
        listener.subscribe(CHANNEL, self._followers.hear, self._followers.wake_all)

    def follow(self, tenant_id: UUID, store_id: str) -> AbstractContextManager[Follower]:
        """A follower of one store, for as long as the context is open.

        Raises:
            LimitExceeded: the tenant has `MAX_FOLLOWERS`.
            Unavailable: the process is about to end.
        """
        return self._followers.follow(tenant_id, store_id)

    def close(self) -> None:
        """Tell every follower that it is over, and take no more."""
        self._followers.close()
