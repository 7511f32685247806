"""What is remembered of permissions is forgotten within a second, and never stands in a writer's way."""

import asyncio
from collections.abc import Callable

import pytest

from airside.core.clock import FixedClock
from airside.core.errors import Misconfigured, Unavailable
from airside.fetch import Fetcher
from airside.sdk import Permissions, ServiceClient, TupleKey
from airside.sdk.remembered import RememberedPermissions
from tests.sdk.peer import STORE, Peer

ANNE = TupleKey("user:anne", "editor", "note:1")


@pytest.fixture
def permissions(
    peer: Peer, fetcher: Fetcher, make_client: Callable[..., ServiceClient], moment: FixedClock
) -> RememberedPermissions:
    inner = Permissions(peer.address, STORE, make_client(), fetcher=fetcher)
    return RememberedPermissions(inner, clock=moment, most=2)


async def test_answer_holds_for_half_a_second(
    permissions: RememberedPermissions, peer: Peer, moment: FixedClock
) -> None:
    """N34: what is taken away by others takes hold when it has passed."""
    peer.tuples.add(("user:anne", "editor", "note:1"))
    for _ in range(3):
        assert await permissions.check("user:anne", "editor", "note:1")
    assert peer.asked["check"] == 1
    peer.tuples.clear()
    moment.advance(0.49)
    assert await permissions.check("user:anne", "editor", "note:1")
    assert not await permissions.check("user:anne", "editor", "note:1", at_least="1")
    moment.advance(0.5)
    assert not await permissions.check("user:anne", "editor", "note:1")


async def test_writer_sees_what_they_wrote(permissions: RememberedPermissions, peer: Peer) -> None:
    assert not await permissions.check("user:anne", "editor", "note:1")
    await permissions.write([ANNE])
    assert await permissions.check("user:anne", "editor", "note:1")
    await permissions.write(deletes=[ANNE])
    asked, _ = await asyncio.gather(permissions.check("user:anne", "editor", "note:1"), permissions.write([ANNE]))
    assert asked in (True, False), "asked while it was written: either"
    assert await permissions.check("user:anne", "editor", "note:1"), "but what it was isn't remembered"


async def test_memory_is_bounded_and_failures_are_not_in_it(permissions: RememberedPermissions, peer: Peer) -> None:
    for number in (1, 2, 3, 1):
        await permissions.check("user:anne", "editor", f"note:{number}")
    assert peer.asked["check"] == 4
    peer.down.add("check")
    with pytest.raises(Unavailable):
        await permissions.check("user:anne", "editor", "note:9")
    peer.down.clear()
    assert not await permissions.check("user:anne", "editor", "note:9")


@pytest.mark.parametrize("seconds", [0.0, -1.0, 1.1, float("nan")], ids=str)
async def test_memory_that_lasts_too_long_is_refused(
    peer: Peer, fetcher: Fetcher, make_client: Callable[..., ServiceClient], moment: FixedClock, seconds: float
) -> None:
    inner = Permissions(peer.address, STORE, make_client(), fetcher=fetcher)
    with pytest.raises(Misconfigured):
        RememberedPermissions(inner, clock=moment, seconds=seconds)
