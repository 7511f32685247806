"""Freshness: what a node knows, when it knows it, and when it must ask."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Any, NoReturn
from uuid import UUID

import pytest

from airside.audit import Journal
from airside.core.clock import FixedClock
from airside.core.entropy import Entropy
from airside.core.errors import Unavailable
from airside.core.principal import ANONYMOUS, Origin
from airside.permissions import Permissions, Question, TupleKey, Verdict, View
from airside.permissions.indexes import FRESH
from airside.permissions.refusals import StoreNotFound
from airside.store import Engine, Listener, RequestContext

OpenContext = Callable[..., AbstractAsyncContextManager[RequestContext]]
MakeNode = Callable[[], AbstractAsyncContextManager[Permissions]]
ANNE = TupleKey("user:anne", "viewer", "doc:1")


class NoDatabase:
    """A transaction that must not be touched."""

    def __getattr__(self, name: str) -> NoReturn:
        raise AssertionError(f"the database was asked: {name}")


def question(store_id: str, *, at_least: int | None = None) -> Question:
    return Question(store_id, "user:anne", "viewer", "doc:1", at_least=at_least)


async def ask(node: Permissions, open_ctx: OpenContext, tenant_id: UUID, asked: Question) -> Verdict:
    async with open_ctx(tenant_id) as ctx:
        return await node.engine.check(ctx, asked)


async def write(node: Permissions, open_ctx: OpenContext, tenant_id: UUID, store_id: str, *, delete: bool) -> int:
    async with open_ctx(tenant_id) as ctx:
        if delete:
            return await node.tuples.write(ctx, store_id, deletes=[ANNE])
        return await node.tuples.write(ctx, store_id, writes=[ANNE])


async def test_warm_index_asks_no_database(
    permissions: Permissions, open_ctx: OpenContext, tenant_id: UUID, store_id: str
) -> None:
    await write(permissions, open_ctx, tenant_id, store_id, delete=False)
    first = await ask(permissions, open_ctx, tenant_id, question(store_id))
    nothing: Any = NoDatabase()
    bare = RequestContext(tenant_id, nothing, ANONYMOUS, datetime.now(UTC), "", Origin("-"))
    assert await permissions.engine.check(bare, question(store_id)) == first
    assert first.allowed
    assert first.lasting


async def test_writer_sees_its_own_commit_at_once(
    permissions: Permissions, open_ctx: OpenContext, tenant_id: UUID, store_id: str
) -> None:
    """N34: the very next question, and the cache before the engine, know of it."""
    for delete in (False, True, False, True):
        revision = await write(permissions, open_ctx, tenant_id, store_id, delete=delete)
        for _ in range(2):
            verdict = await ask(permissions, open_ctx, tenant_id, question(store_id))
            assert (verdict.allowed, verdict.revision) == (not delete, revision)


async def test_rolled_back_write_is_never_seen(
    permissions: Permissions, open_ctx: OpenContext, tenant_id: UUID, store_id: str
) -> None:
    """N34: neither while it is under way nor afterwards, not even by a question inside its own transaction."""
    await ask(permissions, open_ctx, tenant_id, question(store_id))
    with pytest.raises(RuntimeError):
        async with open_ctx(tenant_id) as ctx:
            await permissions.tuples.write(ctx, store_id, writes=[ANNE])
            head = Question(store_id, "user:anne", "viewer", "doc:1", at_least="head")
            assert not (await permissions.engine.check(ctx, head)).allowed
            raise RuntimeError
    assert not (await ask(permissions, open_ctx, tenant_id, question(store_id))).allowed


async def test_requests_that_hold_all_of_a_share_are_answered(
    permissions: Permissions, engine: Engine, open_ctx: OpenContext, tenant_id: UUID, store_id: str
) -> None:
    """The head is read on another connection, for which they don't wait until the first of them gives up."""
    await write(permissions, open_ctx, tenant_id, store_id, delete=False)
    share = engine.lender.state().most * 3 // 4
    all_hold = asyncio.Barrier(share)

    async def asked() -> bool:
        async with open_ctx(tenant_id) as ctx:
            await ctx.tx.run("select 1")
            await all_hold.wait()
            head = Question(store_id, "user:anne", "viewer", "doc:1", at_least="head")
            return (await permissions.engine.check(ctx, head)).allowed

    assert await asyncio.gather(*(asked() for _ in range(share))) == [True] * share


