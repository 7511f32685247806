"""G12, the key service: it is away for a while, gone and then silent. What docs/operations/keys.md says holds: tenants
whose keys are in memory go on, for a bounded time; the others are refused by name; nothing fails open, nothing is lost,
and it comes back by itself.

One node reaches OpenBao by a wire that is cut; another, by which new tenants come, reaches it always.
"""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest

from airside.admin.platform import OPERATOR
from airside.core.clock import Clock, SystemClock
from airside.core.entropy import Entropy
from airside.core.errors import Unavailable
from airside.core.ids import CLIENT, format_id
from airside.fetch import Fetcher
from airside.oauth import ClientDraft
from airside.store.migrate import migrate, role_of
from airside.tenancy import Draft
from airside.vault.kms.guard import Guarded
from airside.vault.kms.remote import RemoteKek
from airside.vault.kms.transit import TokenFile, Transit
from airside.vault.vault import KEYSET_LIFETIME, STALE_LIFETIME
from tests.makers import MakeDatabase
from tests.running import Place, Running, running
from tests.vault.kms.services import Bao, openbao
from tests.vault.kms.wire import Wire, wire

pytestmark = [pytest.mark.gauntlet, pytest.mark.alone]

AWAY_SECONDS = 300.0 if os.environ.get("AIRSIDE_GAUNTLET_FULL") == "1" else 8.0
QUICK_SECONDS = 2.5
"""What a request of a tenant whose keys are in memory takes at most, while a hundred others hit the wall."""
BACK_SECONDS = 15.0
WRONG = 20
"""Wrong secrets at most while it is away in one way: fewer than the limit on failures lets through."""
DRAFT = ClientDraft(
    name="Service",
    public=False,
    grants=frozenset({"client_credentials"}),
    audiences=("https://api.example.test",),
    scopes=frozenset({"notes:read"}),
)


class Hastened:
    """The machine's clock, set forward."""

    def __init__(self) -> None:
        self.by = 0.0

    def now(self) -> datetime:
        return SystemClock().now() + timedelta(seconds=self.by)

    def monotonic(self) -> float:
        return SystemClock().monotonic() + self.by


@dataclass
class World:
    """The node whose wire is cut, its wire and its clock, and the node that goes on."""

    node: Running
    wire: Wire
    clock: Hastened
    other: Running


@dataclass
class App:
    """A tenant's application, which asks the node for tokens."""

    place: Place
    http: httpx2.AsyncClient
    client_id: str
    secret: str

    async def ask(self, secret: str | None = None) -> tuple[int, float]:
        """The status, and how long it took."""
        began = SystemClock().monotonic()
        answer = await self.http.post(
            f"/t/{self.place.slug}/oauth2/token",
            data={"grant_type": "client_credentials"},
            auth=(self.client_id, self.secret if secret is None else secret),
        )
        if answer.status_code == 503:
            assert answer.headers["retry-after"]
            assert answer.json()["error"] == "temporarily_unavailable"
        assert ("access_token" in answer.text) == (answer.status_code == 200)
        return answer.status_code, SystemClock().monotonic() - began


@pytest.fixture
async def world(blank_database: MakeDatabase, tmp_path: Path, clock: Clock, entropy: Entropy) -> AsyncIterator[World]:
    async with AsyncExitStack() as stack:
        # Of its own: the reserved tenant of the others' is wrapped by another key.
        database = await stack.enter_async_context(blank_database())
        await migrate(database.owner, role_of(database.app))
        (tmp_path / "bao").mkdir()
        bao = stack.enter_context(openbao(tmp_path / "bao"))
        between = await stack.enter_async_context(wire(urlsplit(bao.origin).port or 0))
        bao.key("kek")
        hastened = Hastened()
        nodes: list[Running] = []
        for origin, its_clock, folder in ((between.origin, hastened, "one"), (bao.origin, clock, "other")):
            fetcher = await stack.enter_async_context(Fetcher(allow=frozenset({urlsplit(origin).netloc})))
            kek = Guarded(RemoteKek(service(bao, origin, fetcher)), clock=its_clock)
            nodes.append(
                await stack.enter_async_context(
                    running(database.app, tmp_path / folder, kek=kek, clock=its_clock, entropy=entropy)
                )
            )
        yield World(nodes[0], between, hastened, nodes[1])


