"""Clients in memory: for a second at most, and never longer than it takes to hear of a change."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import pytest

from airside.core.clock import FixedClock
from airside.oauth import Client, ClientChange, ClientMemory
from airside.oauth.client_memory import REMEMBERED
from airside.store import Listener, RequestContext
from tests.makers import MakeTenant
from tests.oauth.provider import SERVICE, Provider


class NoDatabase:
    """A transaction that can't be opened: it answers every call by failing the test."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"the database was asked: {name}")


@dataclass(frozen=True)
class Node:
    """Another process' memory, and its clock, which stands still."""

    memory: ClientMemory
    clock: FixedClock

    async def find(self, provider: Provider, client: Client) -> Client | None:
        async with provider.ctx() as ctx:
            return await self.memory.find(ctx, client.word)

    async def remembers(self, provider: Provider, client: Client) -> bool:
        """Whether it would answer without the database."""
        async with provider.ctx() as ctx:
            return self.memory.known(msgspec.structs.replace(ctx, tx=NoDatabase()), client.word) is not None


@pytest.fixture
async def there(provider: Provider, make_listener: Callable[[], Listener]) -> AsyncIterator[Node]:
    listener, clock = make_listener(), FixedClock(provider.clock.now())
    memory = ClientMemory(listener=listener, clock=clock)
    await listener.start()
    yield Node(memory, clock)
    await listener.stop()


async def test_client_is_read_once_a_second(provider: Provider, there: Node) -> None:
    client = (await provider.client(SERVICE))[0]
    assert not await there.remembers(provider, client)
    assert await there.find(provider, client) == client
    assert await there.remembers(provider, client)
    there.clock.advance(REMEMBERED)
    assert not await there.remembers(provider, client)


async def test_nobody_is_not_remembered(provider: Provider, there: Node) -> None:
    client = (await provider.client(SERVICE))[0]
    other = replace(client, client_id=provider.kit.tenant_id)
    async with provider.ctx() as ctx:
        assert await there.memory.find(ctx, client.word + "x") is None
    assert await there.find(provider, other) is None
    assert not await there.remembers(provider, other)


async def change(how: str, provider: Provider, ctx: RequestContext, client: Client) -> None:
    if how == "disabled":
        await provider.clients.disable(ctx, client.client_id)
    elif how == "deleted":
        await provider.clients.delete(ctx, client.client_id)
    elif how == "changed":
        await provider.clients.update(ctx, client.client_id, ClientChange(scopes=frozenset({"notes:read"})))
    else:
        await provider.clients.rotate_secret(ctx, client.client_id)


@pytest.mark.parametrize("how", ["disabled", "deleted", "secret rotated", "changed"])
async def test_change_is_known_here_with_its_commit_and_there_with_the_news(
    provider: Provider, there: Node, how: str
) -> None:
    """N18, N19: whatever the clock there says, which stands still."""
    client = (await provider.client(SERVICE))[0]
    assert await there.find(provider, client) == client
    async with provider.ctx() as ctx:
        assert await provider.lookup.find(ctx, client.word) == client
    async with provider.ctx() as ctx:
        await change(how, provider, ctx, client)
        assert await there.remembers(provider, client)
    async with provider.ctx() as ctx:
        assert provider.lookup.known(ctx, client.word) is None
        assert await provider.lookup.find(ctx, client.word) != client
    for _ in range(200):
        if not await there.remembers(provider, client):
            break
        await asyncio.sleep(0.005)
    assert not await there.remembers(provider, client)
    assert await there.find(provider, client) != client


async def test_enabled_client_is_known_too(provider: Provider) -> None:
    client, states = (await provider.client(SERVICE))[0], list[str]()
    for verb in (provider.clients.disable, provider.clients.enable):
        async with provider.ctx() as ctx:
            await verb(ctx, client.client_id)
        async with provider.ctx() as ctx:
            found = await provider.lookup.find(ctx, client.word)
        states.append("" if found is None else found.state)
    assert states == ["disabled", "active"]


async def test_what_was_read_before_a_change_is_not_kept_after_it(provider: Provider) -> None:
    """N19: a reading that began before the change and ends after it."""
    client = (await provider.client(SERVICE))[0]
    async with provider.ctx() as reading:
        assert await provider.lookup.find(reading, client.word) == client
        async with provider.ctx() as ctx:
            await provider.clients.disable(ctx, client.client_id)
    async with provider.ctx() as ctx:
        assert provider.lookup.known(ctx, client.word) is None


async def test_what_rolls_back_was_never_so(provider: Provider) -> None:
    client = (await provider.client(SERVICE))[0]
    with pytest.raises(ZeroDivisionError):
        async with provider.ctx() as ctx:
            await provider.clients.disable(ctx, client.client_id)
            assert await provider.lookup.find(ctx, client.word) != client
            raise ZeroDivisionError
    async with provider.ctx() as ctx:
        assert await provider.lookup.find(ctx, client.word) == client


async def test_client_of_one_tenant_is_not_anothers(provider: Provider, there: Node, make_tenant: MakeTenant) -> None:
    """N20."""
    client = (await provider.client(SERVICE))[0]
    await there.find(provider, client)
    async with provider.kit.open_ctx(await make_tenant()) as ctx:
        assert there.memory.known(ctx, client.word) is None
        assert await there.memory.find(ctx, client.word) is None
