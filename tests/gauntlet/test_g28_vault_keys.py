"""G28: key encryption key, data key, pepper and index key of a tenant are rotated under load on two nodes, taken back,
and what rotates is killed in the middle: no request fails, no value is unreadable, nobody is missed or there twice."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random, SystemRandom

import pytest

from airside.admin.platform import OPERATOR
from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.secret import Secret
from airside.tenancy import Draft
from airside.vault.index_rotation import BATCH
from airside.vault.kms.local import LocalKek
from airside.vault.kms.several import Keks
from airside.wiring.build import Services, build
from airside.wiring.settings import Settings
from tests.gauntlet.vault_keys import STEP, Mortals, Moving, World
from tests.makers import Database

FULL = os.environ.get("AIRSIDE_GAUNTLET_FULL") == "1"
CLIENTS = 50 if FULL else 6
DEEDS = 8 if FULL else 2
KEEPERS = 12 if FULL else 4
"""People with passwords."""
CROWD = 3_000 if FULL else BATCH + 30
"""People without."""
KILLS = 4 if FULL else 1
SETTLED = 360.0
"""Seconds that a key is coming, and that a retired one is kept at least (decision 0023)."""


class Estate:
    """The nodes, and what is needed to rotate on them."""

    def __init__(self, world: World, mortals: Mortals, operator: Services, fresh: Services) -> None:
        self.world = world
        self.mortals = mortals
        self.operator = operator
        self.fresh = fresh

    async def kill(self, verb: str, keys: str = "one two") -> None:
        """Another process does the same work, and dies at it."""
        for _ in range(KILLS):
            wait = self.world.dice.random() * (0.3 if FULL else 0.03)
            await self.world.beside(self._die(f"{verb} {self.world.clock.ahead} {keys}", wait))

    async def _die(self, words: str, wait: float) -> None:
        self.world.counted["kills"] += 1
        self.world.counted["in the middle"] += await self.mortals.killed(words, wait)

    async def rotate_kek(self) -> None:
        """Wrapped by another, and taken back; each node reads what is wrapped anew."""
        for keys, node in (("two one", self.operator), ("one two", self.world.nodes[0])):
            await self.kill("rewrap", keys)
            await self.world.beside(self._rewrap(node))
            await self.world.move(SETTLED)

    async def _rewrap(self, node: Services) -> None:
        async with node.engine.begin(self.world.tenant_id, principal=OPERATOR) as ctx:
            await node.vault_keys.rewrap(ctx)

    async def rotate_data(self) -> None:
        """Taken back when it seals, and then not. The pepper is the seal of password hashes: they are sealed anew
        first, while they are set and proven."""
        world = self.world
        await world.rotate("rotate")
        await world.move(SETTLED + STEP)
        await world.tell("roll_back")
        await world.rotate("rotate")
        await world.move(SETTLED - STEP)
        world.clock.ahead += STEP
        await world.tell("settle")
        await world.beside(asyncio.gather(*(world.contest(each) for each in world.people[:KEEPERS])))
        await self.kill("reseal_pepper")
        await world.tell("reseal_pepper")
        await self.kill("reseal")
        await world.move(2 * SETTLED)

    async def rotate_index(self) -> None:
        """Taken back while it comes and when it counts, and then not."""
        world = self.world
        await world.rotate("rotate_index")
        await world.move(STEP)
        await world.tell("roll_back_index")
        for back in (True, False):
            await world.rotate("rotate_index")
            await world.move(SETTLED - STEP)
            world.clock.ahead += STEP
            await world.tell("settle")
            await self.kill("reindex")
            await world.move(STEP)
            if back:
                await world.tell("roll_back_index")
                await self.kill("reindex")
            await world.move(2 * SETTLED)


@pytest.fixture
async def estate(
    scratch: Database, kek: LocalKek, clock: Clock, entropy: Entropy, tmp_path: Path
) -> AsyncIterator[Estate]:
    moving = Moving(clock)
    one, two = (LocalKek.create(tmp_path / name, development=True, entropy=entropy) for name in ("one", "two"))
    settings = Settings(mode="development", public_url="https://localhost:8443", port=8443, redirect_port=None)

    def node(current: LocalKek, *old: LocalKek) -> Services:
        return build(settings, dsn=scratch.app, kek=Keks(current, old), clock=moving, entropy=entropy)

    platform, operator, fresh = node(kek), node(two, one), node(one, two)
    hearing, deaf = (node(one, two, kek) for _ in range(2))
    for each in (platform, operator, fresh, deaf):
        await each.engine.open()
    await hearing.start()
    authority = await platform.platform.bootstrap()
    async with hearing.engine.begin(authority, principal=OPERATOR) as ctx:
        tenant = await hearing.platform.create_tenant(ctx, Draft("t-" + entropy.bytes(8).hex(), "Acme"))
    seed = SystemRandom().getrandbits(32)
    world = World([hearing, deaf], moving, tenant.tenant_id, Random(seed), clients=CLIENTS, deeds=DEEDS)
    world.counted["seed"] = seed
    await fill(world)
    mortals = await Mortals.start(tmp_path, scratch.app, tenant.tenant_id)
    yield Estate(world, mortals, operator, fresh)
    await mortals.stop()
    await hearing.listener.stop()
    for each in (platform, operator, fresh, hearing, deaf):
        each.hashes.close()
        await each.fetcher.aclose()
        await each.engine.close()


async def fill(world: World) -> None:
    """Who is there before it begins."""
    node = world.nodes[0]
    for number in range(KEEPERS + CROWD):
        assert await world.add(f"user-{number}@example.com", node)
    for person in world.people[:KEEPERS]:
        person.password = f"correct horse {person.user.id.hex}"
        async with node.engine.begin(world.tenant_id) as ctx:
            await node.passwords.set(ctx, person.user.id, Secret(person.password))
    async with node.engine.begin(world.tenant_id) as ctx:
        await node.sequencer.sequence(ctx)  # the key of heads is never sealed anew: what sealed it has to stay


@pytest.mark.gauntlet
@pytest.mark.parametrize("kind", ["kek", "data", "index"])
async def test_rotation_under_load_fails_no_request_and_loses_nothing(
    estate: Estate, kind: str, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its mutants wrap what was wrapped, seal before the key has settled, destroy a key that still seals, write an old
    hash over a new one, leave rows under the old index key, and give an address twice that stands under it."""
    world = estate.world
    seed, started = world.counted.pop("seed"), clock.monotonic()
    await {"kek": estate.rotate_kek, "data": estate.rotate_data, "index": estate.rotate_index}[kind]()
    unreadable, missed = await world.unreadable(estate.fresh), await world.missed(estate.fresh)
    counted, seconds = world.counted, clock.monotonic() - started
    with capsys.disabled():
        print(
            f"\nG28 {kind}: {counted['requests']} requests in {seconds:.0f} s ({counted['requests'] / seconds:.0f}/s),"
            f" {len(world.failures)} failed, {len(unreadable)} of {counted['values']} values unreadable,"
            f" {len(missed)} of {counted['lookups']} lookups missed, {counted['kills']} processes killed,"
            f" {counted['in the middle']} of them in the middle (seed {seed})"
        )
    assert (world.failures[:5], unreadable[:5], missed[:5]) == ([], [], [])
