"""G29: what was shredded is read by nobody: not in the database, not with the key encryption key in hand, not from an
older copy of it, not in a log. And the row of G16 that a raw copy shows nothing of anybody.

Canaries are planted in a real server's database, in every field that says something of a person and in every secret.
"""

import asyncio
import contextlib
import ipaddress
import signal
import sys
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import pytest

from airside.admin import OPERATOR
from airside.audit import verify_tenant
from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.ids import USER, format_id
from airside.core.principal import Origin, Principal
from airside.core.secret import Secret
from airside.custody import read_certificate
from airside.federation import ConnectionDraft, OidcSettings
from airside.identity import User
from airside.vault.kms.local import LocalKek
from tests.gauntlet.canaries import Aviary, dump
from tests.gauntlet.shredded import copied, readable
from tests.makers import Database
from tests.process import Watched, serving
from tests.running import Place

PEOPLE = 130
NEIGHBOURS = 20
VICTIMS = 5
SIGNED_IN = 3

TURN = """
import asyncio, sys
from pathlib import Path
from uuid import UUID
from airside.core.clock import SystemClock
from airside.core.entropy import SystemEntropy
from airside.vault.kms.local import LocalKek
from airside.wiring.build import build
from airside.wiring.settings import Settings

async def main(dsn, kek, tenant, authority):
    clock, entropy = SystemClock(), SystemEntropy()
    settings = Settings(mode="development", public_url="https://localhost:1", port=1, redirect_port=None)
    services = build(settings, dsn=dsn, kek=LocalKek.load(Path(kek), entropy=entropy), clock=clock, entropy=entropy)
    await services.start()
    print("begun", flush=True)
    print(await services.shredder.turn(UUID(tenant), UUID(authority)), flush=True)

asyncio.run(main(*sys.argv[1:]))
"""


@dataclass
class Camp:
    """A tenant, its people and what was planted of each."""

    place: Place
    people: list[tuple[User, Aviary]] = field(default_factory=list[tuple[User, Aviary]])
    own: Aviary = field(default_factory=Aviary)

    @property
    def birds(self) -> list[Aviary]:
        return [self.own, *(birds for _, birds in self.people)]

    def read_in(self, texts: dict[str, bytes], birds: list[Aviary]) -> list[str]:
        return [f"{name} in {where}" for where, text in texts.items() for each in birds for name in each.in_text(text)]

    def count(self) -> int:
        return sum(len(birds.canaries) for birds in self.birds)


def whence(entropy: Entropy, birds: Aviary) -> Origin:
    address = str(ipaddress.IPv6Address(b"\x20\x01\x0d\xb8" + bytes(each | 0x11 for each in entropy.bytes(12))))
    return Origin(birds.keep("address", address), birds.keep("agent", f"agent/{entropy.bytes(12).hex()}"))


async def settle(server: Watched, count: int, signed_in: int) -> Camp:
    """A tenant with `count` people."""
    camp, services = Camp(await server.tenant()), server.services
    entropy = services.entropy
    for number in range(count):
        birds = Aviary()
        email = birds.keep("e-mail", f"{entropy.bytes(12).hex()}@example.org")
        name = birds.keep("name", f"Ada {entropy.bytes(12).hex()}")
        origin = whence(entropy, birds)
        password = birds.keep("password", entropy.bytes(16).hex())
        async with services.engine.begin(camp.place.tenant_id, principal=OPERATOR, origin=origin) as ctx:
            user = await services.users.create(ctx, email, name, verified=True)
        who = Principal("user", f"user:{format_id(USER, user.id)}")
        if number < signed_in:
            async with services.engine.begin(camp.place.tenant_id, principal=OPERATOR, origin=origin) as ctx:
                await services.passwords.set(ctx, user.id, Secret(password))
                proof = await services.passwords.prove(ctx, email, Secret(password))
                await services.sessions.start(ctx, [proof])
                await services.devices.remember(ctx, user.id, (await services.devices.mint(ctx))[0])
                begun = await services.totp.begin(ctx, user.id, email, "Acme")
                birds.keep("generator", begun.secret.reveal())
        async with services.engine.begin(camp.place.tenant_id, principal=who, origin=whence(entropy, birds)) as ctx:
            await services.users.verify_email(ctx, user.id)
            await services.users.set_state(ctx, user.id, "active")
        camp.people.append((user, birds))
    await fill(camp)
    return camp


async def fill(camp: Camp) -> None:
    """What a tenant has beside people: secrets, and those who were asked to come."""
    services, own, place = camp.place.server.services, camp.own, camp.place
    words = [services.entropy.bytes(16).hex() for _ in range(4)]
    async with place.operator() as ctx:
        guest = (own.keep("guest", f"{words[0]}@example.org"), own.keep("guest's name", f"Guest {words[1]}"))
        await services.invitation_admin.create(ctx, *guest, ["member"])
        provider = OidcSettings(issuer="https://idp.example.com", client_id="airside")
        secret = Secret(own.keep("connection's secret", words[2]))
        await services.connections.create(ctx, ConnectionDraft("Suite", provider, client_secret=secret))
        stored, owner = (own.keep(name, services.entropy.bytes(16).hex()) for name in ("stored secret", "its owner"))
        await services.secret_store.put(ctx, "billing/key", Secret(stored), metadata={"owner": owner})
        await services.app_keys.create(ctx, "notes", "seal")


async def erased(camp: Camp, user: User) -> None:
    """Closed, told by mail, and gone."""
    services, tenant_id = camp.place.server.services, camp.place.tenant_id
    async with camp.place.operator() as ctx:
        await services.closing.close(ctx, user.id)
    async with asyncio.timeout(20):
        while True:
            async with services.engine.begin(tenant_id) as ctx:
                await services.closing.sweep(ctx)
                if await services.users.state(ctx, user.id) is None:
                    return
            await asyncio.sleep(0.1)


