"""G19, the other half: a question for the head waits for it, within a bound, or is refused; it is never answered from
before.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest

from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.errors import Unavailable
from airside.permissions import TupleKey
from airside.permissions.indexes import FRESH, HEAD_PATIENCE
from airside.vault import Vault
from tests.gauntlet.nodes import Node, Wire, node, wire
from tests.makers import Database

ANNE = TupleKey("user:anne", "viewer", "doc:1")
MODEL = "model\n  schema 1.1\ntype user\ntype doc\n  relations\n    define viewer: [user]\n"
AT_ONCE = 30
BOUND = HEAD_PATIENCE + 1.0
"""Seconds within which every question for the head is answered or refused; one for a loaded machine."""


@dataclass(frozen=True)
class Far:
    """A node whose listener and whose statements go over wires, and another one beside it that always works."""

    node: Node
    news: Wire
    statements: Wire
    beside: Node
    tenant_id: UUID
    store_id: str

    async def give(self) -> int:
        return await self.beside.write(self.tenant_id, self.store_id, writes=(ANNE,))

    async def take(self) -> int:
        return await self.beside.write(self.tenant_id, self.store_id, deletes=(ANNE,))

    async def heads(self, clock: Clock) -> tuple[list[bool | type[BaseException]], float]:
        """Many questions for the head at once: each answer or refusal, and how long the last took."""
        begun = clock.monotonic()
        asked = (self.node.check(self.tenant_id, self.store_id, ANNE, "head") for _ in range(AT_ONCE))
        answers = await asyncio.gather(*asked, return_exceptions=True)
        said = [type(each) if isinstance(each, BaseException) else each.allowed for each in answers]
        return said, clock.monotonic() - begun


@pytest.fixture
async def far(database: Database, clock: Clock, entropy: Entropy, vault: Vault, tenant_id: UUID) -> AsyncIterator[Far]:
    async with AsyncExitStack() as stack:
        folders = [Path(stack.enter_context(tempfile.TemporaryDirectory())) for _ in range(2)]
        news, statements = [await stack.enter_async_context(wire(database.app, folder)) for folder in folders]
        made = await stack.enter_async_context(
            node(statements.dsn, listener_dsn=news.dsn, clock=clock, entropy=entropy, vault=vault)
        )
        beside = await stack.enter_async_context(node(database.app, clock=clock, entropy=entropy, vault=vault))
        store_id = await beside.store(tenant_id, MODEL)
        yield Far(made, news, statements, beside, tenant_id, store_id)


@pytest.mark.gauntlet
@pytest.mark.alone  # beside other work a node refuses for want of time: right, and no news
async def test_head_is_seen_by_a_node_that_hears_nothing(far: Far, clock: Clock) -> None:
    """Its listener's wire is dead, and it doesn't know yet. Without a demand it is stale for `FRESH` at most."""
    await far.give()
    assert (await far.heads(clock))[0] == [True] * AT_ONCE
    far.news.hush()
    revision = await far.take()
    taken_at = clock.monotonic()
    for at_least in ("head", revision):
        assert not (await far.node.check(far.tenant_id, far.store_id, ANNE, at_least)).allowed
    await far.give()
    taken_at = clock.monotonic()
    await far.take()
    # The node has seen the first taking, and can't know of what came since.
    last_yes = taken_at
    while clock.monotonic() - taken_at < FRESH + 2:
        if (await far.node.check(far.tenant_id, far.store_id, ANNE)).allowed:
            last_yes = clock.monotonic()
        await asyncio.sleep(0.05)
    assert last_yes - taken_at <= FRESH + 1


@pytest.mark.gauntlet
@pytest.mark.alone  # beside other work a node refuses for want of time: right, and no news
@pytest.mark.parametrize("away", ["cut", "hushed"])
async def test_head_without_a_database_is_refused_within_the_bound(
    far: Far, clock: Clock, away: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Never a yes, and never a wait without end: not for the first, and not for those who wait behind it."""
    await far.give()
    assert (await far.heads(clock))[0] == [True] * AT_ONCE
    wires = (far.news, far.statements)
    for each in wires:
        each.cut() if away == "cut" else each.hush()
    await far.take()
    said, seconds = await far.heads(clock)
    warm, more = await far.heads(clock)
    for each in wires:
        each.mend()
    with capsys.disabled():
        print(f"\nG19 head, database {away}: {2 * AT_ONCE} questions, 0 yes, last after {max(seconds, more):.1f} s")
    assert (said, warm) == ([Unavailable] * AT_ONCE, [Unavailable] * AT_ONCE)
    assert max(seconds, more) <= BOUND
    async with asyncio.timeout(12):
        while True:
            said, _ = await far.heads(clock)
            assert True not in said
            if said == [False] * AT_ONCE:
                break


@pytest.mark.gauntlet
@pytest.mark.alone  # beside other work a node refuses for want of time: right, and no news
async def test_head_of_a_store_that_isnt_in_memory_is_refused_too(far: Far, clock: Clock) -> None:
    await far.give()
    far.statements.cut()
    said, seconds = await far.heads(clock)
    assert said == [Unavailable] * AT_ONCE
    assert seconds <= BOUND
