"""Who waits for changes is woken, and only so many may wait."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, ExitStack
from uuid import UUID

import pytest

from airside.core.errors import LimitExceeded, Unavailable
from airside.permissions import Permissions, TupleKey
from airside.permissions.feed import Feed
from airside.store import Listener, RequestContext
from airside.store.followers import MAX_FOLLOWERS
from tests.permissions.conftest import MakeNode

OpenContext = Callable[..., AbstractAsyncContextManager[RequestContext]]
SOON = 5.0
KEY = TupleKey("user:anne", "viewer", "doc:1")


async def test_write_on_one_process_wakes_a_follower_on_another(
    permissions: Permissions, make_node: MakeNode, open_ctx: OpenContext, tenant_id: UUID, store_id: str
) -> None:
    async with make_node() as other:
        with other.feed.follow(tenant_id, store_id) as follower:
            async with open_ctx(tenant_id) as ctx:
                await permissions.tuples.write(ctx, store_id, writes=[KEY])
            assert await follower.news(SOON)


async def test_news_of_another_store_wakes_nobody(
    permissions: Permissions, open_ctx: OpenContext, tenant_id: UUID, store_id: str
) -> None:
    with permissions.feed.follow(tenant_id, "another") as other, permissions.feed.follow(tenant_id, store_id) as one:
        async with open_ctx(tenant_id) as ctx:
            await permissions.tuples.write(ctx, store_id, writes=[KEY])
        assert await one.news(SOON)
        assert not await other.news(0)


async def test_news_that_came_while_nobody_waited_counts_once(make_listener: Callable[[], Listener]) -> None:
    feed = Feed(make_listener())
    with feed.follow(UUID(int=1), "s") as follower:
        follower.wake()
        follower.wake()
        assert await follower.news(0)
        assert not await follower.news(0)


async def test_only_so_many_may_follow_and_a_place_comes_free(make_listener: Callable[[], Listener]) -> None:
    """N36: one tenant can't hold the process; another isn't touched."""
    feed, tenant, other = Feed(make_listener()), UUID(int=1), UUID(int=2)
    with ExitStack() as stack:
        for number in range(MAX_FOLLOWERS):
            stack.enter_context(feed.follow(tenant, f"store {number % 7}"))
        with pytest.raises(LimitExceeded), feed.follow(tenant, "one more"):
            pass
        with feed.follow(other, "theirs"):
            pass
    with feed.follow(tenant, "again"):
        pass


async def test_close_ends_every_follower_and_takes_no_more(make_listener: Callable[[], Listener]) -> None:
    feed = Feed(make_listener())
    with feed.follow(UUID(int=1), "a") as one, feed.follow(UUID(int=2), "b") as two:
        waiting = [asyncio.ensure_future(each.news(SOON)) for each in (one, two)]
        await asyncio.sleep(0)
        feed.close()
        assert await asyncio.gather(*waiting) == [True, True]
        assert (one.ended, two.ended) == (True, True)
        with pytest.raises(Unavailable), feed.follow(UUID(int=1), "a"):
            pass
