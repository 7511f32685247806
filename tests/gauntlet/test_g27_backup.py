"""G27: a backup that was made under write load comes back on a clean machine: nothing is lost to the chosen point, and
nothing later is in it; tokens, passwords and keys hold; the audit log verifies; what was shredded since stays so.

The clean machine has a PostgreSQL of its own, a copy of the target, and the key encryption key.
"""

import asyncio
import os
import shutil
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from psycopg import AsyncConnection

from airside.access import Presented, Sender
from airside.admin import OPERATOR
from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.strict_json import dumps
from airside.custody import ArchivedKeys, Backups, Directory, Manifest, Name, audited, restore
from airside.identity import User
from airside.oauth import Client
from airside.protocols.jose import Expected, keyset_from_jwks, verify_jwt
from airside.store.embedded import APPLICATION, OWNER, scratch_server
from airside.store.migrate import migrate, role_of
from airside.tokens import AccessGrant
from airside.tokens.issue import ACCESS_TYPE
from airside.tokens.sealing import token_hash
from airside.vault.kms.local import LocalKek
from tests.gauntlet.canaries import Aviary
from tests.gauntlet.crowd import fill
from tests.gauntlet.families import new_family
from tests.gauntlet.shredded import Copy, copied, readable
from tests.makers import Database
from tests.running import Place, Running, running
from tests.trips.visitor import NATIVE, code_for, redeem, refresh, visitor

FULL = os.environ.get("AIRSIDE_GAUNTLET_FULL") == "1"
PEOPLE = 1_000_000 if FULL else 2_000
WRITERS = 8
HOLDERS = 4
SECONDS = 300.0
"""Within which a million people are back."""
UNDER_WAY = 0.5
NOTES, CONTENT = "notes", b"what an application gave into keeping"


@dataclass(frozen=True)
class Write:
    """A user who was made, and between which moments."""

    user_id: UUID
    begun: float
    done: float


@dataclass
class Holder:
    """One family of refresh tokens: every token of it, in the order in which they came."""

    place: Place
    client: Client
    held: list[str]

    async def rotate(self, place: Place | None = None) -> None:
        answer = await refresh(place or self.place, self.client, self.held[-1])
        assert answer.status_code == 200, answer.text
        self.held.append(answer.json()["refresh_token"])


@dataclass
class Load:
    """What is written while the backup is made."""

    place: Place
    holders: list[Holder]
    writes: list[Write] = field(default_factory=list[Write])
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    async def make(self, number: int) -> None:
        services, count = self.place.server.services, 0
        while not self.stop.is_set():
            begun, count = time.monotonic(), count + 1
            async with self.place.operator() as ctx:
                user = await services.users.create(ctx, f"writer{number}.{count}@example.com", "Ada")
            self.writes.append(Write(user.id, begun, time.monotonic()))

    async def rotate(self, holder: Holder) -> None:
        while not self.stop.is_set():
            await holder.rotate()


@dataclass(frozen=True)
class Planted:
    """Somebody whose name and address are looked for."""

    place: Place
    user: User
    birds: Aviary


@dataclass
class Made:
    """The backup, how far each family was before it was begun and when it was whole, and between which moments."""

    manifest: Manifest
    begun: float
    done: float
    before: list[int]
    after: list[int]


@pytest.fixture
async def clean() -> AsyncIterator[Database]:
    """A machine's own PostgreSQL, migrated and empty."""
    async with scratch_server("airside-clean-") as postgres:
        made = Database(postgres.dsn(APPLICATION), postgres.dsn(OWNER), postgres.dsn("postgres"))
        await migrate(made.owner, role_of(made.app))
        yield made


async def plant(place: Place) -> Planted:
    """Somebody new of that tenant."""
    services, birds = place.server.services, Aviary()
    email = birds.keep("e-mail", f"{services.entropy.bytes(12).hex()}@example.org")
    name = birds.keep("name", f"Ada {services.entropy.bytes(12).hex()}")
    async with place.operator() as ctx:
        return Planted(place, await services.users.create(ctx, email, name, verified=True), birds)


async def hold(place: Place, client: Client, user: User) -> Holder:
    """A new family."""
    return Holder(place, client, [await new_family(place, client, user)])


