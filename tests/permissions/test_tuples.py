"""Tuples: batches all or nothing, by OpenFGA's rules, in an order that is the order of commits."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from uuid import UUID

import pytest

from airside.permissions import Filter, Permissions, Question, TupleKey
from airside.permissions.refusals import (
    DuplicateInRequest,
    InvalidQuestion,
    InvalidTuple,
    ModelNotFound,
    NoModelYet,
    StoreNotFound,
    TooManyTuples,
    WriteConflict,
)
from airside.permissions.tuples import MAX_TUPLES
from airside.store import RequestContext

OpenContext = Callable[..., AbstractAsyncContextManager[RequestContext]]
ANNE = TupleKey("user:anne", "viewer", "doc:1")


async def test_written_tuple_is_read_and_recounted(
    permissions: Permissions, open_ctx: OpenContext, tenant_id: UUID, store_id: str
) -> None:
    async with open_ctx(tenant_id) as ctx:
        revision = await permissions.tuples.write(ctx, store_id, writes=[ANNE])
    async with open_ctx(tenant_id) as ctx:
        found = await permissions.tuples.read(ctx, store_id, Filter("doc", "1"), limit=10)
        changes = await permissions.tuples.changes(ctx, store_id, limit=10)
    assert [each.key for each in found] == [ANNE]
    assert [(each.operation, each.key, each.revision) for each in changes] == [("write", ANNE, revision)]


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        (Filter(), 3),
        (Filter("doc"), 2),
        (Filter("doc", "1"), 1),
        (Filter("doc", "", "", ("user", "anne", "")), 1),
        (Filter("", "", "member"), 1),
        (Filter("doc", "", "", ("group", "eng", "member")), 1),
    ],
)
async def test_read_filters(
    permissions: Permissions, open_ctx: OpenContext, tenant_id: UUID, store_id: str, wanted: Filter, count: int
) -> None:
    keys = [ANNE, TupleKey("group:eng#member", "viewer", "doc:2"), TupleKey("user:bob", "member", "group:eng")]
    async with open_ctx(tenant_id) as ctx:
        await permissions.tuples.write(ctx, store_id, writes=keys)
        assert len(await permissions.tuples.read(ctx, store_id, wanted, limit=10)) == count


async def test_pages_cover_everything_once(
    permissions: Permissions, open_ctx: OpenContext, tenant_id: UUID, store_id: str
) -> None:
    keys = [TupleKey(f"user:{name}", "viewer", f"doc:{number}") for name in "abc" for number in range(5)]
    seen: list[TupleKey] = []
    async with open_ctx(tenant_id) as ctx:
        await permissions.tuples.write(ctx, store_id, writes=keys)
        after: TupleKey | None = None
        while page := await permissions.tuples.read(ctx, store_id, Filter(), after=after, limit=4):
            seen += [each.key for each in page]
            after = seen[-1]
    assert sorted(seen) == sorted(keys)


async def test_duplicate_write_is_refused_and_changes_nothing(
    permissions: Permissions, open_ctx: OpenContext, tenant_id: UUID, store_id: str
) -> None:
    bob = TupleKey("user:bob", "viewer", "doc:1")
    async with open_ctx(tenant_id) as ctx:
        await permissions.tuples.write(ctx, store_id, writes=[ANNE])
    with pytest.raises(WriteConflict):
        async with open_ctx(tenant_id) as ctx:
            await permissions.tuples.write(ctx, store_id, writes=[bob, ANNE])
    async with open_ctx(tenant_id) as ctx:
        assert len(await permissions.tuples.read(ctx, store_id, Filter(), limit=10)) == 1
        assert len(await permissions.tuples.changes(ctx, store_id, limit=10)) == 1


async def test_delete_of_missing_is_refused(
    permissions: Permissions, open_ctx: OpenContext, tenant_id: UUID, store_id: str
) -> None:
    with pytest.raises(WriteConflict):
        async with open_ctx(tenant_id) as ctx:
            await permissions.tuples.write(ctx, store_id, deletes=[ANNE])


async def test_ignored_duplicates_and_missing_leave_no_trace(
    permissions: Permissions, open_ctx: OpenContext, tenant_id: UUID, store_id: str
) -> None:
    """Only what really changed takes a revision: the log has no gap and no empty entry."""
    bob, cem = TupleKey("user:bob", "viewer", "doc:1"), TupleKey("user:cem", "viewer", "doc:1")
    async with open_ctx(tenant_id) as ctx:
        first = await permissions.tuples.write(ctx, store_id, writes=[ANNE])
        second = await permissions.tuples.write(
            ctx, store_id, writes=[ANNE, bob], deletes=[cem], on_duplicate="ignore", on_missing="ignore"
        )
        third = await permissions.tuples.write(ctx, store_id, writes=[ANNE], on_duplicate="ignore")
    assert (second - first, third - second) == (1, 0)


@pytest.mark.parametrize(
    ("user", "relation", "object_"),
    [
        ("user:*", "viewer", "doc:1"),  # N33: no wildcard in the type restriction
        ("folder:1", "viewer", "doc:1"),
        ("group:eng", "viewer", "doc:1"),
        ("group:eng#owner", "viewer", "doc:1"),
        ("user:anne", "can_read", "doc:1"),
        ("user:anne", "viewer", "doc:*"),
        ("user:anne", "viewer", "doc"),
        ("user:an ne", "viewer", "doc:1"),
        ("user:anne#", "viewer", "doc:1"),
        ("user:*#member", "viewer", "doc:1"),
        ("user:" + "a" * 600, "viewer", "doc:1"),
        ("user:anne", "viewer", "doc:" + "a" * 300),
        ("user:anne", "v" * 60, "doc:1"),
        ("user:anne", "viewer", "nothing:1"),
        ("user:anne\x00", "viewer", "doc:1"),
    ],
)
async def test_tuple_that_the_model_does_not_allow_is_refused(
    permissions: Permissions,
    open_ctx: OpenContext,
    tenant_id: UUID,
    store_id: str,
    user: str,
    relation: str,
    object_: str,
) -> None:
    """N33: the type restriction is judged when a tuple is written."""
    with pytest.raises((InvalidTuple, InvalidQuestion)):
        async with open_ctx(tenant_id) as ctx:
            await permissions.tuples.write(ctx, store_id, writes=[TupleKey(user, relation, object_)])
    async with open_ctx(tenant_id) as ctx:
        assert await permissions.tuples.read(ctx, store_id, Filter(), limit=10) == []


async def test_batch_over_the_cap_empty_or_with_the_same_tuple_twice_is_refused(
    permissions: Permissions, open_ctx: OpenContext, tenant_id: UUID, store_id: str
) -> None:
    many = [TupleKey(f"user:{number}", "viewer", "doc:1") for number in range(MAX_TUPLES + 1)]
    async with open_ctx(tenant_id) as ctx:
        with pytest.raises(TooManyTuples):
            await permissions.tuples.write(ctx, store_id, writes=many)
        with pytest.raises(DuplicateInRequest):
            await permissions.tuples.write(ctx, store_id, writes=[ANNE], deletes=[ANNE])
        with pytest.raises(InvalidQuestion):
            await permissions.tuples.write(ctx, store_id)


async def test_write_needs_a_store_and_a_model(
    permissions: Permissions, open_ctx: OpenContext, tenant_id: UUID, store_id: str
) -> None:
    async with open_ctx(tenant_id) as ctx:
        empty = await permissions.stores.create(ctx, "empty")
        with pytest.raises(NoModelYet):
            await permissions.tuples.write(ctx, empty.id, writes=[ANNE])
        with pytest.raises(ModelNotFound):
            await permissions.tuples.write(ctx, store_id, writes=[ANNE], model_id="0" * 26)
        with pytest.raises(StoreNotFound):
            await permissions.tuples.write(ctx, "0" * 26, writes=[ANNE])


async def test_store_of_another_tenant_is_not_there(
    permissions: Permissions,
    open_ctx: OpenContext,
    store_id: str,
    make_tenant: "Callable[[], asyncio.Future[UUID]]",
) -> None:
    """N20: a foreign id is the same as one that never was."""
    other = await make_tenant()
    async with open_ctx(other) as ctx:
        with pytest.raises(StoreNotFound):
            await permissions.tuples.write(ctx, store_id, writes=[ANNE])
        with pytest.raises(StoreNotFound):
            await permissions.tuples.read(ctx, store_id, Filter(), limit=1)
        with pytest.raises(StoreNotFound):
            await permissions.engine.check(ctx, Question(store_id, "user:anne", "viewer", "doc:1"))


async def test_twenty_writers_at_once_leave_a_log_without_a_gap(
    permissions: Permissions, open_ctx: OpenContext, tenant_id: UUID, store_id: str
) -> None:
    """The order of revisions is the order of commits: a reader that follows never misses one."""
    followed: list[int] = []
    done = asyncio.Event()

    async def write(number: int) -> None:
        async with open_ctx(tenant_id) as ctx:
            keys = [TupleKey(f"user:{number}-{place}", "viewer", "doc:1") for place in range(3)]
            await permissions.tuples.write(ctx, store_id, writes=keys)

    async def follow() -> None:
        while True:
            last = done.is_set()
            async with open_ctx(tenant_id) as ctx:
                after = followed[-1] if followed else 0
                followed.extend(
                    each.revision for each in await permissions.tuples.changes(ctx, store_id, after=after, limit=100)
                )
            if last:
                return

    follower = asyncio.create_task(follow())
    await asyncio.gather(*(write(number) for number in range(20)))
    done.set()
    await follower
    assert followed == list(range(followed[0], followed[0] + 60))