async def test_second_node_hears_of_a_write(
    permissions: Permissions, make_node: MakeNode, open_ctx: OpenContext, tenant_id: UUID, store_id: str
) -> None:
    """G18 in small: NOTIFY reaches the other process; with the writer's revision it answers right at once."""
    async with make_node() as other:
        assert not (await ask(other, open_ctx, tenant_id, question(store_id))).allowed
        revision = await write(permissions, open_ctx, tenant_id, store_id, delete=False)
        assert (await ask(other, open_ctx, tenant_id, question(store_id, at_least=revision))).allowed
        await write(permissions, open_ctx, tenant_id, store_id, delete=True)
        for _ in range(500):
            if not (await ask(other, open_ctx, tenant_id, question(store_id))).allowed:
                return
            await asyncio.sleep(0.01)
    pytest.fail("the other node never heard of it")


async def test_second_node_follows_a_new_model_and_a_deleted_store(
    permissions: Permissions, make_node: MakeNode, open_ctx: OpenContext, tenant_id: UUID, store_id: str
) -> None:
    head = Question(store_id, "user:anne", "viewer", "doc:1", at_least="head")
    async with make_node() as other:
        await write(permissions, open_ctx, tenant_id, store_id, delete=False)
        assert (await ask(other, open_ctx, tenant_id, head)).allowed
        async with open_ctx(tenant_id) as ctx:
            await permissions.models.write(
                ctx,
                store_id,
                "model\n  schema 1.1\ntype user\ntype team\ntype doc\n  relations\n    define viewer: [team]",
            )
        assert not (await ask(other, open_ctx, tenant_id, head)).allowed
        async with open_ctx(tenant_id) as ctx:
            await permissions.stores.delete(ctx, store_id)
        for node in (permissions, other):
            with pytest.raises(StoreNotFound):
                await ask(node, open_ctx, tenant_id, head)


async def test_silent_listener_means_asking_the_database_first(
    engine: Engine,
    make_listener: Callable[[], Listener],
    entropy: Entropy,
    journal: Journal,
    permissions: Permissions,
    open_ctx: OpenContext,
    tenant_id: UUID,
    store_id: str,
) -> None:
    """N34: a node that hears nothing is never staler than the bound. Its listener was never started."""
    clock = FixedClock(datetime.now(UTC))
    deaf = Permissions(engine=engine, listener=make_listener(), clock=clock, entropy=entropy, journal=journal)
    assert not (await ask(deaf, open_ctx, tenant_id, question(store_id))).allowed
    await write(permissions, open_ctx, tenant_id, store_id, delete=False)
    clock.advance(FRESH + 0.1)
    assert (await ask(deaf, open_ctx, tenant_id, question(store_id))).allowed


async def test_revision_that_never_was_is_not_answered(
    permissions: Permissions, open_ctx: OpenContext, tenant_id: UUID, store_id: str
) -> None:
    """N34: a forged revision gets no answer rather than a stale one."""
    with pytest.raises(Unavailable):
        await ask(permissions, open_ctx, tenant_id, question(store_id, at_least=10**9))


async def test_questions_during_many_writes_see_whole_commits(
    permissions: Permissions, make_node: MakeNode, open_ctx: OpenContext, tenant_id: UUID, store_id: str
) -> None:
    """Each commit moves anne from one document to the next: no revision has her on both, or on none."""
    async with open_ctx(tenant_id) as ctx:
        await permissions.tuples.write(ctx, store_id, writes=[TupleKey("user:anne", "viewer", "doc:0")])

    async def move() -> None:
        for number in range(15):
            async with open_ctx(tenant_id) as ctx:
                await permissions.tuples.write(
                    ctx,
                    store_id,
                    writes=[TupleKey("user:anne", "viewer", f"doc:{number + 1}")],
                    deletes=[TupleKey("user:anne", "viewer", f"doc:{number}")],
                )

    async with make_node() as other:
        moving = asyncio.create_task(move())
        while not moving.done():
            async with open_ctx(tenant_id) as ctx:
                view = View(store_id, at_least="head")
                listed = await other.lists.objects(ctx, view, subject="user:anne", relation="viewer", type_name="doc")
            assert len(listed.words) == 1
        await moving
