"""G18: what is taken away is gone: a tuple, a role, an access token; asked for by many clients on two nodes meanwhile.

The last success is at most a second after the commit, and with a consistency token (for a role: asked at the head)
there is none at all. A node that has said no never says yes again.
"""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random, SystemRandom
from uuid import UUID

import pytest

from airside.access import Right
from airside.access.credentials import Presented
from airside.access.senders import Sender
from airside.admin.platform import OPERATOR
from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.errors import Forbidden, Unavailable
from airside.core.ids import USER, format_id
from airside.core.principal import Principal
from airside.core.secret import Secret
from airside.permissions import Question, TupleKey
from airside.permissions.model import AtLeast
from airside.store import Address, RequestContext
from airside.tenancy import Draft
from airside.tenancy.members import object_name
from airside.tokens import AccessGrant
from airside.tokens.verify import TokenRevoked
from airside.vault.kms.local import LocalKek
from airside.wiring.build import Services, build
from airside.wiring.settings import Settings
from tests.makers import Database
from tests.running import PASSWORD

FULL = os.environ.get("AIRSIDE_GAUNTLET_FULL") == "1"
REVOCATIONS = 1000 if FULL else 45
CLIENTS = 50 if FULL else 10
BOUND = 1.0
"""Seconds after the commit within which the last success may be."""
PAUSE = 0.002
HOUR = timedelta(hours=1)
MODEL = """
model
  schema 1.1
type user
type group
  relations
    define member: [user]
type doc
  relations
    define viewer: [user, group#member]
"""
MEMBER = Right("members:read", "member", "aal1")
Ask = Callable[[Services, AtLeast], Awaitable[bool]]


@dataclass(frozen=True)
class Thing:
    """Something that was given, how a node is asked for it, and how it is taken away: the least that has seen it."""

    ask: Ask
    take: Callable[[Services], Awaitable[AtLeast]]

    async def asked(self, node: Services, at_least: AtLeast = None) -> bool | None:
        """The answer; None where the node is too busy to give one (503)."""
        try:
            return await self.ask(node, at_least)
        except Unavailable:
            return None


@dataclass
class Client:
    """Asks its node for the thing of the moment, again and again; when it was last told yes, and whether no."""

    node: Services
    last_yes: float = 0.0
    said_no: bool = False
    wrong: int = 0
    asked: int = 0
    busy: int = 0
    thing: Thing | None = None

    async def run(self) -> None:
        while True:
            thing = self.thing
            if thing is not None:
                allowed = await thing.asked(self.node)
                self.busy += allowed is None
                if allowed is not None and self.thing is thing:
                    self._note(allowed)
            await asyncio.sleep(PAUSE)

    def turn_to(self, thing: Thing) -> None:
        self.last_yes, self.said_no, self.thing = 0.0, False, thing

    def _note(self, allowed: bool) -> None:
        self.asked += 1
        self.wrong += allowed and self.said_no
        self.said_no = self.said_no or not allowed
        if allowed:
            self.last_yes = self.node.clock.monotonic()


@dataclass(frozen=True)
class Things:
    """One tenant, and things to give in it."""

    tenant_id: UUID
    address: Address
    store_id: str
    user_id: UUID
    dice: Random

    async def tuple(self, giver: Services, number: int) -> Thing:
        """A tuple of the user's own, or a membership: the last link of the way is cut in either case."""
        own = TupleKey("user:eve", "viewer", f"doc:{number}")
        member = TupleKey("user:eve", "member", f"group:{number}")
        shared = TupleKey(f"group:{number}#member", "viewer", f"doc:{number}")
        given, cut = ([own], own) if self.dice.random() < 0.5 else ([member, shared], member)
        async with self._operator(giver) as ctx:
            await giver.permissions.tuples.write(ctx, self.store_id, writes=given)

        async def take(node: Services) -> AtLeast:
            async with self._operator(node) as ctx:
                return await node.permissions.tuples.write(ctx, self.store_id, deletes=[cut])

        return Thing(lambda node, at_least: self._check(node, self.store_id, own, at_least), take)

    async def role(self, giver: Services, _number: int) -> Thing:
        """Asked as every management verb asks; at the head, of the engine behind it."""
        async with self._operator(giver) as ctx:
            await giver.member_admin.grant(ctx, self.user_id, "member")
        subject = f"user:{format_id(USER, self.user_id)}"
        caller = Principal("user", subject, frozenset({MEMBER.scope}), "aal2")

        async def ask(node: Services, at_least: AtLeast) -> bool:
            async with node.engine.begin(self.tenant_id, principal=caller) as ctx:
                if at_least is not None:
                    store_id = (await node.tenants.current(ctx)).system_store_id
                    key = TupleKey(subject, MEMBER.relation, object_name(self.tenant_id))
                    return await self._check(node, store_id, key, at_least)
                try:
                    await node.authorise(ctx, MEMBER)
                except Forbidden:
                    return False
            return True

        async def take(node: Services) -> AtLeast:
            async with self._operator(node) as ctx:
                await node.member_admin.revoke(ctx, self.user_id, "member")
            return "head"

        return Thing(ask, take)

    async def token(self, giver: Services, number: int) -> Thing:
        """An access token, presented to every node; there is no revision that an answer to it could be asked at."""
        issuer = giver.issuers.of(self.address)
        grant = AccessGrant(f"cli_{number}", f"cli_{number}", (issuer,), frozenset({"a"}))
        async with self._operator(giver) as ctx:
            issued = await giver.token_issuer.access_token(ctx, grant, issuer=issuer)

        async def ask(node: Services, _at_least: AtLeast) -> bool:
            async with node.engine.begin(self.tenant_id) as ctx:
                try:
                    presented = Presented(issued.token.reveal())
                    await node.contexts.credentials.principal(ctx, self.address, presented, Sender())
                except TokenRevoked:
                    return False
            return True

        async def take(node: Services) -> AtLeast:
            async with self._operator(node) as ctx:
                await node.revocations.revoke(ctx, "jti", issued.jti, expires_at=ctx.now + HOUR)
            return None

        return Thing(ask, take)

    async def _check(self, node: Services, store_id: str, key: TupleKey, at_least: AtLeast) -> bool:
        question = Question(store_id, key.user, key.relation, key.object, at_least=at_least)
        async with node.engine.begin(self.tenant_id) as ctx:
            return (await node.permissions.engine.check(ctx, question)).allowed

    def _operator(self, node: Services) -> AbstractAsyncContextManager[RequestContext]:
        return node.engine.begin(self.tenant_id, principal=OPERATOR)


