"""Who waits for news of a tenant, bounded, and ended when the process is."""

import asyncio
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final
from uuid import UUID

from airside.core.errors import LimitExceeded, Unavailable

MAX_FOLLOWERS: Final = 100
"""Followers of one kind of news that a tenant may have in one process."""
LATER: Final = 5.0
"""Seconds after which one too many may try again."""


class Follower:
    """One who waits. News says only that something may have happened: what it was is to be read where it is kept."""

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


class Followers:
    """Those who follow one kind of news, called `name`; within a tenant by `topic`, where the news has any, and then
    `of_topic` of each at most."""

    def __init__(self, name: str, *, of_topic: int = MAX_FOLLOWERS) -> None:
        self._name = name
        self._of_topic = of_topic
        self._followers: dict[tuple[UUID, str], set[Follower]] = {}
        self._count: Counter[UUID] = Counter()
        self._closed = False

    @contextmanager
    def follow(self, tenant_id: UUID, topic: str = "") -> Generator[Follower]:
        """A follower, for as long as the context is open.

        Raises:
            LimitExceeded: the tenant has `MAX_FOLLOWERS`, or the topic as many as it may.
            Unavailable: the process is about to end.
        """
        if self._closed:
            raise Unavailable(self._name)
        key, follower = (tenant_id, topic), Follower()
        if self._count[tenant_id] >= MAX_FOLLOWERS or len(self._followers.get(key, ())) >= self._of_topic:
            raise LimitExceeded(self._name, LATER)
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

    def count(self, tenant_id: UUID) -> int:
        """How many follow anything of the tenant."""
        return self._count[tenant_id]

    def wake(self, tenant_id: UUID, topic: str = "") -> None:
        """There may be news of this tenant."""
        for follower in self._followers.get((tenant_id, topic), ()):
            follower.wake()

    def hear(self, payload: str) -> None:
        """News as NOTIFY brings it: a tenant and a topic, and whatever else, with spaces between."""
        tenant, _, rest = payload.partition(" ")
        try:
            tenant_id = UUID(tenant)
        except ValueError:  # no news of ours
            return
        self.wake(tenant_id, rest.partition(" ")[0])

    def wake_all(self) -> None:
        """There may be news of any tenant."""
        for followers in self._followers.values():
            for follower in followers:
                follower.wake()

    def close(self) -> None:
        """Tell every follower that it is over, and take no more."""
        self._closed = True
        for followers in self._followers.values():
            for follower in followers:
                follower.end()
