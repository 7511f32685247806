"""From a tenant's id to its address: strangers choose the id, so it costs one row."""

from uuid import UUID

from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.ids import uuid7
from airside.store import Engine, Lookup
from airside.store.lookup import CACHE_SIZE
from airside.store.migrate import migrate, role_of
from tests.makers import MakeDatabase

MANY = """
insert into airside.tenant_address (slug, tenant_id)
select 'many-' || n, gen_random_uuid() from generate_series(1, %s) n
"""


async def test_unknown_tenant_is_nobody(engine: Engine, clock: Clock, entropy: Entropy) -> None:
    assert await Lookup(engine).by_tenant(uuid7(clock.now(), entropy)) is None


async def test_tenant_is_found_among_more_than_memory_holds(
    blank_database: MakeDatabase, clock: Clock, entropy: Entropy
) -> None:
    """N20: forgetting in order to remember others must not make a tenant unknown."""
    wanted = UUID(int=7)
    async with blank_database() as scratch:
        await migrate(scratch.owner, role_of(scratch.app))
        async with Engine(scratch.app, clock=clock, entropy=entropy) as engine:
            async with engine.begin_platform("test tenants") as platform:
                await platform.tx.run(
                    "insert into airside.tenant_address (slug, tenant_id) values ('a', %s)", (wanted,)
                )
                await platform.tx.run(MANY, (CACHE_SIZE,))
            found = await Lookup(engine).by_tenant(wanted)
    assert found is not None
    assert found.slug == "a"
