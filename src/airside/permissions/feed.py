"""Who waits for a store's changes, and the news that wakes them."""

import asyncio
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final
from uuid import UUID

from airside.core.errors import LimitExceeded, Unavailable
from airside.permissions.indexes import CHANNEL
from airside.store import Listener

MAX_FOLLOWERS: Final = 100
"""Followers that a tenant may have in one process."""
LATER: Final = 5.0
"""Seconds after which one too many may try again."""


class Follower:
    """One who waits. News says only that something may have happened: what it was, the change log tells."""

    def __init__(self) -> None:
        self._woken = asyncio.Event()
        self.ended = False

    async def news(self, patience: float) -> bool:
        """Whether there was news, or the end, within `patience` seconds. What came since the last call counts."""
        try:
            async with asyncio.timeout(patience):
                await self._woken.wait()
        except TimeoutError:
            return False
        self._woken.clear()
        return True

    def wake(self) -> None:
        """There may be something new."""
        self._woken.set()

    def end(self) -> None:
        """There is nothing more to wait for."""
        self.ended = True
        self._woken.set()


class Feed:
    """Wakes followers of stores by NOTIFY. Make it before the listener starts: it subscribes."""

    def __init__(self, listener: Listener) -> None:
        self._followers: dict[tuple[UUID, str], set[Follower]] = {}
        self._count: Counter[UUID] = Counter()
        self._closed = False
        listener.subscribe(CHANNEL, self._hear, self._doubt)

    @contextmanager
    def follow(self, tenant_id: UUID, store_id: str) -> Generator[Follower]:
        """A follower of one store, for as long as the context is open.

        Raises:
            LimitExceeded: the tenant has `MAX_FOLLOWERS`.
            Unavailable: the process is about to end.
        """
        if self._closed:
            raise Unavailable("change stream")
        if self._count[tenant_id] >= MAX_FOLLOWERS:
            raise LimitExceeded("change streams", LATER)
        key, follower = (tenant_id, store_id), Follower()
        self._count[tenant_id] += 1
        self._followers.setdefault(key, set()).add(follower)
        try:
            yield follower
        finally:
            self._followers[key].discard(follower)
            if not self._followers[key]:
                del self._followers[key]
            self._count[tenant_id] -= 1
            if not self._count[tenant_id]:
                del self._count[tenant_id]

    def close(self) -> None:
        """Tell every follower that it is over, and take no more."""
        self._closed = True
        for followers in self._followers.values():
            for follower in followers:
                follower.end()

    def _hear(self, payload: str) -> None:
        tenant, _, rest = payload.partition(" ")
        try:
            followers = self._followers.get((UUID(tenant), rest.partition(" ")[0]), ())
        except ValueError:  # no news of ours
            return
        for follower in followers:
            follower.wake()

    def _doubt(self) -> None:
        for followers in self._followers.values():
            for follower in followers:
                follower.wake()
