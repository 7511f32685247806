"""What a write leaves: everything or nothing, whatever is there already and whoever else writes."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from datetime import timedelta
from uuid import UUID

import psycopg
import pytest

from airside.permissions import Filter, Grant, Permissions, Question, Terms, TupleKey, records, records_writing
from airside.permissions.refusals import InvalidTuple, WriteConflict
from airside.store import RequestContext

OpenContext = Callable[..., AbstractAsyncContextManager[RequestContext]]
ANNE, BOB, CEM = (TupleKey(f"user:{name}", "viewer", "doc:1") for name in ("anne", "bob", "cem"))


async def stored(permissions: Permissions, ctx: RequestContext, store_id: str) -> set[TupleKey]:
    return {each.key for each in await permissions.tuples.read(ctx, store_id, Filter(), limit=1000)}


async def logged(permissions: Permissions, ctx: RequestContext, store_id: str) -> list[tuple[str, TupleKey | None]]:
    """The change log's tuples, whose revisions have no gap."""
    changes = await permissions.tuples.changes(ctx, store_id, limit=10_000)
    assert [each.revision for each in changes] == list(range(changes[0].revision, changes[0].revision + len(changes)))
    return [(each.operation, each.key) for each in changes]


async def test_refusal_that_the_caller_swallows_leaves_nothing(
    permissions: Permissions, open_ctx: OpenContext, tenant_id: UUID, store_id: str
) -> None:
    """Neither a revision nor a tuple nor a line of the log, though the rest of the transaction is committed."""
    async with open_ctx(tenant_id) as ctx:
        await permissions.tuples.write(ctx, store_id, writes=[ANNE])
    async with open_ctx(tenant_id) as ctx:
        with suppress(WriteConflict):
            await permissions.tuples.write(ctx, store_id, writes=[BOB, ANNE])
        with suppress(WriteConflict):
            await permissions.tuples.write(ctx, store_id, writes=[BOB], deletes=[CEM])
        with suppress(InvalidTuple):
            await permissions.tuples.write(ctx, store_id, writes=[BOB, TupleKey("user:*", "viewer", "doc:1")])
        await permissions.tuples.write(ctx, store_id, writes=[CEM])
    async with open_ctx(tenant_id) as ctx:
        assert await stored(permissions, ctx, store_id) == {ANNE, CEM}
        assert await logged(permissions, ctx, store_id) == [("write", ANNE), ("write", CEM)]


@pytest.mark.parametrize("others", [0, 3])
async def test_expired_tuple_is_replaced_and_may_be_deleted(
    permissions: Permissions, open_ctx: OpenContext, tenant_id: UUID, store_id: str, others: int
) -> None:
    """Alone or in a batch: to a write it isn't there, to a delete it still is."""
    async with open_ctx(tenant_id) as ctx:
        soon = Terms(expires_at=ctx.now + timedelta(seconds=10))
        later = ctx.now + timedelta(seconds=20)
        await permissions.tuples.write(ctx, store_id, writes=[Grant(ANNE, soon), Grant(BOB, soon)])
    more = [TupleKey(f"user:{number}", "viewer", "doc:1") for number in range(others)]
    async with open_ctx(tenant_id, now=later) as ctx:
        await permissions.tuples.write(ctx, store_id, writes=[ANNE, *more])
        await permissions.tuples.write(ctx, store_id, deletes=[BOB, *more])
    async with open_ctx(tenant_id, now=later) as ctx:
        assert await stored(permissions, ctx, store_id) == {ANNE}
        with pytest.raises(WriteConflict):
            await permissions.tuples.write(ctx, store_id, writes=[ANNE, *more])