def service(bao: Bao, origin: str, fetcher: Fetcher) -> Transit:
    credential = TokenFile(bao.token_file)
    return Transit(origin, mount="transit", name="kek", credential=credential, fetcher=fetcher, known_as="bao")


async def app(world: World, http: httpx2.AsyncClient) -> App:
    """An application of a new tenant, made by the node that goes on: the other has never seen it."""
    place = await world.other.tenant()
    client, secret = await place.client(DRAFT)
    assert secret is not None
    return App(place, http, format_id(CLIENT, client.client_id), secret.reveal())


async def test_key_service_is_away_and_the_table_holds(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    async with world.node.client() as http:
        warm, cold = await app(world, http), await app(world, http)
        assert (await warm.ask())[0] == 200
        seen: Counter[str] = Counter()
        slowest = 0.0
        for way in ("gone", "silent"):
            if way == "gone":
                await world.wire.cut()
            else:
                world.wire.silent = True
            until, wrong = SystemClock().monotonic() + AWAY_SECONDS / 2, 0
            while SystemClock().monotonic() < until:
                crowd = [asyncio.create_task(cold.ask()) for _ in range(20)]
                answers = [await warm.ask() for _ in range(5)]
                if wrong < WRONG:
                    wrong += 1
                    assert (await warm.ask("not-the-secret"))[0] == 401
                seen.update(f"{way}, in memory: {status}" for status, _ in answers)
                seen.update(f"{way}, not in memory: {status}" for status, _ in await asyncio.gather(*crowd))
                slowest = max(slowest, *(seconds for _, seconds in answers))
            await nothing_half_made(world.node)
            await back(world, cold, seen, way)
            cold = await app(world, http)
        await bounded(world, warm, seen)
    with capsys.disabled():
        print(f"\nG12, key service away: {dict(sorted(seen.items()))}, in memory {slowest:.2f} s at most")
    assert set(seen) == {
        *(f"{way}, in memory: 200" for way in ("gone", "silent")),
        *(f"{way}, not in memory: 503" for way in ("gone", "silent")),
        *(f"{way}, afterwards: 200" for way in ("gone", "silent")),
        "stale: 200",
        "too stale: 503",
        "back: 200",
    }
    assert slowest < QUICK_SECONDS


async def nothing_half_made(node: Running) -> None:
    """A tenant that can't get its keys isn't there at all."""
    services = node.services
    slug = "t-" + services.entropy.bytes(8).hex()
    with pytest.raises(Unavailable):
        async with services.engine.begin(await services.platform.bootstrap(), principal=OPERATOR) as ctx:
            await services.platform.create_tenant(ctx, Draft(slug, "Acme Instruments"))
    assert await services.lookup.by_slug(slug) is None


async def back(world: World, cold: App, seen: Counter[str], way: str) -> None:
    """By itself, within seconds of the service; what was sealed before opens."""
    await world.wire.cut()
    await world.wire.mend()
    until = SystemClock().monotonic() + BACK_SECONDS
    while (await cold.ask())[0] != 200:
        assert SystemClock().monotonic() < until, "it doesn't come back"
        await asyncio.sleep(0.2)
    seen[f"{way}, afterwards: {(await cold.ask())[0]}"] += 1


async def bounded(world: World, warm: App, seen: Counter[str]) -> None:
    """What is in memory is there for a bounded time, and a while longer for as long as the service is away."""
    await world.wire.cut()
    world.clock.by += KEYSET_LIFETIME + 60
    seen[f"stale: {(await warm.ask())[0]}"] += 1
    world.clock.by += STALE_LIFETIME - KEYSET_LIFETIME
    seen[f"too stale: {(await warm.ask())[0]}"] += 1
    await back(world, warm, Counter(), "")
    seen[f"back: {(await warm.ask())[0]}"] += 1