async def stands(server: Watched, camp: Camp, authority: UUID) -> str:
    """How far the shredding is."""
    async with server.services.engine.begin(authority, principal=OPERATOR) as ctx:
        return (await server.services.platform.shredding_of(ctx, camp.place.slug)).state


async def sound(camp: Camp) -> bool:
    services = camp.place.server.services
    async with services.engine.begin(camp.place.tenant_id) as ctx:
        await services.sequencer.sequence(ctx)
    async with services.engine.begin(camp.place.tenant_id) as ctx:
        return (await verify_tenant(ctx)).sound


@pytest.mark.gauntlet
async def test_shredded_people_and_tenants_are_read_by_nobody(
    scratch: Database, tmp_path: Path, clock: Clock, entropy: Entropy, capsys: pytest.CaptureFixture[str]
) -> None:
    async with serving(scratch.app, tmp_path, lambda _: None, clock=clock, entropy=entropy) as server:
        services = server.services
        kek = LocalKek.load(server.kek_file, entropy=entropy)
        camp, neighbour = await settle(server, PEOPLE, SIGNED_IN), await settle(server, NEIGHBOURS, 1)
        planted = camp.count() + neighbour.count()
        raw = [each for each in (camp, neighbour) for each in camp.read_in(await dump(scratch.superuser), each.birds)]
        before = await copied(scratch.superuser)
        opened = await readable(before, kek)
        victims, others = camp.people[:VICTIMS], camp.people[VICTIMS:]
        assert all(camp.read_in(opened, [birds]) for _, birds in camp.people), "the reader reads nothing"

        for user, _ in victims:
            await erased(camp, user)
        now = await copied(scratch.superuser)
        old_of_people = camp.read_in(await readable(before.with_keys_of(now), kek), [birds for _, birds in victims])
        left = await readable(now, kek)
        of_people = camp.read_in(left, [birds for _, birds in victims])
        assert all(camp.read_in(left, [birds]) for _, birds in others), "somebody else is lost"
        assert await sound(camp)

        authority = await services.platform.bootstrap()
        async with services.engine.begin(authority, principal=OPERATOR) as ctx:
            await services.platform.shred_tenant(ctx, camp.place.slug, 0)
        assert await services.shredder.turn(camp.place.tenant_id, authority) == "finished"
        after = await copied(scratch.superuser)
        left = await readable(after, kek)
        of_tenant = camp.read_in(left, camp.birds)
        old_of_tenant = camp.read_in(await readable(before.with_keys_of(after), kek), camp.birds)
        assert all(neighbour.read_in(left, [birds]) for _, birds in neighbour.people)
        async with services.engine.begin(camp.place.tenant_id) as ctx:
            assert (await verify_tenant(ctx)).sound
        assert await sound(neighbour)
        async with neighbour.place.operator() as ctx:
            assert len(await services.users.list(ctx)) == NEIGHBOURS
        async with services.engine.begin(authority, principal=OPERATOR) as ctx:
            certificate = (await services.platform.shredding_of(ctx, camp.place.slug)).certificate
        output = server.output.read_bytes()
    logged = [name for birds in camp.birds for name in birds.in_text(output)]
    with capsys.disabled():
        print(
            f"\nG29: {planted} canaries; a raw copy shows {len(raw)}; with every key, {len(of_people)} of {VICTIMS}"
            f" people who were shredded, {len(old_of_people)} in an older copy; {len(of_tenant)} and"
            f" {len(old_of_tenant)} of a tenant; {len(logged)} logged"
        )
    assert planted >= 1_000
    assert raw == []
    assert of_people == []
    assert old_of_people == []
    assert of_tenant == []
    assert old_of_tenant == []
    assert logged == []
    assert certificate is not None
    assert read_certificate(certificate).certificate.people == PEOPLE - VICTIMS


@pytest.mark.gauntlet
async def test_shredding_that_is_killed_again_and_again_comes_to_its_end(
    scratch: Database, tmp_path: Path, clock: Clock, entropy: Entropy
) -> None:
    """And before the keys are gone everything is there, afterwards nothing is read."""
    async with serving(scratch.app, tmp_path, lambda _: None, clock=clock, entropy=entropy) as server:
        services, kek = server.services, LocalKek.load(server.kek_file, entropy=entropy)
        camp = await settle(server, 20, 1)
        authority = await services.platform.bootstrap()
        async with services.engine.begin(authority, principal=OPERATOR) as ctx:
            await services.platform.shred_tenant(ctx, camp.place.slug, 0)
        arguments = (scratch.app, str(server.kek_file), str(camp.place.tenant_id), str(authority))
        seen = list[str]()
        for _ in range(10):
            child = await asyncio.create_subprocess_exec(
                *("nice", "-n", "19"),  # slower than who looks on, on a busy machine too
                *(sys.executable, "-c", TURN, *arguments),
                stdout=asyncio.subprocess.PIPE,
            )
            assert child.stdout is not None
            assert await child.stdout.readline() == b"begun\n"
            former = seen[-1] if seen else "waiting"
            while child.returncode is None and await stands(server, camp, authority) == former:
                pass  # each look is a question to the database
            with contextlib.suppress(ProcessLookupError):
                child.send_signal(signal.SIGKILL)
            await child.wait()
            state = await stands(server, camp, authority)
            found = camp.read_in(await readable(await copied(scratch.superuser), kek), [b for _, b in camp.people])
            assert bool(found) == (state in ("waiting", "closing")), state
            seen.append(state)
            if state == "finished":
                break
    assert seen[-1] == "finished"
    assert {"closing", "destroyed"} <= set(seen), "killed after each of its steps"
