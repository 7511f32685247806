"""G18 for the response to an attack: a lock, a ban, the end of everybody's sessions and a demand to sign in anew hold
on either node a second after the commit, whichever node was told."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from random import Random, SystemRandom

import httpx2
import pytest

from airside.admin.platform import OPERATOR
from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.store import RequestContext
from airside.vault.kms.local import LocalKek
from airside.wiring.app import application
from airside.wiring.build import Services, build
from airside.wiring.settings import Settings
from tests.makers import Database
from tests.running import Place, Running
from tests.surface import administrator_token
from tests.trips.visitor import NATIVE, refresh, tokens_for

FULL = os.environ.get("AIRSIDE_GAUNTLET_FULL") == "1"
ROUNDS = 20 if FULL else 2
BOUND = 1.0
"""Seconds after the commit within which the last request may be taken."""
PAUSE = 0.05
PATIENCE = 100
"""How often a node that is busy is asked before all begins."""
OVERLAP = 2.1
"""Seconds for which tokens that are issued after the end of everybody's still count as issued before it."""
HERE, BANNED = "192.0.2.1", "198.51.100.7"

Act = Callable[[Services, RequestContext], Awaitable[object]]


@dataclass(frozen=True)
class Node:
    """One process' worth of everything, which answers whoever knocks from an address."""

    services: Services
    settings: Settings

    def client(self, address: str) -> httpx2.AsyncClient:
        transport = httpx2.ASGITransport(application(self.services, self.settings), client=(address, 50_000))
        return httpx2.AsyncClient(base_url=self.settings.public_url, transport=transport)


@dataclass(frozen=True)
class Door:
    """A request that is taken, what shuts it out, and what lets it in again."""

    method: str
    path: str
    headers: dict[str, str]
    shut: Act
    opened: Act | None = None
    address: str = HERE

    async def is_open(self, http: httpx2.AsyncClient) -> bool | None:
        """A 404 is open, too: somebody looked. None where the node is too busy to say (503)."""
        answer = await http.request(self.method, self.path, headers=self.headers)
        assert answer.status_code in (200, 401, 403, 404, 503), answer.text
        return None if answer.status_code == 503 else answer.status_code in (200, 404)


@pytest.fixture
async def nodes(
    database: Database, kek: LocalKek, clock: Clock, entropy: Entropy, server: Running
) -> AsyncIterator[list[Node]]:
    """Two, beside the server whose tokens they take."""
    port = int(server.url.rpartition(":")[2])
    settings = Settings(mode="development", public_url=server.url, port=port, redirect_port=None)
    async with AsyncExitStack() as stack:
        made = [build(settings, dsn=database.app, kek=kek, clock=clock, entropy=entropy) for _ in range(2)]
        for services in made:
            await services.start()
            stack.push_async_callback(services.stop)
        yield [Node(services, settings) for services in made]


async def _doors(place: Place) -> dict[str, Door]:
    below = f"/t/{place.slug}"
    program = {"authorization": f"Bearer {await administrator_token(place)}"}

    async def lift(node: Services, ctx: RequestContext) -> None:
        for each in (await node.response_admin.lockdown(ctx)).bans:
            await node.response_admin.lift(ctx, each.ban_id)

    return {
        "lock": Door(
            "DELETE",
            f"{below}/api/v1/roles/none",
            program,
            lambda node, ctx: node.response_admin.lock(ctx),
            lambda node, ctx: node.response_admin.unlock(ctx),
        ),
        "ban": Door(
            "GET",
            f"{below}/oauth2/jwks",
            {},
            lambda node, ctx: node.response_admin.ban(ctx, "198.51.100.0/24", timedelta(minutes=1)),
            lift,
            BANNED,
        ),
    }


async def _last_taken(node: Node, door: Door, until: asyncio.Event) -> tuple[float, int]:
    """When the node last let the request in, and how often it did so after it had shut it out, `until` nobody wants to
    know any more."""
    last, shut, wrong = 0.0, False, 0
    async with node.client(door.address) as http:
        while not until.is_set():
            taken = await door.is_open(http)
            if taken:
                last, wrong = node.services.clock.monotonic(), wrong + shut
            shut = shut or taken is False
            await asyncio.sleep(PAUSE)
    return last, wrong


async def _shut(nodes: list[Node], place: Place, door: Door, dice: Random) -> tuple[float, int]:
    """How long after the commit the request was last taken on any node, and how often after it had been refused."""
    actor, clock = dice.choice(nodes).services, nodes[0].services.clock
    for node in nodes:  # warm: from here on neither asks the database
        async with node.client(door.address) as http:
            for _ in range(PATIENCE):
                if await door.is_open(http):
                    break
                await asyncio.sleep(2 * PAUSE)
            else:
                raise AssertionError("never open")
    until = asyncio.Event()
    asking = [asyncio.create_task(_last_taken(node, door, until)) for node in nodes]
    await asyncio.sleep(4 * PAUSE)
    async with actor.engine.begin(place.tenant_id, principal=OPERATOR) as ctx:
        await door.shut(actor, ctx)
    committed = clock.monotonic()
    await asyncio.sleep(BOUND + 0.2)
    until.set()
    seen = await asyncio.gather(*asking)
    if door.opened is not None:
        async with dice.choice(nodes).services.engine.begin(place.tenant_id, principal=OPERATOR) as ctx:
            await door.opened(actor, ctx)
    return max(last for last, _ in seen) - committed, sum(wrong for _, wrong in seen)


@pytest.mark.alone
@pytest.mark.gauntlet
async def test_what_is_shut_is_shut_on_every_node(
    nodes: list[Node], place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    """N18, N19. Its mutants don't hear of a ban at the other node, and let everybody's sessions live on."""
    seed = SystemRandom().getrandbits(32)
    dice = Random(seed)
    latest, wrong, alive = dict[str, float](), 0, 0
    for number in range(ROUNDS):
        for name, door in (await _doors(place)).items():
            after, again = await _shut(nodes, place, door, dice)
            latest[name], wrong = max(after, latest.get(name, after)), wrong + again
            assert after <= BOUND, name
        user, (client, _) = await place.user("member"), await place.client(NATIVE)
        tokens = await tokens_for(place, client, user)
        headers = {"authorization": f"Bearer {tokens['access_token']}"}
        verb = ("end_sessions", "reauthenticate")[number % 2]

        async def shut(node: Services, ctx: RequestContext, verb: str = verb) -> None:
            await getattr(node.response_admin, verb)(ctx, None)

        after, again = await _shut(nodes, place, Door("GET", f"/t/{place.slug}/oauth2/userinfo", headers, shut), dice)
        latest["sessions"], wrong = max(after, latest.get("sessions", after)), wrong + again
        alive += (await refresh(place, client, tokens["refresh_token"])).status_code == 200
        async with place.operator() as ctx:
            found = await place.server.services.sessions.list(ctx, user.id)
        alive += any(each.counts for each in found) or (verb == "end_sessions" and bool(found))
        if alive:  # no need to look at anything else
            break
        await asyncio.sleep(OVERLAP if number < ROUNDS - 1 else 0)
    with capsys.disabled():
        told = ", ".join(f"{name} {after * 1000:.0f} ms" for name, after in latest.items())
        print(
            f"\nG18: response: {ROUNDS} rounds, 2 nodes; last taken after the commit: {told};"
            f" {wrong} yes after a no, {alive} sessions alive (seed {seed})"
        )
    assert max(latest.values()) <= BOUND
    assert (wrong, alive) == (0, 0)