async def access_token(place: Place) -> str:
    """One for the tenant's own interfaces."""
    services = place.server.services
    async with services.engine.begin(place.tenant_id) as ctx:
        grant = AccessGrant("cli_load", "cli_load", (place.issuer,), frozenset({"a"}))
        return (await services.token_issuer.access_token(ctx, grant, issuer=place.issuer)).token.reveal()


async def kept_by_an_application(place: Place) -> str:
    """What an application had sealed under a key of its own."""
    async with place.operator() as ctx:
        await place.server.services.app_keys.create(ctx, NOTES, "seal")
        return (await place.server.services.app_keys.ring(ctx, NOTES)).seal(CONTENT, b"")


async def opens(place: Place, text: str) -> None:
    """For the application it was sealed for."""
    async with place.operator() as ctx:
        assert (await place.server.services.app_keys.ring(ctx, NOTES)).open(text, b"") == CONTENT


async def backed_up(load: Load, backups: Backups, dsn: str) -> Made:
    """A backup from the midst of the writing."""
    working = [asyncio.create_task(load.make(number)) for number in range(WRITERS)]
    working += [asyncio.create_task(load.rotate(holder)) for holder in load.holders]
    await asyncio.sleep(UNDER_WAY)
    before, begun = [len(holder.held) for holder in load.holders], time.monotonic()
    manifest = await backups.create(dsn)
    done, after = time.monotonic(), [len(holder.held) for holder in load.holders]
    await asyncio.sleep(UNDER_WAY)
    load.stop.set()
    await asyncio.gather(*working)
    return Made(manifest, begun, done, before, after)


async def shred(server: Running, person: Planted, tenant: Place) -> None:
    """A person and a whole tenant, after the backup."""
    services = server.services
    async with person.place.operator() as ctx:
        await services.closing.close(ctx, person.user.id)
    async with asyncio.timeout(30):
        while True:
            async with services.engine.begin(person.place.tenant_id) as ctx:
                await services.closing.sweep(ctx)
                if await services.users.state(ctx, person.user.id) is None:
                    break
            await asyncio.sleep(0.1)
    authority = await services.platform.bootstrap()
    async with services.engine.begin(authority, principal=OPERATOR) as ctx:
        await services.platform.shred_tenant(ctx, tenant.slug, 0)
    assert await services.shredder.turn(tenant.tenant_id, authority) == "finished"


def at_one_moment(load: Load, made: Made, found: set[UUID]) -> None:
    """All that was answered before the backup began, nothing that began when it was whole, and what lies between in
    the order in which it was answered."""
    assert [write for write in load.writes if write.done <= made.begun and write.user_id not in found] == []
    assert [write for write in load.writes if write.begun >= made.done and write.user_id in found] == []
    last = max(write.begun for write in load.writes if write.user_id in found)
    assert [write for write in load.writes if write.done < last and write.user_id not in found] == []


async def holds(place: Place, load: Load, made: Made, restored: Copy) -> None:
    """Every family goes on from the token that it had at the moment of the backup."""
    unspent = {row["token_hash"] for row in restored.tables["refresh_token"] if row["spent_at"] is None}
    for holder, before, after in zip(load.holders, made.before, made.after, strict=True):
        lawful = holder.held[before - 1 : after + 1]
        left = [token for token in holder.held if token_hash(place.tenant_id, token) in unspent]
        assert len(left) == 1
        assert left[0] in lawful
        again = Holder(place, holder.client, left)
        await again.rotate()
        await again.rotate()


async def verifies(place: Place, token: str, at: datetime | None = None) -> None:
    """At the tenant's own interfaces, and at whoever fetches the keys; at a moment of its quarter of an hour, which a
    million people may outlast."""
    services = place.server.services
    address = await services.lookup.by_slug(place.slug)
    assert address is not None
    async with services.engine.begin(place.tenant_id, now=at) as ctx:
        await services.contexts.credentials.principal(ctx, address, Presented(token), Sender())
        keys = keyset_from_jwks(dumps(await services.keys.jwks(ctx)))
        verify_jwt(token, keys, Expected(ACCESS_TYPE, place.issuer, place.issuer), ctx.now.timestamp())


