"""The transaction that every verb runs in."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from uuid import UUID

import pytest

from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.errors import Conflict, Inconsistent, Misconfigured, Unavailable
from airside.store import Engine, Lookup, UniqueViolation
from tests.makers import Database, EngineFactory, MakeTenant

ADDRESS = "insert into airside.tenant_address (slug, tenant_id) values (%s, %s)"


@dataclass(frozen=True)
class Setting:
    value: str | None


@dataclass(frozen=True)
class Count:
    count: int


CURRENT = "select nullif(current_setting('airside.tenant_id', true), '') as value"
KEYS = "select count(*) as count from airside.tenant_key"


async def test_first_statement_already_runs_with_the_tenant_set(engine: Engine, tenant_id: UUID):
    async with engine.begin(tenant_id) as ctx:
        assert await ctx.tx.one(Setting, CURRENT) == Setting(str(tenant_id))


async def test_row_count_of_the_very_first_statement_is_known(engine: Engine, tenant_id: UUID):
    """Single use rests on this number, so it must be right in the pipelined first flush too."""
    async with engine.begin(tenant_id) as ctx:
        assert await ctx.tx.run(ADDRESS, (f"first-{tenant_id.hex[-12:]}", UUID(int=tenant_id.int + 7))) == 1
    async with engine.begin(tenant_id) as ctx:
        assert await ctx.tx.run("update airside.tenant set state = 'active' where tenant_id = %s", (tenant_id,)) == 0
    async with engine.begin(tenant_id) as ctx:
        statements = [
            ("select 1", ()),
            ("update airside.tenant set state = 'active' where tenant_id = %s", (tenant_id,)),
        ]
        assert await ctx.tx.run_many(statements) == [1, 0]


async def test_tenant_does_not_outlive_its_transaction(engine: Engine, tenant_id: UUID):
    async with engine.begin(tenant_id) as ctx:
        await ctx.tx.run("select 1")
    for _ in range(30):
        async with engine.begin_platform("test") as platform:
            assert await platform.tx.one(Setting, CURRENT) == Setting(None)


async def test_row_level_security_alone_hides_every_other_tenant(engine: Engine, make_tenant: MakeTenant):
    """N20: even a statement that forgot its predicate sees one tenant's rows only, and outside a tenant none."""
    one, other = await make_tenant(), await make_tenant()
    async with engine.begin(one) as ctx:
        own = await ctx.tx.one(Count, KEYS)
        foreign = await ctx.tx.one(Count, KEYS + " where tenant_id = %s", (other,))
    assert own is not None
    assert own.count > 0
    assert foreign == Count(0)
    async with engine.begin_platform("test") as platform:
        assert await platform.tx.one(Count, KEYS) == Count(0)


async def test_rows_of_another_tenant_cannot_be_written(engine: Engine, make_tenant: MakeTenant):
    """N20: the policy's WITH CHECK refuses a foreign tenant_id."""
    one, other = await make_tenant(), await make_tenant()
    with pytest.raises(Inconsistent):
        async with engine.begin(one) as ctx:
            await ctx.tx.run(
                "insert into airside.limit_state (tenant_id, name, key_hash, tat, expires_at)"
                " values (%s, 'x', '\\x00', now(), now())",
                (other,),
            )


async def test_exception_rolls_everything_back(engine: Engine, tenant_id: UUID):
    slug = f"gone-{tenant_id.hex[-12:]}"
    told: list[str] = []
    with pytest.raises(ZeroDivisionError):
        async with engine.begin(tenant_id) as ctx:
            await ctx.tx.run(ADDRESS, (slug, UUID(int=tenant_id.int + 1)))
            ctx.tx.after_commit(lambda: told.append("committed"))
            raise ZeroDivisionError
    assert await Lookup(engine).by_slug(slug) is None
    assert told == []


async def test_checkpoint_commits_what_was_done_before_a_refusal(engine: Engine, tenant_id: UUID):
    slug = f"kept-{tenant_id.hex[-12:]}"
    told: list[str] = []
    with pytest.raises(ZeroDivisionError):
        async with engine.begin(tenant_id) as ctx:
            await ctx.tx.run(ADDRESS, (slug, UUID(int=tenant_id.int + 1)))
            ctx.tx.after_commit(lambda: told.append("committed"))
            await ctx.tx.checkpoint()
            assert told == ["committed"]
            assert await ctx.tx.one(Setting, CURRENT) == Setting(str(tenant_id))
            raise ZeroDivisionError
    assert await Lookup(engine).by_slug(slug) is not None
    assert told == ["committed"]


