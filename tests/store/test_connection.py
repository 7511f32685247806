"""Statements that leave together: in order, all or nothing, whatever becomes of one of them."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

import pytest

from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.errors import Inconsistent, InvalidInput, Unavailable
from airside.store import Engine, Lookup, UniqueViolation
from airside.store.context import Params, Statement
from airside.store.prepared import MAX_PREPARED, PREPARE_AT
from tests.makers import Database

ADDRESS = "insert into airside.tenant_address (slug, tenant_id) values (%s, %s)"
FOUND = "select slug from airside.tenant_address where slug = %s"
LOCK = "select pg_advisory_xact_lock(%s)::text as value"
CURRENT = "select nullif(current_setting('airside.tenant_id', true), '') as value"
PREPARED = "select count(*) as count from pg_prepared_statements"


@dataclass(frozen=True)
class Slug:
    slug: str


@dataclass(frozen=True)
class Value:
    value: str | None


@dataclass(frozen=True)
class Count:
    count: int


def other(tenant_id: UUID, number: int) -> UUID:
    return UUID(int=tenant_id.int + number)


async def test_put_off_statements_leave_before_the_next_one(engine: Engine, tenant_id: UUID) -> None:
    slug = f"next-{tenant_id.hex[-12:]}"
    async with engine.begin(tenant_id) as ctx:
        ctx.tx.put_off([(ADDRESS, (slug, other(tenant_id, 1)))])
        assert await ctx.tx.one(Slug, FOUND, (slug,)) == Slug(slug)


async def test_put_off_statements_leave_with_the_commit(engine: Engine, tenant_id: UUID) -> None:
    slug = f"last-{tenant_id.hex[-12:]}"
    told: list[str] = []
    async with engine.begin(tenant_id) as ctx:
        ctx.tx.put_off([(ADDRESS, (slug, other(tenant_id, 1)))])
        ctx.tx.after_commit(lambda: told.append("committed"))
    assert await Lookup(engine).by_slug(slug) is not None
    assert told == ["committed"]


async def test_put_off_statements_go_with_a_rollback(engine: Engine, tenant_id: UUID) -> None:
    slug = f"gone-{tenant_id.hex[-12:]}"
    with pytest.raises(ZeroDivisionError):
        async with engine.begin(tenant_id) as ctx:
            await ctx.tx.run("select 1")
            ctx.tx.put_off([(ADDRESS, (slug, other(tenant_id, 1)))])
            raise ZeroDivisionError
    assert await Lookup(engine).by_slug(slug) is None


async def test_rows_put_off_leave_together_with_whatever_comes_next(engine: Engine, tenant_id: UUID) -> None:
    """Before the next statement, with the commit, and never after a rollback."""
    slugs, joins = [f"{place}-{tenant_id.hex[-12:]}" for place in ("one", "two", "late", "lost")], list[int]()

    def joined(rows: Sequence[Params]) -> list[Statement]:
        joins.append(len(rows))
        return [(ADDRESS, row) for row in rows]

    async with engine.begin(tenant_id) as ctx:
        for number, slug in enumerate(slugs[:2]):
            ctx.tx.put_off_row(joined, (slug, other(tenant_id, 11 + number)))
        assert joins == []
        assert await ctx.tx.one(Slug, FOUND, (slugs[0],)) == Slug(slugs[0])
        ctx.tx.put_off_row(joined, (slugs[2], other(tenant_id, 13)))
    with pytest.raises(ZeroDivisionError):
        async with engine.begin(tenant_id) as ctx:
            ctx.tx.put_off_row(joined, (slugs[3], other(tenant_id, 14)))
            raise ZeroDivisionError
    assert joins == [2, 1]
    assert [await Lookup(engine).by_slug(slug) is not None for slug in slugs] == [True, True, True, False]


async def test_refused_put_off_statement_leaves_nothing_committed(engine: Engine, tenant_id: UUID) -> None:
    slug = f"bad-{tenant_id.hex[-12:]}"
    told: list[str] = []
    with pytest.raises(Inconsistent):
        async with engine.begin(tenant_id) as ctx:
            await ctx.tx.run(ADDRESS, (slug, other(tenant_id, 1)))
            ctx.tx.put_off([(ADDRESS, (slug, other(tenant_id, 2)))])
            ctx.tx.after_commit(lambda: told.append("committed"))
    assert await Lookup(engine).by_slug(slug) is None
    assert told == []


async def test_refused_put_off_statement_is_not_taken_for_the_callers_own(engine: Engine, tenant_id: UUID) -> None:
    """A verb that turns a unique violation into "taken" must not say so of somebody else's row, nor commit."""
    slug, mine = f"mine-{tenant_id.hex[-12:]}", f"other-{tenant_id.hex[-12:]}"
    with pytest.raises(Inconsistent):
        async with engine.begin(tenant_id) as ctx:
            ctx.tx.put_off([(ADDRESS, (slug, other(tenant_id, 1))), (ADDRESS, (slug, other(tenant_id, 2)))])
            with suppress(UniqueViolation):
                await ctx.tx.run(ADDRESS, (mine, other(tenant_id, 3)))
    with pytest.raises(Inconsistent):
        async with engine.begin(tenant_id) as ctx:
            ctx.tx.put_off([(ADDRESS, (slug, other(tenant_id, 1))), (ADDRESS, (slug, other(tenant_id, 2)))])
            with suppress(Inconsistent):
                await ctx.tx.run(ADDRESS, (mine, other(tenant_id, 3)))
    assert await Lookup(engine).by_slug(mine) is None