async def accounts(dsn: str, tenant_id: UUID) -> set[UUID]:
    """Whoever has an account there."""
    async with await AsyncConnection.connect(dsn) as connection:
        rows = await connection.execute("select user_id from airside.user_account where tenant_id = %s", (tenant_id,))
        return {user_id for (user_id,) in await rows.fetchall()}


def read_in(texts: dict[str, bytes], planted: Planted) -> list[str]:
    return [f"{name} in {where}" for where, text in texts.items() for name in planted.birds.in_text(text)]


@pytest.mark.gauntlet
async def test_backup_under_load_comes_back_whole_on_a_clean_machine(
    scratch: Database,
    clean: Database,
    tmp_path: Path,
    clock: Clock,
    entropy: Entropy,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Its mutants: a backup of no one moment, and a person or a tenant whose keys stay in the archive."""
    kek, folder = LocalKek.create(tmp_path / "kek", development=True, entropy=entropy), tmp_path / "backups"
    backups = Backups(Directory(folder), kek=kek, clock=clock, entropy=entropy)
    async with running(
        scratch.app, tmp_path / "1", kek=kek, clock=clock, entropy=entropy, backup_target=folder
    ) as server:
        place, lost, crowd = [await server.tenant() for _ in range(3)]
        await fill(server.services, scratch.superuser, crowd.tenant_id, PEOPLE)
        kept, gone, of_lost = await plant(place), await plant(place), await plant(lost)
        user, (client, _) = await place.user("administrator"), await place.client(NATIVE)
        load = Load(place, [await hold(place, client, user) for _ in range(HOLDERS)])
        issued, token, note = clock.now(), await access_token(place), await kept_by_an_application(place)
        for each in (place, lost):
            async with each.operator() as ctx:
                await server.services.sequencer.sequence(ctx)
        made = await backed_up(load, backups, scratch.app)
        assert {place.tenant_id.hex, lost.tenant_id.hex} <= made.manifest.heads.keys()
        await shred(server, gone, lost)
        port = int(server.url.rpartition(":")[2])

    target, carried = tmp_path / "clean" / "backups", tmp_path / "clean" / "kek"
    shutil.copytree(folder, target)
    shutil.copy(tmp_path / "kek", carried)
    kek, begun = LocalKek.load(carried, entropy=entropy), time.monotonic()
    there = Directory(target)
    restored = await restore(
        Backups(there, kek=kek, clock=clock, entropy=entropy),
        ArchivedKeys(there, kek=kek, clock=clock, entropy=entropy),
        Name(made.manifest.name),
        clean.owner,
    )
    took = time.monotonic() - begun
    assert restored.shut == (lost.tenant_id,)

    found = await accounts(clean.superuser, place.tenant_id)
    at_one_moment(load, made, found)
    assert len(await accounts(clean.superuser, crowd.tenant_id)) == PEOPLE
    copy = await copied(clean.superuser, (place.tenant_id, lost.tenant_id))
    async with running(clean.app, tmp_path / "2", kek=kek, clock=clock, entropy=entropy, port=port) as again:
        here = Place(again, place.slug, place.tenant_id)
        assert here.issuer == place.issuer
        faults = await audited(again.services.engine, made.manifest)
        assert await again.services.lookup.by_slug(lost.slug) is None
        await holds(here, load, made, copy)
        await verifies(here, token, issued + timedelta(seconds=1))
        await opens(here, note)
        async with visitor(here) as browser:
            answer = await redeem(here, client, await code_for(here, client, user, browser))
            assert answer.status_code == 200, answer.text
        await verifies(here, await access_token(here))
        later = await audited(again.services.engine, made.manifest)
    texts = await readable(copy, kek)
    with capsys.disabled():
        between = sum(made.begun < write.done and write.begun < made.done for write in load.writes)
        print(
            f"\nG27: {PEOPLE + len(found)} people of a backup that took {made.done - made.begun:.1f} s, in whose midst"
            f" {between} of {len(load.writes)} more were made, are back in {took:.1f} s; {len(faults)} audit logs"
            f" differ; {len(read_in(texts, gone))} and {len(read_in(texts, of_lost))} canaries of a person and a tenant"
            " who were shredded since"
        )
    assert (faults, later) == ({}, {})
    assert read_in(texts, kept) != [], "the reader reads nothing"
    assert read_in(texts, gone) == []
    assert read_in(texts, of_lost) == []
    assert took <= SECONDS
