"""G02: fifty parallel uses of one refresh token, on two nodes: exactly one successor each, and none lost."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from uuid import UUID

import pytest

from airside.audit import Journal
from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.errors import Unavailable
from airside.revocation import Revocations
from airside.store import Engine, Listener
from airside.tokens import AccessGrant, RefreshFamilies
from airside.vault import Vault
from tests.conftest import EngineFactory

PARALLEL = 50
ROUNDS = 1000 if os.environ.get("AIRSIDE_GAUNTLET_FULL") == "1" else 20
CLIENT = "cli_racer"
GRANT = AccessGrant(subject="usr_racer", client_id=CLIENT, audience=("api",), scope=frozenset({"a"}))


@dataclass(frozen=True)
class Node:
    """One process' worth of services on its own engine."""

    engine: Engine
    families: RefreshFamilies


@dataclass(frozen=True)
class Count:
    tokens: int
    unspent: int


@pytest.fixture
async def nodes(
    engine_factory: EngineFactory, make_listener: Callable[[], Listener], vault: Vault, entropy: Entropy
) -> AsyncIterator[tuple[Node, Node]]:
    listeners = [make_listener(), make_listener()]
    async with engine_factory() as one, engine_factory() as two:
        made: list[Node] = []
        for engine, listener in zip((one, two), listeners, strict=True):
            revocations = Revocations(listener=listener, entropy=entropy)
            await listener.start()
            journal = Journal(vault=vault, entropy=entropy)
            families = RefreshFamilies(entropy=entropy, revocations=revocations, journal=journal)
            made.append(Node(engine, families))
        yield made[0], made[1]
        for listener in listeners:
            await listener.stop()


async def rotate(node: Node, tenant_id: UUID, token: str, retries: int = 3) -> str:
    """A use, again where the server was too busy (503): the retry of a client whose answer was lost."""
    try:
        async with node.engine.begin(tenant_id) as ctx:
            return (await node.families.rotate(ctx, token, CLIENT, public=True)).token.reveal()
    except Unavailable:
        if not retries:
            raise
        return await rotate(node, tenant_id, token, retries - 1)


@pytest.mark.gauntlet
async def test_fifty_parallel_uses_on_two_nodes_have_exactly_one_successor(
    nodes: tuple[Node, Node], tenant_id: UUID, clock: Clock, capsys: pytest.CaptureFixture[str]
):
    """G02; its mutant rotates a token without asking whether it is spent."""
    begun = clock.monotonic()
    async with nodes[0].engine.begin(tenant_id) as ctx:
        started = await nodes[0].families.start(ctx, replace(GRANT, auth_time=ctx.now))
    token = started.token.reveal()
    successors: list[set[str]] = []
    for _ in range(ROUNDS):
        uses = (rotate(nodes[number % 2], tenant_id, token) for number in range(PARALLEL))
        answers = set(await asyncio.gather(*uses))
        successors.append(answers)
        token = min(answers)
    async with nodes[0].engine.begin(tenant_id) as ctx:
        statement = "select count(*) as tokens, count(*) filter (where spent_at is null) as unspent"
        statement += " from airside.refresh_token where tenant_id = %s"
        counted = await ctx.tx.one(Count, statement, (tenant_id,))
    wrong = [answers for answers in successors if len(answers) != 1]
    seconds = clock.monotonic() - begun
    with capsys.disabled():
        print(
            f"\nG02: {ROUNDS} tokens used {PARALLEL} times in parallel on 2 nodes: "
            f"{len(wrong)} with other than one successor, {ROUNDS * PARALLEL / seconds:,.0f} uses/s"
        )
    assert wrong == []
    assert counted == Count(ROUNDS + 1, 1)