async def test_words_with_what_arrays_are_made_of_are_kept_as_they_are(
    permissions: Permissions, open_ctx: OpenContext, tenant_id: UUID, store_id: str
) -> None:
    names = ['"', "\\", '\\"', "{a,b}", "NULL", "é", "';--", "$1", "%s"]
    keys = {TupleKey(f"user:{name}", "viewer", f"doc:{name}") for name in names}
    async with open_ctx(tenant_id) as ctx:
        await permissions.tuples.write(ctx, store_id, writes=sorted(keys))
        assert await stored(permissions, ctx, store_id) == keys
        with pytest.raises(WriteConflict):
            await permissions.tuples.write(ctx, store_id, writes=sorted(keys)[:2])
    for key in keys:
        async with open_ctx(tenant_id) as ctx:
            await permissions.tuples.write(ctx, store_id, deletes=[key])
    async with open_ctx(tenant_id) as ctx:
        assert await stored(permissions, ctx, store_id) == set()
        assert len(await logged(permissions, ctx, store_id)) == 2 * len(keys)


async def test_writers_at_once_each_take_a_revision_of_their_own(
    permissions: Permissions, open_ctx: OpenContext, tenant_id: UUID, store_id: str
) -> None:
    """Thirty writers; of each three, one writes a batch, and two the same tuple, which one of them gets."""

    async def write(number: int) -> int:
        names = [f"s{number // 3}"] if number % 3 else [f"b{number}-{each}" for each in range(5)]
        try:
            async with open_ctx(tenant_id) as ctx:
                keys = [TupleKey(f"user:{name}", "viewer", "doc:1") for name in names]
                return await permissions.tuples.write(ctx, store_id, writes=keys)
        except WriteConflict:
            return 0

    revisions = await asyncio.gather(*(write(number) for number in range(30)))
    taken = [revision for revision in revisions if revision]
    assert len(set(taken)) == len(taken) == 20
    async with open_ctx(tenant_id) as ctx:
        log = await logged(permissions, ctx, store_id)
        assert len(log) == 10 * 5 + 10
        assert {key for _, key in log} == await stored(permissions, ctx, store_id)
        asked = Question(store_id, "user:s3", "viewer", "doc:1", at_least=max(taken))
        assert (await permissions.engine.check(ctx, asked)).allowed


async def test_transaction_that_locked_the_store_first_doesn_t_deadlock_with_its_writers(
    permissions: Permissions, open_ctx: OpenContext, tenant_id: UUID, store_id: str
) -> None:
    """The queue in front of the row is entered before the row is locked, by everybody."""

    async def model_and_tuple(number: int) -> None:
        async with open_ctx(tenant_id) as ctx:
            await records.lock_store(ctx, store_id)
            await asyncio.sleep(0.02)
            await permissions.tuples.write(ctx, store_id, writes=[TupleKey(f"user:m{number}", "viewer", "doc:1")])

    async def tuple_alone(number: int) -> None:
        async with open_ctx(tenant_id) as ctx:
            await permissions.tuples.write(ctx, store_id, writes=[TupleKey(f"user:t{number}", "viewer", "doc:1")])

    async with asyncio.timeout(20):
        await asyncio.gather(*(each(number) for number in range(8) for each in (model_and_tuple, tuple_alone)))
    async with open_ctx(tenant_id) as ctx:
        assert len(await stored(permissions, ctx, store_id)) == 16


async def test_keys_are_looked_up_by_all_their_columns_though_the_table_was_never_analysed(superuser_dsn: str) -> None:
    """A plan that reads more than the keys is a store that takes no writes once it has grown."""
    async with await psycopg.AsyncConnection.connect(superuser_dsn) as connection:
        for sql in (records_writing.STORED_TUPLE, records_writing.STORED_TUPLES, records_writing.DELETE_TUPLE):
            numbered = sql
            for number in range(1, sql.count("%s") + 1):
                numbered = numbered.replace("%s", f"${number}", 1)
            plan = await (await connection.execute(f"explain (generic_plan) {numbered}".encode())).fetchall()
            condition = next(line for (line,) in plan if "Index Cond" in line)
            assert condition.count(" = ") == 8, plan
            assert not any("Filter: ((object" in line for (line,) in plan)