async def test_swallowed_refusal_is_never_committed_as_success(engine: Engine, tenant_id: UUID):
    slug = f"twice-{tenant_id.hex[-12:]}"
    with pytest.raises(Inconsistent):
        async with engine.begin(tenant_id) as ctx:
            await ctx.tx.run(ADDRESS, (slug, UUID(int=tenant_id.int + 1)))
            with suppress(UniqueViolation):
                await ctx.tx.run(ADDRESS, (slug, UUID(int=tenant_id.int + 2)))
    assert await Lookup(engine).by_slug(slug) is None


async def test_connection_serves_others_after_refused_statements(
    database: Database, clock: Clock, entropy: Entropy, tenant_id: UUID
):
    """A pipeline that aborts must not leave the driver believing in statements it never prepared."""
    async with Engine(database.app, clock=clock, entropy=entropy, size=1) as engine:
        with pytest.raises(Inconsistent):
            async with engine.begin(tenant_id) as ctx:
                await ctx.tx.run("delete from airside.audit_record where tenant_id = %s", (tenant_id,))
        for number in range(12):
            taken = UUID(int=tenant_id.int + number)
            with pytest.raises(UniqueViolation):
                async with engine.begin(tenant_id) as ctx:
                    slug = f"again-{tenant_id.hex[-12:]}"
                    await ctx.tx.run_many([(ADDRESS, (slug, taken)), (ADDRESS, (slug, taken)), (CURRENT, ())])
            async with engine.begin(tenant_id) as ctx:
                assert await ctx.tx.one(Setting, CURRENT) == Setting(str(tenant_id))


async def test_context_that_runs_no_statement_takes_no_connection(engine_factory: EngineFactory, tenant_id: UUID):
    async with engine_factory() as engine:
        contexts = [engine.begin(tenant_id) for _ in range(100)]
        opened = [await context.__aenter__() for context in contexts]
        async with engine.begin(tenant_id) as ctx:
            assert await ctx.tx.run("select 1") == 1
        assert len(opened) == 100
        for context in contexts:
            await context.__aexit__(None, None, None)


async def test_exhausted_pool_refuses_within_a_second(
    database: Database, clock: Clock, entropy: Entropy, tenant_id: UUID
):
    """G43 in small: the 3rd of 2 connections is told to come back, in under a second."""
    async with Engine(database.app, clock=clock, entropy=entropy, size=2) as engine:
        holding = asyncio.Event()

        async def hold() -> None:
            async with engine.begin(tenant_id) as ctx:
                await ctx.tx.run("select 1")
                await holding.wait()

        tasks = [asyncio.create_task(hold()) for _ in range(2)]
        await asyncio.sleep(0.05)
        started = clock.monotonic()
        with pytest.raises(Unavailable):
            async with engine.begin(tenant_id) as ctx:
                await ctx.tx.run("select 1")
        assert clock.monotonic() - started < 1.0
        holding.set()
        await asyncio.gather(*tasks)


async def test_cancelled_request_gives_its_connection_back_clean(
    database: Database, clock: Clock, entropy: Entropy, tenant_id: UUID
):
    async with Engine(database.app, clock=clock, entropy=entropy, size=2) as engine:

        async def sleep() -> None:
            async with engine.begin(tenant_id) as ctx:
                await ctx.tx.run("select pg_sleep(5)")

        for _ in range(4):
            task = asyncio.create_task(sleep())
            await asyncio.sleep(0.05)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        async with engine.begin(tenant_id) as ctx:
            assert await ctx.tx.one(Setting, CURRENT) == Setting(str(tenant_id))


async def test_request_that_is_cancelled_while_it_rolls_back_keeps_no_connection(
    database: Database, clock: Clock, entropy: Entropy, tenant_id: UUID
):
    """Else each would take a place of its tenant's with it, for good."""
    async with Engine(database.app, clock=clock, entropy=entropy, size=4) as engine:

        async def refused() -> None:
            async with engine.begin(tenant_id) as ctx:
                await ctx.tx.run("select 1")
                task = asyncio.current_task()
                assert task is not None
                asyncio.get_running_loop().call_soon(task.cancel)
                raise Conflict("refused")

        for _ in range(8):
            with pytest.raises(asyncio.CancelledError):
                await asyncio.create_task(refused())
        async with engine.begin(tenant_id) as ctx:
            assert await ctx.tx.one(Setting, CURRENT) == Setting(str(tenant_id))


@pytest.mark.parametrize("role", ["owner", "superuser"])
async def test_server_refuses_a_role_that_row_level_security_would_not_hold(
    database: Database, clock: Clock, entropy: Entropy, role: str
):
    """N43: neither the owner nor a superuser may serve requests."""
    with pytest.raises(Misconfigured, match="AIRSIDE_DATABASE_URL"):
        await Engine(
            {"owner": database.owner, "superuser": database.superuser}[role], clock=clock, entropy=entropy
        ).open()
