"""Clients in memory: for a second at most, and never longer than it takes to hear of a change."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import pytest

from airside.audit import Journal
from airside.core.clock import FixedClock
from airside.fetch import Fetcher
from airside.oauth import Client, ClientMemory, Clients, SectorIdentifiers
from airside.oauth.client_memory import REMEMBERED
from airside.store import Listener, RequestContext
from airside.vault import Vault
from tests.makers import MakeTenant
from tests.oauth.provider import SERVICE, Provider


class NoDatabase:
    """A transaction that can't be opened: it answers every call by failing the test."""

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"the database was asked: {name}")


@dataclass(frozen=True)
class Node:
    """One process' worth: its memory, its clock, and its own way to change clients."""

    memory: ClientMemory
    clock: FixedClock
    clients: Clients

    async def find(self, provider: Provider, client: Client) -> Client | None:
        async with provider.ctx() as ctx:
            return await self.memory.find(ctx, client.word)

    async def remembers(self, provider: Provider, client: Client) -> bool:
        """Whether it would answer without the database."""
        async with provider.ctx() as ctx:
            return self.memory.known(msgspec.structs.replace(ctx, tx=NoDatabase()), client.word) is not None


@pytest.fixture
async def nodes(
    provider: Provider, vault: Vault, make_listener: Callable[[], Listener]
) -> AsyncIterator[tuple[Node, Node]]:
    made: list[Node] = []
    journal = Journal(vault=vault, entropy=provider.entropy)
    listeners = [make_listener(), make_listener()]
    for listener in listeners:
        clock = FixedClock(provider.clock.now())
        memory = ClientMemory(listener=listener, clock=clock)
        clients = Clients(
            entropy=provider.entropy,
            journal=journal,
            families=provider.families,
            memory=memory,
            key_rotation=provider.rotation,
            sectors=SectorIdentifiers(fetcher=Fetcher()),
        )
        made.append(Node(memory, clock, clients))
        await listener.start()
    yield made[0], made[1]
    for listener in listeners:
        await listener.stop()


async def test_client_is_read_once_a_second(provider: Provider, nodes: tuple[Node, Node]) -> None:
    node, client = nodes[0], (await provider.client(SERVICE))[0]
    assert not await node.remembers(provider, client)
    assert await node.find(provider, client) == client
    assert await node.remembers(provider, client)
    node.clock.advance(REMEMBERED)
    assert not await node.remembers(provider, client)


async def test_nobody_is_not_remembered(provider: Provider, nodes: tuple[Node, Node]) -> None:
    client = (await provider.client(SERVICE))[0]
    other = replace(client, client_id=provider.kit.tenant_id)
    async with provider.ctx() as ctx:
        assert await nodes[0].memory.find(ctx, client.word + "x") is None
    assert await nodes[0].find(provider, other) is None
    assert not await nodes[0].remembers(provider, other)


async def change(how: str, node: Node, ctx: RequestContext, client: Client) -> None:
    if how == "disabled":
        await node.clients.disable(ctx, client.client_id)
    elif how == "deleted":
        await node.clients.delete(ctx, client.client_id)
    else:
        await node.clients.rotate_secret(ctx, client.client_id)


@pytest.mark.parametrize("how", ["disabled", "deleted", "secret rotated"])
async def test_change_is_known_here_with_its_commit_and_there_with_the_news(
    provider: Provider, nodes: tuple[Node, Node], how: str
) -> None:
    """N18, N19: whatever the clocks say, which stand still here."""
    here, there = nodes
    client = (await provider.client(SERVICE))[0]
    for node in nodes:
        await node.find(provider, client)
    async with provider.ctx() as ctx:
        await change(how, here, ctx, client)
        assert await here.remembers(provider, client)
    assert not await here.remembers(provider, client)
    for _ in range(200):
        if not await there.remembers(provider, client):
            break
        await asyncio.sleep(0.005)
    assert not await there.remembers(provider, client)
    assert await there.find(provider, client) != client


async def test_enabled_client_is_known_too(provider: Provider, nodes: tuple[Node, Node]) -> None:
    here, client = nodes[0], (await provider.client(SERVICE))[0]
    async with provider.ctx() as ctx:
        await here.clients.disable(ctx, client.client_id)
    found = await here.find(provider, client)
    assert found is not None
    assert found.state == "disabled"
    async with provider.ctx() as ctx:
        await here.clients.enable(ctx, client.client_id)
    found = await here.find(provider, client)
    assert found is not None
    assert found.state == "active"


async def test_what_was_read_before_a_change_is_not_kept_after_it(provider: Provider, nodes: tuple[Node, Node]) -> None:
    """N19: a reading that began before the change and ends after it."""
    here, client = nodes[0], (await provider.client(SERVICE))[0]
    async with provider.ctx() as reading:
        assert await here.memory.find(reading, client.word) == client
        async with provider.ctx() as ctx:
            await here.clients.disable(ctx, client.client_id)
    assert not await here.remembers(provider, client)


async def test_what_rolls_back_was_never_so(provider: Provider, nodes: tuple[Node, Node]) -> None:
    here, client = nodes[0], (await provider.client(SERVICE))[0]
    with pytest.raises(ZeroDivisionError):
        async with provider.ctx() as ctx:
            await here.clients.disable(ctx, client.client_id)
            assert await here.memory.find(ctx, client.word) != client
            raise ZeroDivisionError
    assert await here.find(provider, client) == client


async def test_client_of_one_tenant_is_not_anothers(
    provider: Provider, nodes: tuple[Node, Node], make_tenant: MakeTenant
) -> None:
    """N20."""
    here, client = nodes[0], (await provider.client(SERVICE))[0]
    await here.find(provider, client)
    async with provider.kit.open_ctx(await make_tenant()) as ctx:
        assert here.memory.known(ctx, client.word) is None
        assert await here.memory.find(ctx, client.word) is None
