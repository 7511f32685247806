"""What the tenant's key sealed of people is sealed anew under their own, whatever comes between."""

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest

from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.ids import uuid7
from airside.store import Engine
from airside.vault import Adoption, Place, open_personal, person_of
from airside.vault import adoption as adopting
from airside.vault.kms.local import LocalKek
from tests.makers import Database
from tests.vault.rotation_world import ENTROPY, Site

PUT = """
insert into airside.totp_factor (tenant_id, factor_id, user_id, secret_sealed, last_step, created_at, confirmed_at)
values (%s, %s, %s, %s, 0, now(), now())
"""
READ = "select factor_id, user_id, secret_sealed from airside.totp_factor where tenant_id = %s order by factor_id"
WORKER = """
import asyncio, sys
from pathlib import Path
from uuid import UUID
from airside.core.clock import SystemClock
from airside.core.entropy import SystemEntropy
from airside.store import Engine
from airside.vault import Adoption, Vault
from airside.vault.kms.local import LocalKek

async def main(dsn, kek, tenant_id):
    clock, entropy = SystemClock(), SystemEntropy()
    vault = Vault(kek=LocalKek.load(Path(kek), entropy=entropy), entropy=entropy, clock=clock)
    async with Engine(dsn, clock=clock, entropy=entropy) as engine:
        async with engine.begin(UUID(tenant_id)) as ctx:
            print("ready", flush=True)
            await Adoption(vault=vault).adopt(ctx)

asyncio.run(main(*sys.argv[1:]))
"""


@dataclass(frozen=True)
class Factor:
    factor_id: UUID
    user_id: UUID
    secret_sealed: bytes


@pytest.fixture
async def site(engine: Engine, kek: LocalKek, make_tenant: Callable[[], Awaitable[UUID]], clock: Clock) -> Site:
    return Site(engine, kek, await make_tenant(), clock.now())


def place(factor_id: UUID) -> Place:
    return Place("totp_factor", "secret_sealed", factor_id)


async def from_before(site: Site, user_ids: list[UUID], *, damaged: bool = False) -> dict[UUID, bytes]:
    """A generator for each of them, as builds wrote it that sealed it under the tenant's key; their secrets by id."""
    made: dict[UUID, bytes] = {}
    async with site.engine.begin(site.tenant_id) as ctx:
        keyset = await site.vault().keyset(ctx)
        rows: list[tuple[str, tuple[object, ...]]] = []
        for user_id in user_ids:
            factor_id = uuid7(ctx.now, ENTROPY)
            made[factor_id] = factor_id.bytes + b"secret"
            sealed = keyset.seal(place(user_id if damaged else factor_id), made[factor_id])
            rows.append((PUT, (site.tenant_id, factor_id, user_id, sealed)))
        await ctx.tx.run_many(rows)
    return made


async def adopt(site: Site) -> int:
    async with site.engine.begin(site.tenant_id) as ctx:
        return await Adoption(vault=site.vault()).adopt(ctx)


async def read(site: Site) -> tuple[dict[UUID, bytes], int]:
    """What each says, as a process reads it that has just started; how many stand under their person's key."""
    vault, found, owned = site.vault(), dict[UUID, bytes](), 0
    async with site.engine.begin(site.tenant_id) as ctx:
        keyset = await vault.keyset(ctx)
        rows = await ctx.tx.all(Factor, READ, (site.tenant_id,))
        persons = await vault.persons.several(ctx, {row.user_id for row in rows})
        for row in rows:
            owned += person_of(row.secret_sealed) == row.user_id
            person = persons.get(row.user_id)
            found[row.factor_id] = open_personal(keyset, person, place(row.factor_id), row.secret_sealed)
    return found, owned


async def test_what_the_tenants_key_sealed_is_sealed_under_the_persons(site: Site) -> None:
    made = await from_before(site, [user.id for user in await site.grow(adopting.BATCH + 5)])
    assert await read(site) == (made, 0)
    assert await adopt(site) == len(made)
    assert await read(site) == (made, len(made))
    assert await adopt(site) == 0


async def test_rotated_data_key_seals_neither_what_is_adopted_nor_keeps_it_from_being(site: Site) -> None:
    users = [user.id for user in await site.grow(4)]
    made = await from_before(site, users[:2])
    await site.rotated()
    assert (await site.reseal()).rows == 4 + 2
    assert await adopt(site) == 2
    made |= await from_before(site, users[2:])
    assert await adopt(site) == 2
    assert await site.owed() == {}
    assert await read(site) == (made, 4)


async def test_whoever_has_no_key_yet_and_what_does_not_open_wait_and_hold_up_nobody(site: Site) -> None:
    keyless, other, fine = (user.id for user in await site.grow(3))
    async with site.engine.begin(site.tenant_id) as ctx:
        await site.vault().persons.destroy(ctx, keyless)
    await from_before(site, [other], damaged=True)
    await from_before(site, [keyless])
    await from_before(site, [fine])
    assert await adopt(site) == 1
    async with site.engine.begin(site.tenant_id) as ctx:
        persons = site.vault().persons
        persons.keep(ctx, await persons.draw(ctx, keyless))
    assert await adopt(site) == 1
    assert await adopt(site) == 0


async def test_row_that_somebody_holds_has_its_turn_later(site: Site) -> None:
    made = await from_before(site, [user.id for user in await site.grow(3)])
    first = min(made)
    async with site.engine.begin(site.tenant_id) as ctx:
        held = "update airside.totp_factor set last_step = 1 where tenant_id = %s and factor_id = %s"
        await ctx.tx.run(held, (site.tenant_id, first))
        assert await adopt(site) == 2
    assert await adopt(site) == 1
    assert await read(site) == (made, 3)


async def test_adoption_that_is_killed_is_gone_on_with(
    site: Site, database: Database, tmp_path: Path, entropy: Entropy
) -> None:
    path = tmp_path / "kek"
    site.kek = LocalKek.create(path, development=True, entropy=entropy)
    site.tenant_id = UUID(bytes=site.tenant_id.bytes[:15] + b"\x77")
    async with site.engine.begin(site.tenant_id) as ctx:
        await site.vault().create(ctx)
    made = await from_before(site, [user.id for user in await site.grow(600)])
    arguments = (database.app, str(path), str(site.tenant_id))
    worker = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WORKER, *arguments, stdout=asyncio.subprocess.PIPE
    )
    assert worker.stdout is not None
    assert await worker.stdout.readline() == b"ready\n"
    while (await read(site))[1] == 0 and worker.returncode is None:
        pass  # each look is a question to the database
    if worker.returncode is None:
        worker.send_signal(signal.SIGKILL)
    await worker.wait()
    found, owned = await read(site)
    assert found == made
    assert owned > 0
    while owned < len(made):  # the killed one's rows stay held until the database has noticed
        await adopt(site)
        found, owned = await read(site)
    assert found == made
    assert await adopt(site) == 0


async def test_fifty_turns_at_once_seal_each_value_once(site: Site) -> None:
    made = await from_before(site, [user.id for user in await site.grow(40)])
    assert sum(await asyncio.gather(*(adopt(site) for _ in range(50)))) == len(made)
    assert await read(site) == (made, len(made))
