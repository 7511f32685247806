"""N34: the cache in front of the engine answers what the engine would, and nothing else."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from uuid import UUID

import pytest

from airside.core.strict_json import Json
from airside.permissions import Grant, PermissionEngine, Permissions, Question, Terms, TupleKey, Verdict
from airside.permissions.cached import Cached
from airside.permissions.indexes import Indexes
from airside.permissions.refusals import MissingParameters
from airside.permissions.walk import Walk
from airside.store import RequestContext

OpenContext = Callable[..., AbstractAsyncContextManager[RequestContext]]


class Counting:
    """An engine that counts what reaches it."""

    def __init__(self, inner: PermissionEngine) -> None:
        self._inner = inner
        self.asked = 0

    async def check(self, ctx: RequestContext, question: Question) -> Verdict:
        self.asked += 1
        return await self._inner.check(ctx, question)


async def test_second_answer_is_remembered_and_a_write_forgets_it(
    permissions: Permissions, indexes: Indexes, open_ctx: OpenContext, tenant_id: UUID, store_id: str
) -> None:
    asked = Question(store_id, "user:anne", "viewer", "doc:1")
    counting = Counting(Walk(indexes))
    cached = Cached(counting, indexes)
    async with open_ctx(tenant_id) as ctx:
        await cached.check(ctx, asked)  # loads the index
        counting.asked = 0
        for _ in range(3):
            assert not (await cached.check(ctx, asked)).allowed
        assert counting.asked == 1
        await permissions.tuples.write(ctx, store_id, writes=[TupleKey("user:anne", "viewer", "doc:1")])
    async with open_ctx(tenant_id) as ctx:
        assert (await cached.check(ctx, asked)).allowed


async def test_questions_that_differ_in_one_word_do_not_collide(
    permissions: Permissions, open_ctx: OpenContext, tenant_id: UUID, store_id: str
) -> None:
    async with open_ctx(tenant_id) as ctx:
        await permissions.tuples.write(ctx, store_id, writes=[TupleKey("user:a", "viewer", "doc:1")])
    expected = {
        ("user:a", "viewer", "doc:1"): True,
        ("user:a", "viewer", "doc:11"): False,
        ("user:a", "owner", "doc:1"): False,
        ("user:a1", "viewer", "doc:1"): False,
        ("user:a", "viewer", "folder:1"): False,
    }
    async with open_ctx(tenant_id) as ctx:
        for _ in range(2):
            for words, allowed in expected.items():
                assert (await permissions.engine.check(ctx, Question(store_id, *words))).allowed is allowed


async def test_full_cache_drops_its_older_half_and_stays_right(
    permissions: Permissions, indexes: Indexes, open_ctx: OpenContext, tenant_id: UUID, store_id: str
) -> None:
    cached = Cached(permissions.engine, indexes, size=4)
    async with open_ctx(tenant_id) as ctx:
        await permissions.tuples.write(ctx, store_id, writes=[TupleKey("user:7", "viewer", "doc:1")])
    async with open_ctx(tenant_id) as ctx:
        for number in [*range(20), *range(20)]:
            verdict = await cached.check(ctx, Question(store_id, f"user:{number}", "viewer", "doc:1"))
            assert verdict.allowed is (number == 7)


CONDITIONAL = """
model
  schema 1.1
type user
type doc
  relations
    define viewer: [user, user with small]
condition small(x: int) {
  x < 3
}
"""


async def test_verdict_that_rests_on_a_condition_is_asked_for_each_time(
    permissions: Permissions, indexes: Indexes, open_ctx: OpenContext, tenant_id: UUID
) -> None:
    """N34: another context is another answer; and a refusal for want of one is kept for nobody."""
    small = Grant(TupleKey("user:anne", "viewer", "doc:1"), Terms("small"))
    async with open_ctx(tenant_id) as ctx:
        store = await permissions.stores.create(ctx, "conditional")
        await permissions.models.write(ctx, store.id, CONDITIONAL)
        await permissions.tuples.write(ctx, store.id, writes=[small, TupleKey("user:bob", "viewer", "doc:1")])
    counting = Counting(Walk(indexes))
    cached = Cached(counting, indexes)

    async def ask(user: str, context: dict[str, Json]) -> bool:
        async with open_ctx(tenant_id) as ctx:
            return (await cached.check(ctx, Question(store.id, user, "viewer", "doc:1", context=context))).allowed

    for _ in range(2):
        for value, allowed in [(1, True), (5, False), (2, True)]:
            assert await ask("user:anne", {"x": value}) is allowed
        with pytest.raises(MissingParameters):
            await ask("user:anne", {})
    assert counting.asked == 8
    for user, allowed in [("user:bob", True), ("user:carl", False)]:
        assert [await ask(user, {"x": value}) for value in (1, 5, 1)] == [allowed] * 3
    assert counting.asked == 10
