"""A log whose oldest records have expired goes wherever its tenant goes, and verifies there."""

from dataclasses import dataclass
from datetime import timedelta

import pytest

from airside.admin import OPERATOR
from airside.audit import Expiry, Report, verify_tenant
from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.principal import ANONYMOUS
from airside.custody import ArchivedKeys, Backups, Directory, Name, arrived, audited, restore
from airside.store import Engine
from airside.store.connection import Connection
from tests.custody.transfer_world import World, brought, elsewhere, with_another_tenant
from tests.makers import Database, MakeDatabase

MONTHS, LATER = 6, timedelta(days=400)


@dataclass(frozen=True)
class Forgetful:
    """A tenant of its own whose first `expired` records are gone, under a signed head."""

    world: World
    expired: int


@pytest.fixture
async def forgetful(leaving: World) -> Forgetful:
    world = await with_another_tenant(leaving)
    tenant_id, services = world.place.tenant_id, world.server.services
    await sequence(world)
    expiry = Expiry(journal=services.journal, vault=services.vault, entropy=services.entropy)
    async with services.engine.begin(tenant_id, now=services.clock.now() + LATER) as ctx:
        cut = await expiry.cut(ctx, MONTHS)
    assert cut is not None
    await sequence(world)
    async with (
        await Connection.connect(world.database.superuser, autocommit=True) as owner,
        services.engine.join(owner, tenant_id, principal=ANONYMOUS) as ctx,
    ):
        assert [await expiry.let_go(ctx, cut, start) for start in await expiry.remaining(ctx, cut)] == [cut.tree_size]
    return Forgetful(world, cut.tree_size)


async def sequence(world: World) -> None:
    """Everything of the tenant's is in its tree, under a head."""
    async with world.place.operator() as ctx:
        await world.server.services.sequencer.sign(ctx)


async def verified(engine: Engine, world: World) -> Report:
    async with engine.begin(world.place.tenant_id) as ctx:
        return await verify_tenant(ctx)


async def test_it_travels_with_its_tenant(
    forgetful: Forgetful, migrated: MakeDatabase, clock: Clock, entropy: Entropy
) -> None:
    world = forgetful.world
    file = await world.export()
    async with elsewhere(migrated, world.folder, clock, entropy) as there:
        report = await arrived(there.engine, await brought(world, there, file))
    assert (report.problems, report.expired) == ((), forgetful.expired)


async def test_it_comes_back_from_a_backup(
    forgetful: Forgetful, empty: Database, clock: Clock, entropy: Entropy
) -> None:
    world = forgetful.world
    store = Directory(world.folder / "backups")
    backups = Backups(store, kek=world.kek, clock=clock, entropy=entropy)
    manifest = await backups.create(world.database.app)
    keys = ArchivedKeys(store, kek=world.kek, clock=clock, entropy=entropy)
    await restore(backups, keys, Name(manifest.name), empty.owner)
    async with Engine(empty.app, clock=clock, entropy=entropy) as engine:
        assert await audited(engine, manifest) == {}
        report = await verified(engine, world)
    assert (report.problems, report.expired) == ((), forgetful.expired)


async def test_it_is_closed_when_its_tenant_is_shredded(forgetful: Forgetful) -> None:
    services, place = forgetful.world.server.services, forgetful.world.place
    authority = await services.platform.bootstrap()
    async with services.engine.begin(authority, principal=OPERATOR) as ctx:
        await services.platform.shred_tenant(ctx, place.slug, 0)
    assert await services.shredder.turn(place.tenant_id, authority) == "finished"
    report = await verified(services.engine, forgetful.world)
    assert (report.problems, report.expired, report.younger) == ((), forgetful.expired, 0)