async def test_put_off_statements_outlast_an_exhausted_pool(
    database: Database, clock: Clock, entropy: Entropy, tenant_id: UUID
) -> None:
    """Who swallows the refusal still commits all or nothing."""
    slug = f"late-{tenant_id.hex[-12:]}"
    async with Engine(database.app, clock=clock, entropy=entropy, size=1) as engine:
        async with engine.begin(tenant_id) as ctx:
            ctx.tx.put_off([(ADDRESS, (slug, other(tenant_id, 1)))])
            async with engine.begin(tenant_id) as holder:
                await holder.tx.run("select 1")
                with suppress(Unavailable):
                    await ctx.tx.run("select 1")
        assert await Lookup(engine).by_slug(slug) is not None


async def test_value_that_can_t_be_sent_leaves_the_transaction_as_it_was(engine: Engine, tenant_id: UUID) -> None:
    slug = f"nul-{tenant_id.hex[-12:]}"
    with pytest.raises(ZeroDivisionError):
        async with engine.begin(tenant_id) as ctx:
            with pytest.raises(InvalidInput):
                await ctx.tx.run(ADDRESS, ("\0", other(tenant_id, 1)))
            assert await ctx.tx.one(Value, CURRENT) == Value(str(tenant_id))
            assert await ctx.tx.run(ADDRESS, (slug, other(tenant_id, 1))) == 1
            with pytest.raises(InvalidInput):
                await ctx.tx.run(ADDRESS, ("\0", other(tenant_id, 2)))
            assert await ctx.tx.one(Slug, FOUND, (slug,)) == Slug(slug)
            raise ZeroDivisionError
    assert await Lookup(engine).by_slug(slug) is None


async def test_transaction_whose_only_statement_could_not_be_sent_commits_nothing(
    engine: Engine, tenant_id: UUID
) -> None:
    async with engine.begin(tenant_id) as ctx:
        with pytest.raises(InvalidInput):
            await ctx.tx.run(ADDRESS, ("\0", other(tenant_id, 1)))


async def test_second_of_two_sees_what_was_committed_while_the_first_waited(engine: Engine, tenant_id: UUID) -> None:
    slug, lock = f"new-{tenant_id.hex[-12:]}", tenant_id.int % 2**31

    async def reader() -> tuple[list[Value], list[Slug]]:
        async with engine.begin(tenant_id) as ctx:
            return await ctx.tx.two((Value, LOCK, (lock,)), (Slug, FOUND, (slug,)))

    async with engine.begin(tenant_id) as ctx:
        await ctx.tx.one(Value, LOCK, (lock,))
        waiting = asyncio.create_task(reader())
        await asyncio.sleep(0.1)
        assert not waiting.done()
        await ctx.tx.run(ADDRESS, (slug, other(tenant_id, 1)))
    assert await waiting == ([Value("")], [Slug(slug)])


async def test_more_statements_than_are_kept_prepared(
    database: Database, clock: Clock, entropy: Entropy, tenant_id: UUID
) -> None:
    async with Engine(database.app, clock=clock, entropy=entropy, size=1) as engine:
        for _ in range(PREPARE_AT + 1):
            async with engine.begin(tenant_id) as ctx:
                for number in range(MAX_PREPARED + 50):
                    assert await ctx.tx.one(Count, f"select {number} + %s::int as count", (1,)) == Count(number + 1)
        async with engine.begin(tenant_id) as ctx:
            prepared = await ctx.tx.one(Count, PREPARED)
    assert prepared is not None
    assert MAX_PREPARED / 2 < prepared.count <= MAX_PREPARED + 1


async def test_statement_that_can_t_be_prepared_is_refused_each_time(
    database: Database, clock: Clock, entropy: Entropy, tenant_id: UUID
) -> None:
    """Also at the use at which it would be, and others aren't held up by it."""
    async with Engine(database.app, clock=clock, entropy=entropy, size=1) as engine:
        for _ in range(PREPARE_AT + 2):
            with pytest.raises(Inconsistent) as refusal:
                async with engine.begin(tenant_id) as ctx:
                    await ctx.tx.run_many([("select 1", ()), ("select nothing", ()), ("select 2", ())])
            assert refusal.value.data["sqlstate"] == "42703"
        async with engine.begin(tenant_id) as ctx:
            assert await ctx.tx.run_many([("select 1", ()), ("select 2", ())]) == [1, 1]


async def test_much_in_both_directions_at_once_arrives(engine: Engine, tenant_id: UUID) -> None:
    """More than both sides' buffers hold: whoever only sent would wait for ever for the other to read."""
    text = "x" * 500_000
    async with asyncio.timeout(30), engine.begin(tenant_id) as ctx:
        assert await ctx.tx.run_many([("select %s::text", (text,))] * 40) == [1] * 40


async def test_lost_connection_is_unavailable_and_replaced(
    database: Database, clock: Clock, entropy: Entropy, tenant_id: UUID
) -> None:
    async with Engine(database.app, clock=clock, entropy=entropy, size=1) as engine:
        with pytest.raises(Unavailable):
            async with engine.begin(tenant_id) as ctx:
                await ctx.tx.run("select pg_terminate_backend(pg_backend_pid())")
        with suppress(Unavailable):
            async with engine.begin(tenant_id) as ctx:
                await ctx.tx.run("select 1")
        async with engine.begin(tenant_id) as ctx:
            assert await ctx.tx.one(Value, CURRENT) == Value(str(tenant_id))
