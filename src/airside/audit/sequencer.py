"""The sequencer: gives each record its place in the tenant's tree, and signs heads."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog

from airside.audit import heads, records
from airside.audit.journal import Journal
from airside.audit.model import Head, Tree
from airside.audit.tree import HASH_BYTES, Frontier
from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.errors import Inconsistent
from airside.store.context import RequestContext
from airside.store.engine import Engine
from airside.store.pace import rounds
from airside.vault import Vault

MAX_BATCH: Final = 5000
"""Records sequenced in one transaction."""
MAX_BATCHES: Final = 20
"""Batches of one head on demand; more than has ever waited on a server that runs."""
HEAD_EVERY: Final = timedelta(seconds=1)
"""A tenant's heads are at least this far apart."""
PASS_EVERY: Final = 0.5
"""Seconds between two passes over the tenants that journalled."""
AGAIN: Final = 5.0
"""Seconds after which a tenant is tried again that couldn't be settled: its key is away, say."""

_log = structlog.get_logger("airside.audit")


@dataclass(frozen=True, slots=True)
class Step:
    """What one pass over a tenant did; `settled` when nothing waits and the last head covers the whole tree."""

    sequenced: int
    settled: bool


class Sequencer:
    """Orders tenants' records. Any number of processes may run one: a row lock a tenant makes them take turns."""

    def __init__(self, *, journal: Journal, vault: Vault, entropy: Entropy) -> None:
        self._journal = journal
        self._vault = vault
        self._entropy = entropy
        self._followers: list[Callable[[UUID], None]] = []

    def follow(self, told: Callable[[UUID], None]) -> None:
        """Have `told` called with every tenant whose log this process has made longer, once that is committed."""
        self._followers.append(told)

    async def sequence(self, ctx: RequestContext) -> int:
        """Move waiting records (at most `MAX_BATCH`) into the tree, and sign a head if one is due; how many moved.

        Raises:
            Inconsistent: the stored tree contradicts itself.
        """
        return (await self._step(ctx)).sequenced

    async def backlog(self, ctx: RequestContext) -> records.Backlog:
        """Since when the tenant's records wait for their place, and for a head."""
        return await records.backlog(ctx)

    async def sign(self, ctx: RequestContext) -> None:
        """Move what waits into the tree and sign a head over it, however lately the last one was signed.

        Raises:
            Inconsistent: the stored tree contradicts itself.
        """
        for _ in range(MAX_BATCHES):
            if (await self._step(ctx, at_once=True)).settled:
                return

    async def run(self, *, engine: Engine, clock: Clock, tenants: Callable[[], Awaitable[Iterable[UUID]]]) -> None:
        """Sequence for ever: every `PASS_EVERY` who journalled here, and who is found waiting by rounds over all that
        `tenants` names."""
        found: set[UUID] = set()

        async def look(tenant_id: UUID) -> None:
            async with engine.begin(tenant_id) as ctx:
                if await records.work_waits(ctx):
                    found.add(tenant_id)

        async with asyncio.TaskGroup() as group:
            group.create_task(rounds(tenants, clock, look))
            group.create_task(self._pass(engine, clock, found))

    async def _pass(self, engine: Engine, clock: Clock, found: set[UUID]) -> None:
        waiting: set[UUID] = set()
        failed: set[UUID] = set()
        next_again = clock.monotonic()
        while True:
            waiting |= self._journal.drain() | found
            found.clear()
            if clock.monotonic() >= next_again:
                failed.clear()
                next_again = clock.monotonic() + AGAIN
            for tenant_id in waiting - failed:
                try:
                    if await self._settle(engine, tenant_id):
                        waiting.discard(tenant_id)
                except Exception:  # noqa: BLE001 - one tenant's trouble must not stop the others; it is tried again
                    _log.exception("audit records wait", tenant_id=str(tenant_id))
                    failed.add(tenant_id)
            await asyncio.sleep(PASS_EVERY)

    async def _settle(self, engine: Engine, tenant_id: UUID) -> bool:
        async with engine.begin(tenant_id) as ctx:
            step = await self._step(ctx)
        for told in self._followers if step.sequenced else ():
            told(tenant_id)
        return step.settled

    async def _step(self, ctx: RequestContext, *, at_once: bool = False) -> Step:
        if not await records.work_waits(ctx):
            return Step(0, True)
        tree = await records.lock_tree(ctx)
        taken = await records.take(ctx, MAX_BATCH)
        frontier, nodes = _frontier(tree).append([pending.leaf_hash for pending in taken])
        due = frontier.size > tree.head_size if at_once else _head_due(ctx, tree, frontier)
        head = await self._head(ctx, tree, frontier) if due else None
        await records.append(ctx, before=tree, taken=taken, after=frontier, nodes=nodes, head=head)
        signed = tree.head_size if head is None else head.tree_size
        return Step(len(taken), signed == frontier.size and len(taken) < MAX_BATCH)

    async def _head(self, ctx: RequestContext, tree: Tree, frontier: Frontier) -> Head:
        key = await heads.signing_key(ctx, self._vault, self._entropy)
        # Heads never go back in time, whatever a node's clock does.
        at = ctx.now if tree.head_at is None else max(ctx.now, tree.head_at)
        return heads.sign(key, ctx.tenant_id, tree_size=frontier.size, root=frontier.root(), at=at)


def _frontier(tree: Tree) -> Frontier:
    parts = [tree.frontier[at : at + HASH_BYTES] for at in range(0, len(tree.frontier), HASH_BYTES)]
    if len(parts) != tree.tree_size.bit_count() or len(tree.frontier) % HASH_BYTES:
        raise Inconsistent("the frontier of an audit tree doesn't fit its size", tree_size=tree.tree_size)
    return Frontier(tree.tree_size, tuple(parts))


def _head_due(ctx: RequestContext, tree: Tree, frontier: Frontier) -> bool:
    if frontier.size == tree.head_size:
        return False
    # A last head in the future (a clock set back) doesn't hold up the next one.
    return tree.head_at is None or not timedelta(0) <= ctx.now - tree.head_at < HEAD_EVERY