@pytest.fixture
async def nodes(database: Database, kek: LocalKek, clock: Clock, entropy: Entropy) -> AsyncIterator[list[Services]]:
    """Two processes' worth of everything, each with its own listener."""
    settings = Settings(mode="development", public_url="https://localhost:8443", port=8443, redirect_port=None)
    made = [build(settings, dsn=database.app, kek=kek, clock=clock, entropy=entropy) for _ in range(2)]
    for node in made:
        await node.start()
    yield made
    for node in made:
        await node.stop()


async def _things(node: Services, dice: Random) -> Things:
    async with node.engine.begin(await node.platform.bootstrap(), principal=OPERATOR) as ctx:
        tenant = await node.platform.create_tenant(ctx, Draft("t-" + node.entropy.bytes(8).hex(), "Acme"))
    async with node.engine.begin(tenant.tenant_id, principal=OPERATOR) as ctx:
        store = await node.permissions.stores.create(ctx, "gauntlet")
        await node.permissions.models.write(ctx, store.id, MODEL)
        user = await node.user_admin.create(ctx, "eve@example.com", "Eve", Secret(PASSWORD))
    address = await node.lookup.by_tenant(tenant.tenant_id)
    assert address is not None
    return Things(tenant.tenant_id, address, store.id, user.id, dice)


@dataclass
class Counted:
    """What came of it."""

    kinds: Counter[str] = field(default_factory=Counter[str])
    latest: dict[str, float] = field(default_factory=dict[str, float])
    late: int = 0
    tokened: int = 0
    tokened_yes: int = 0


async def _arrived(thing: Thing, node: Services) -> None:
    for _ in range(int(5 * BOUND / PAUSE)):
        if await thing.asked(node):
            return
        await asyncio.sleep(PAUSE)
    raise AssertionError("what was given never arrived")


async def _take_away(thing: Thing, kind: str, clients: list[Client], taker: Services, counted: Counted) -> None:
    """Take it, ask at once with the token, and wait until everybody has been told no."""
    for client in clients:
        client.turn_to(thing)
    await asyncio.sleep(3 * PAUSE)
    seen = await thing.take(taker)
    committed = taker.clock.monotonic()
    if seen is not None:
        answers = await asyncio.gather(*(thing.asked(client.node, seen) for client in clients))
        tokened = Counter(answers)
        counted.tokened += tokened[True] + tokened[False]
        counted.tokened_yes += tokened[True]
    for _ in range(int(2 * BOUND / PAUSE)):
        if all(client.said_no for client in clients):
            break
        await asyncio.sleep(PAUSE)
    await asyncio.sleep(3 * PAUSE)
    after = max(client.last_yes for client in clients) - committed
    counted.kinds[kind] += 1
    counted.latest[kind] = max(counted.latest.get(kind, 0.0), after)
    counted.late += after > BOUND or not all(client.said_no for client in clients)


@pytest.mark.gauntlet
async def test_what_is_taken_away_is_gone_on_every_node(
    nodes: list[Services], capsys: pytest.CaptureFixture[str]
) -> None:
    """Its mutants don't hear of tuples, don't hear of revoked tokens, and ignore the consistency token."""
    seed = SystemRandom().getrandbits(32)
    dice = Random(seed)
    things = await _things(nodes[0], dice)
    clients = [Client(nodes[number % 2]) for number in range(CLIENTS)]
    running = [asyncio.create_task(client.run()) for client in clients]
    counted = Counted()
    try:
        for number in range(REVOCATIONS):
            kind, give = (("tuple", things.tuple), ("role", things.role), ("token", things.token))[number % 3]
            giver, taker = dice.choice(nodes), dice.choice(nodes)
            thing = await give(giver, number)
            await asyncio.gather(*(_arrived(thing, node) for node in nodes))
            await _take_away(thing, kind, clients, taker, counted)
            assert not any(task.done() for task in running)
            if counted.late:  # no need to wait for the others
                break
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
    wrong = sum(client.wrong for client in clients)
    latest = ", ".join(f"{kind} {seconds * 1000:.0f} ms" for kind, seconds in sorted(counted.latest.items()))
    with capsys.disabled():
        print(
            f"\nG18: {counted.kinds.total()} revocations, {CLIENTS} clients on 2 nodes,"
            f" {sum(client.asked for client in clients)} answers; last success after the commit: {latest};"
            f" {counted.late} over {BOUND:.0f} s, {wrong} yes after a no,"
            f" {sum(client.busy for client in clients)} times too busy,"
            f" {counted.tokened_yes} of {counted.tokened} yes with a token (seed {seed})"
        )
    assert counted.late == 0
    assert wrong == 0
    assert counted.tokened_yes == 0
    assert len(counted.kinds) == 3
    assert counted.tokened >= REVOCATIONS * CLIENTS / 2  # of every three, two have a token; hardly any was too busy
