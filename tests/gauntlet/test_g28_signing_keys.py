"""G28: every class of signing key is rotated under load on two nodes, and every second rotation taken back: no token
fails to verify, on either node or at a verifier that fetched the keys a while ago, and no stored key is unreadable.

Time is the test's: the nodes share a clock that it moves, so that what takes minutes takes none. A node's own memory,
its news and its rows are the real ones.
"""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random, SystemRandom
from uuid import UUID

import pytest

from airside.access import Presented, Sender
from airside.admin.platform import OPERATOR
from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.errors import Refusal
from airside.core.strict_json import dumps
from airside.protocols.jose import Expected, KeySet, SigningKey, keyset_from_jwks, verify_jwt
from airside.protocols.jose.keys import private_from_pkcs8
from airside.store import Address
from airside.tenancy import Draft
from airside.tokens import AccessGrant
from airside.tokens.issue import ACCESS_TYPE
from airside.tokens.keys import KEPT, SETTLING
from airside.tokens.records_keys import StoredKey
from airside.vault import Keyset, Place
from airside.vault.kms.local import LocalKek
from airside.wiring.build import Services, build
from airside.wiring.settings import Settings
from tests.makers import Database

FULL = os.environ.get("AIRSIDE_GAUNTLET_FULL") == "1"
ALGORITHMS = ("ES256", "RS256", "PS256", "EdDSA")
ROTATIONS = 40 if FULL else 8
CLIENTS = 50 if FULL else 8
STEP = 30.0
"""Seconds that the clock moves at once."""
FETCHED_EVERY = 90.0
"""How old the keys of the verifier elsewhere may be; a new one settles for longer."""


@dataclass
class Moving:
    """A clock whose time of day a test moves on; how much time passes is true."""

    true: Clock
    ahead: timedelta = timedelta()

    def now(self) -> datetime:
        return self.true.now() + self.ahead

    def monotonic(self) -> float:
        return self.true.monotonic()

    def advance(self, seconds: float) -> None:
        self.ahead += timedelta(seconds=seconds)


@dataclass
class Elsewhere:
    """A resource server that fetches the keys now and then, and never for a token's sake."""

    issuer: str
    keys: KeySet
    fetched_at: float

    def verify(self, token: str, now: float) -> None:
        """Raises: TokenRefused."""
        verify_jwt(token, self.keys, Expected(ACCESS_TYPE, self.issuer, self.issuer), now)


@dataclass
class World:
    """One tenant on two nodes, the moving clock, and what came of it."""

    nodes: list[Services]
    clock: Moving
    tenant_id: UUID
    address: Address
    issuer: str
    dice: Random
    elsewhere: Elsewhere
    living: list[tuple[str, float]] = field(default_factory=list[tuple[str, float]])
    counted: Counter[str] = field(default_factory=Counter[str])
    failures: list[str] = field(default_factory=list[str])

    async def issue(self, alg: str) -> str:
        node = self.dice.choice(self.nodes)
        grant = AccessGrant("cli_load", "cli_load", (self.issuer,), frozenset({"a"}))
        async with node.engine.begin(self.tenant_id) as ctx:
            issued = await node.token_issuer.access_token(ctx, grant, issuer=self.issuer, alg=alg)
        self.living.append((issued.token.reveal(), issued.expires_at.timestamp()))
        return issued.token.reveal()

    async def verify(self, token: str) -> None:
        """On both nodes and elsewhere."""
        for node in self.nodes:
            async with node.engine.begin(self.tenant_id) as ctx:
                try:
                    await node.contexts.credentials.principal(ctx, self.address, Presented(token), Sender())
                except Refusal as refusal:
                    self.failures.append(f"node: {refusal.reason}")
            self.counted["verified"] += 1
        try:
            self.elsewhere.verify(token, self.clock.now().timestamp())
        except Refusal as refusal:
            self.failures.append(f"elsewhere: {refusal.reason}")
        self.counted["verified"] += 1

    async def load(self) -> None:
        """One client: a fresh token each time, and one that has lived a while."""
        while True:
            await self.verify(await self.issue(self.dice.choice(ALGORITHMS)))
            old, end = self.dice.choice(self.living)
            if self.clock.now().timestamp() < end - 4 * STEP:
                await self.verify(old)
            await asyncio.sleep(0)

    async def move(self, seconds: float) -> None:
        """Let time pass: step by step, with work at each, and a fetch elsewhere when that is due."""
        until = self.clock.now().timestamp() + seconds
        while self.clock.now().timestamp() < until:
            self.clock.advance(STEP)
            await self.fetch()
            for node in self.nodes:
                async with node.engine.begin(self.tenant_id) as ctx:
                    await node.key_rotation.turn(ctx)
            await self.work()
            now = self.clock.now().timestamp()
            self.living = [each for each in self.living[-400:] if each[1] > now + STEP] or self.living[-1:]

    async def work(self) -> None:
        """Until every client has had its turn, more or less."""
        enough = self.counted["verified"] + 3 * CLIENTS
        for _ in range(5000):
            if self.counted["verified"] >= enough:
                return
            await asyncio.sleep(0.002)
        raise AssertionError("the clients have stopped")

    async def fetch(self) -> None:
        now = self.clock.now().timestamp()
        if now - self.elsewhere.fetched_at >= FETCHED_EVERY:
            self.elsewhere = Elsewhere(self.issuer, await self.jwks(), now)

    async def jwks(self) -> KeySet:
        node = self.dice.choice(self.nodes)
        async with node.engine.begin(self.tenant_id) as ctx:
            return keyset_from_jwks(dumps(await node.keys.jwks(ctx)))

    async def rotate(self, alg: str, *, back: bool, settled: bool) -> None:
        node, other = self.dice.sample(self.nodes, 2)
        async with node.engine.begin(self.tenant_id, principal=OPERATOR) as ctx:
            await node.key_rotation.rotate(ctx, alg)
        self.counted["rotations"] += 1
        if back:
            await self.move(SETTLING.total_seconds() + STEP if settled else SETTLING.total_seconds() / 2)
            async with other.engine.begin(self.tenant_id, principal=OPERATOR) as ctx:
                await other.key_rotation.roll_back(ctx, alg)
            self.counted["rolled back"] += 1

    async def unreadable(self) -> int:
        """Stored keys that don't open, of those that still have a private half."""
        wrong = 0
        node = self.nodes[0]
        async with node.engine.begin(self.tenant_id) as ctx:
            for row in await node.keys.rows(ctx):
                if row.private_sealed is not None:
                    self.counted["rows"] += 1
                    wrong += not opens(await node.vault.keyset(ctx), row)
        return wrong


