"""Revoking and hearing of it: on this node, on another, after a gap, in silence."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from airside.core.entropy import Entropy
from airside.core.errors import InvalidInput, Unavailable
from airside.revocation import CHANNEL, MAX_SILENCE, Entry, Revocations, news
from airside.revocation.revocations import MARGIN
from airside.store import Listener
from airside.store.followers import Followers
from tests.conftest import MakeTenant, OpenContext
from tests.tokens.kit import Kit

CLAIMS: dict[str, Any] = {"jti": "j", "sid": "s", "fam": "f", "client_id": "c"}


class Wire:
    """A listener whose silence and gaps a test decides. Speaks the same protocol; hears nothing by itself."""

    def __init__(self) -> None:
        self.silence = 0.0

    def subscribe(self, channel: str, on_message: Callable[[str], None], on_gap: Callable[[], None]) -> None:
        assert channel == CHANNEL
        self.say, self.gap = on_message, on_gap

    def silent_for(self) -> float:
        return self.silence


def on_a(wire: Wire, entropy: Entropy) -> Revocations:
    listener: Any = wire
    return Revocations(listener=listener, entropy=entropy)


async def revoke(kit: Kit, service: Revocations, sub: str, seconds: float = 0.0, life: float = 900) -> None:
    async with kit.at(seconds) as ctx:
        until = ctx.now + timedelta(seconds=life)
        await service.revoke(ctx, "sub", sub, before=ctx.now, expires_at=until)


async def covered(kit: Kit, service: Revocations, sub: str, seconds: float = 0.0) -> bool:
    async with kit.at(seconds) as ctx:
        revoked = await service.current(ctx)
        return revoked.covers(**CLAIMS, sub=sub, issued_at=int(kit.start.timestamp()))


async def within_a_second(kit: Kit, service: Revocations, sub: str) -> bool:
    for _ in range(100):
        if await covered(kit, service, sub):
            return True
        await asyncio.sleep(0.01)
    return False


@pytest.fixture
async def another_node(make_listener: Callable[[], Listener], entropy: Entropy) -> AsyncIterator[Revocations]:
    listener = make_listener()
    service = Revocations(listener=listener, entropy=entropy)
    await listener.start()
    yield service
    await listener.stop()


async def test_takes_hold_on_this_node_at_commit(kit: Kit, entropy: Entropy):
    """N19: read your own writes, without waiting for the news."""
    service = on_a(Wire(), entropy)
    assert not await covered(kit, service, "u")
    await revoke(kit, service, "u")
    assert await covered(kit, service, "u")


async def test_takes_hold_on_another_node_within_a_second(kit: Kit, another_node: Revocations):
    """N19"""
    assert not await covered(kit, another_node, "u")
    await revoke(kit, kit.revocations, "u")
    assert await within_a_second(kit, another_node, "u")


async def test_revocation_that_rolls_back_has_not_happened(kit: Kit):
    assert not await covered(kit, kit.revocations, "u")
    with pytest.raises(RuntimeError, match="undone"):
        async with kit.at() as ctx:
            await kit.revocations.revoke(ctx, "sub", "u", expires_at=ctx.now)
            raise RuntimeError("undone")
    assert not await covered(kit, kit.revocations, "u")


async def test_is_of_one_tenant_only(kit: Kit, make_tenant: MakeTenant, open_ctx: OpenContext):
    """N20"""
    await revoke(kit, kit.revocations, "u")
    async with open_ctx(await make_tenant()) as ctx:
        assert len(await kit.revocations.current(ctx)) == 0


async def test_warm_set_is_the_same_value_and_what_was_missed_in_a_gap_is_read(kit: Kit, entropy: Entropy):
    wire = Wire()
    deaf = on_a(wire, entropy)
    assert not await covered(kit, deaf, "u")
    await revoke(kit, kit.revocations, "u")
    assert not await covered(kit, deaf, "u"), "nobody has told it yet"
    wire.gap()
    assert await covered(kit, deaf, "u")


async def test_unreadable_news_counts_as_a_gap(kit: Kit, entropy: Entropy):
    """N04"""
    wire = Wire()
    deaf = on_a(wire, entropy)
    await covered(kit, deaf, "u")
    await revoke(kit, kit.revocations, "u")
    wire.say("{")
    assert await covered(kit, deaf, "u")


async def test_silence_beyond_the_bound_is_unavailable_not_unrevoked(kit: Kit, entropy: Entropy):
    """N04: fail secure, on a warm set too."""
    wire = Wire()
    service = on_a(wire, entropy)
    await covered(kit, service, "u")
    wire.silence = MAX_SILENCE + 0.1
    with pytest.raises(Unavailable):
        await covered(kit, service, "u")
    wire.silence = MAX_SILENCE
    assert not await covered(kit, service, "u")


async def test_listener_that_never_heard_anything_is_unavailable(
    kit: Kit, make_listener: Callable[[], Listener], entropy: Entropy
):
    """N04"""
    with pytest.raises(Unavailable):
        await covered(kit, Revocations(listener=make_listener(), entropy=entropy), "u")


class Gapped:
    """A transaction in which a gap in the news happens while the set is being read."""

    def __init__(self, inner: Any, gap: Callable[[], None], times: int) -> None:
        self._inner, self._gap, self._times = inner, gap, times

    async def all(self, *arguments: Any) -> Any:
        if self._times:
            self._times -= 1
            self._gap()
        return await self._inner.all(*arguments)


@pytest.mark.parametrize(("gaps", "known"), [(0, True), (2, True), (3, False)])
async def test_gap_while_reading_reads_again_and_gives_up_in_the_end(
    gaps: int, known: bool, kit: Kit, entropy: Entropy
):
    wire = Wire()
    service = on_a(wire, entropy)
    async with kit.at() as ctx:
        broken: Any = Gapped(ctx.tx, wire.gap, gaps)
        if known:
            await service.current(replace(ctx, tx=broken))
        else:
            with pytest.raises(Unavailable):
                await service.current(replace(ctx, tx=broken))


class Told:
    """A transaction in which news arrives after the snapshot was taken, before it is handed over."""

    def __init__(self, inner: Any, say: Callable[[], None]) -> None:
        self._inner, self._say = inner, say

    async def all(self, *arguments: Any) -> Any:
        rows = await self._inner.all(*arguments)
        self._say()
        return rows


async def test_news_while_reading_is_not_lost(kit: Kit, entropy: Entropy):
    """N19: the race between reading the rows and keeping the set."""
    wire = Wire()
    service = on_a(wire, entropy)
    payload = news.write(kit.tenant_id, Entry("sub", "u", 2**40, 2**41))
    async with kit.at() as ctx:
        told: Any = Told(ctx.tx, lambda: wire.say(payload))
        await service.current(replace(ctx, tx=told))
    assert await covered(kit, service, "u")


async def test_ended_entries_are_swept_from_rows_and_memory(kit: Kit):
    await revoke(kit, kit.revocations, "u", life=10)
    await revoke(kit, kit.revocations, "v", life=10_000)
    assert await covered(kit, kit.revocations, "u")
    late = 10 + MARGIN.total_seconds() + 1
    async with kit.at(9 + MARGIN.total_seconds()) as ctx:
        assert await kit.revocations.sweep(ctx) == 0
    assert await covered(kit, kit.revocations, "u", late)
    async with kit.at(late) as ctx:
        assert await kit.revocations.sweep(ctx) == 1
    assert not await covered(kit, kit.revocations, "u", late)
    assert await covered(kit, kit.revocations, "v", late)


@pytest.mark.parametrize("id", ["", "i" * 257, "a\x00b"])
async def test_malformed_id_is_refused(id: str, kit: Kit):
    async with kit.at() as ctx:
        with pytest.raises(InvalidInput):
            await kit.revocations.revoke(ctx, "sub", id, expires_at=ctx.now)


@pytest.mark.parametrize("way", ["followers", "polls"])
async def test_whoever_waits_hears_at_once_and_is_not_woken_without_news(kit: Kit, way: str):
    async with kit.at() as ctx:
        start = await kit.revocations.follow(ctx, "")
        assert start.entries == ()
    waiting: Followers = getattr(kit.revocations, way)
    with waiting.follow(kit.tenant_id) as follower:
        assert not await follower.news(0.05)
        await revoke(kit, kit.revocations, "u")
        assert await follower.news(1)
        async with kit.at() as ctx:
            assert [entry.id for entry in (await kit.revocations.follow(ctx, start.cursor)).entries] == ["u"]


async def test_nobody_waits_when_the_process_ends(entropy: Entropy, tenant_id: UUID):
    revocations = on_a(Wire(), entropy)
    with revocations.followers.follow(tenant_id) as stream, revocations.polls.follow(tenant_id) as poll:
        revocations.close()
        assert stream.ended
        assert poll.ended
    for ended in (revocations.followers, revocations.polls):
        with pytest.raises(Unavailable), ended.follow(tenant_id):
            pass


async def test_fifty_at_once_all_take_hold(kit: Kit, another_node: Revocations):
    await covered(kit, another_node, "u")
    names = [UUID(int=number).hex for number in range(50)]
    await asyncio.gather(*(revoke(kit, kit.revocations, name) for name in names))
    assert all([await within_a_second(kit, another_node, name) for name in names])