def opens(keyset: Keyset, row: StoredKey) -> bool:
    """Whether its private half is there, and is the one of its public half."""
    place = Place("signing_key", "private_sealed", row.key_id)
    try:
        private = private_from_pkcs8(keyset.open(place, row.private_sealed or b""))
    except Refusal:
        return False
    return SigningKey(row.verification.kid, row.verification.alg, private).verification() == row.verification


@pytest.fixture
async def world(database: Database, kek: LocalKek, clock: Clock, entropy: Entropy) -> AsyncIterator[World]:
    moving = Moving(clock)
    settings = Settings(mode="development", public_url="https://localhost:8443", port=8443, redirect_port=None)
    nodes = [build(settings, dsn=database.app, kek=kek, clock=moving, entropy=entropy) for _ in range(2)]
    for node in nodes:
        await node.start()
    first = nodes[0]
    async with first.engine.begin(await first.platform.bootstrap(), principal=OPERATOR) as ctx:
        tenant = await first.platform.create_tenant(ctx, Draft("t-" + entropy.bytes(8).hex(), "Acme"))
    async with first.engine.begin(tenant.tenant_id, principal=OPERATOR) as ctx:
        await first.key_rotation.ensure(ctx, frozenset(ALGORITHMS))
        issuer = await first.issuer(ctx)
    seed = SystemRandom().getrandbits(32)
    nowhere = Elsewhere(issuer, KeySet(()), 0.0)
    address = await first.lookup.by_tenant(tenant.tenant_id)
    assert address is not None
    made = World(nodes, moving, tenant.tenant_id, address, issuer, Random(seed), nowhere)
    made.counted["seed"] = seed
    await made.fetch()
    yield made
    for node in nodes:
        await node.stop()


@pytest.mark.gauntlet
async def test_rotation_of_every_signing_key_under_load_fails_no_verification(
    world: World, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its mutants sign with keys that nobody knows yet, drop old ones early, and destroy what is gone back to."""
    seed, started = world.counted.pop("seed"), clock.monotonic()
    running = [asyncio.create_task(world.load()) for _ in range(CLIENTS)]
    try:
        for number in range(ROTATIONS):
            alg = ALGORITHMS[number % len(ALGORITHMS)]
            await world.rotate(alg, back=number % 2 == 1, settled=number % 4 == 3)
            await world.move(float(world.dice.randrange(0, 200)))
            assert not any(task.done() for task in running), [task for task in running if task.done()]
            if world.failures:
                break
        await world.move((SETTLING + KEPT + timedelta(minutes=1)).total_seconds())
        unreadable = await world.unreadable()
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    counted, seconds = world.counted, clock.monotonic() - started
    with capsys.disabled():
        print(
            f"\nG28: {counted['rotations']} rotations, {counted['rolled back']} taken back,"
            f" {counted['verified']} verifications in {seconds:.0f} s ({counted['verified'] / seconds:.0f}/s),"
            f" {len(world.failures)} failed, {unreadable} of {counted['rows']} keys unreadable (seed {seed})"
        )
    assert world.failures == []
    assert unreadable == 0
    assert counted["rolled back"] == ROTATIONS // 2
    assert counted["rows"] == len(ALGORITHMS)
