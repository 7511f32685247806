"""The consumer that sends logout tokens: at least once, with growing pauses, each client by itself, by a clock that is
moved and to a real HTTPS server."""

import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from airside.admin.platform import OPERATOR
from airside.core.clock import Clock, FixedClock
from airside.core.entropy import Entropy
from airside.core.ids import SESSION, USER, format_id, uuid7
from airside.notify.consumer import LEASE
from airside.oauth import ClientDraft, ClientSettings
from airside.oauth.backchannel import BACK_OFF
from airside.oauth.participants import KIND
from airside.protocols.jose import peek_claims
from airside.store.migrate import migrate, role_of
from airside.tenancy import Draft
from airside.transport import ensure_development_certificates
from airside.vault.kms.local import LocalKek
from airside.wiring.build import Services, build
from airside.wiring.settings import Settings
from tests.makers import MakeDatabase
from tests.running import HOST, free_port
from tests.trips.relying_party import Receiver, receiving

ROWS = "select attempts, dead_at is not null as dead from airside.outbox where tenant_id = %s"
ABANDONED = "select subject, details, person from airside.audit_record where tenant_id = %s and event = %s"


@dataclass(frozen=True)
class Row:
    attempts: int
    dead: bool


@dataclass(frozen=True)
class Abandoned:
    subject: str
    details: str
    person: str


@dataclass(frozen=True)
class Shop:
    """One process that does nothing by itself, and one tenant."""

    services: Services
    clock: FixedClock
    receiver: Receiver
    tenant_id: UUID

    async def client(self, path: str) -> str:
        """A client that wants to hear there."""
        draft = ClientDraft(
            name="Notes",
            public=True,
            grants=frozenset({"authorization_code"}),
            audiences=("https://api.example.test",),
            redirect_uris=("https://notes.example/callback",),
            scopes=frozenset({"openid"}),
            settings=ClientSettings(backchannel_logout_uri=f"{self.receiver.url}{path}"),
        )
        async with self.services.engine.begin(self.tenant_id) as ctx:
            client, _ = await self.services.clients.create(ctx, draft)
        return client.word

    async def put(self, client: str) -> UUID:
        """Somebody's session at the client is over; whose."""
        user_id, session_id = (uuid7(self.clock.now(), self.services.entropy) for _ in range(2))
        about = {"client": client, "session": format_id(SESSION, session_id)}
        async with self.services.engine.begin(self.tenant_id) as ctx:
            await self.services.outbox.put(ctx, KIND, subject=user_id, about=about, way="logout")
        return user_id

    async def deliver(self) -> int:
        """Try whatever is due now."""
        count = 0
        while tried := await self.services.back_channel.deliver(self.tenant_id):
            count += tried
        return count

    async def rows(self) -> list[Row]:
        async with self.services.engine.begin(self.tenant_id) as ctx:
            return await ctx.tx.all(Row, ROWS, (self.tenant_id,))

    async def abandoned(self) -> list[Abandoned]:
        async with self.services.engine.begin(self.tenant_id) as ctx:
            return await ctx.tx.all(Abandoned, ABANDONED, (self.tenant_id, "logout:client:abandoned"))

    async def next_due(self) -> datetime | None:
        async with self.services.engine.begin(self.tenant_id) as ctx:
            return await self.services.outbox.next_due(ctx, way="logout")


@pytest.fixture(scope="module")
async def house(
    blank_database: MakeDatabase,
    tmp_path_factory: pytest.TempPathFactory,
    kek: LocalKek,
    clock: Clock,
    entropy: Entropy,
) -> AsyncIterator[tuple[Services, FixedClock, Receiver]]:
    """A database of its own: the servers of other tests would take its outbox for theirs."""
    folder, port, fixed = tmp_path_factory.mktemp("certificates"), free_port(), FixedClock(clock.now())
    before, os.environ["SSL_CERT_FILE"] = (
        os.environ.get("SSL_CERT_FILE"),
        str(ensure_development_certificates(folder, clock=clock).ca),
    )
    settings = Settings(
        mode="development",
        public_url="https://localhost:8443",
        port=8443,
        redirect_port=None,
        fetch_exceptions=(f"{HOST}:{port}",),
    )
    try:
        async with blank_database() as database, receiving(folder, port, clock) as receiver:
            await migrate(database.owner, role_of(database.app))
            services = build(settings, dsn=database.app, kek=kek, clock=fixed, entropy=entropy)
            await services.start()
            yield services, fixed, receiver
            await services.stop()
    finally:
        del os.environ["SSL_CERT_FILE"]
        if before is not None:
            os.environ["SSL_CERT_FILE"] = before


@pytest.fixture
async def shop(house: tuple[Services, FixedClock, Receiver]) -> Shop:
    services, clock, receiver = house
    slug = "t-" + services.entropy.bytes(8).hex()
    async with services.engine.begin(await services.platform.bootstrap(), principal=OPERATOR) as ctx:
        tenant = await services.platform.create_tenant(ctx, Draft(slug, "Acme"))
    receiver.heard.clear()
    return Shop(services, clock, receiver, tenant.tenant_id)


async def test_application_that_stays_away_is_told_ever_less_often_and_given_up_in_the_end(shop: Shop) -> None:
    """Back-Channel Logout 1.0 §2.5; what is given up is journalled, about whom it was."""
    shop.receiver.statuses["/away"] = ["503 Away"]
    client = await shop.client("/away")
    user_id = await shop.put(client)
    for pause in BACK_OFF:
        assert await shop.deliver() == 1
        shop.clock.advance(pause.total_seconds() - 0.001)
        assert await shop.deliver() == 0
        shop.clock.advance(0.001)
    assert await shop.deliver() == 1
    assert await shop.rows() == [Row(len(BACK_OFF), True)]
    (given_up,) = await shop.abandoned()
    assert (given_up.subject, given_up.person) == (client, format_id(USER, user_id))
    assert f'"attempts":{len(BACK_OFF) + 1}' in given_up.details
    assert '"status":503' in given_up.details
    assert list(BACK_OFF) == sorted(BACK_OFF)


async def test_each_try_is_written_anew(shop: Shop) -> None:
    """A token that waited for hours would have expired; the item holds ids alone."""
    shop.receiver.statuses["/late"] = ["500 No", "200 OK"]
    user_id = await shop.put(await shop.client("/late"))
    await shop.deliver()
    first = shop.clock.now()
    shop.clock.advance(BACK_OFF[0].total_seconds() + 3600)
    await shop.deliver()
    one, two = map(peek_claims, shop.receiver.tokens("/late"))
    assert int(str(two["iat"])) - int(str(one["iat"])) >= 3600
    assert one["jti"] != two["jti"]
    assert one["sub"] == two["sub"] == format_id(USER, user_id)
    assert int(str(one["exp"])) <= first.timestamp() + timedelta(minutes=2).total_seconds()
    assert await shop.rows() == []


async def test_application_that_is_away_holds_up_no_other(shop: Shop) -> None:
    shop.receiver.statuses["/slow"] = ["503 Away"]
    slow, quick = await shop.client("/slow"), await shop.client("/quick")
    for _ in range(5):
        await shop.put(slow)
    await shop.put(quick)
    await shop.deliver()
    assert len(shop.receiver.tokens("/quick")) == 1
    assert len(await shop.rows()) == 5


async def test_item_whose_holder_died_is_taken_by_another(shop: Shop) -> None:
    """At least once: a lease, never a lock."""
    await shop.put(await shop.client("/heir"))
    async with shop.services.engine.begin(shop.tenant_id) as ctx:
        assert len(await shop.services.outbox.take(ctx, way="logout", limit=10, lease=LEASE)) == 1
    assert await shop.deliver() == 0
    shop.clock.advance(LEASE.total_seconds())
    assert await shop.deliver() == 1
    assert len(shop.receiver.tokens("/heir")) == 1


async def test_ways_out_see_nothing_of_each_other(shop: Shop) -> None:
    await shop.put(await shop.client("/ways"))
    async with shop.services.engine.begin(shop.tenant_id) as ctx:
        user = await shop.services.users.create(ctx, "ada@example.com", "Ada")
        await shop.services.outbox.put(ctx, "password_changed", subject=user.id)
        assert await shop.services.outbox.next_due(ctx) is not None
    assert await shop.services.delivery.deliver(shop.tenant_id) == 1
    assert shop.receiver.tokens("/ways") == []
    assert await shop.next_due() is not None
    assert await shop.deliver() == 1
    assert await shop.next_due() is None


async def test_item_that_this_build_can_not_read_waits_for_one_that_can(shop: Shop) -> None:
    client = await shop.client("/newer")
    async with shop.services.engine.begin(shop.tenant_id) as ctx:
        await shop.services.outbox.put(ctx, "of_a_newer_build", subject=None, about={"client": client}, way="logout")
    assert await shop.deliver() == 1
    assert await shop.rows() == [Row(1, False)]
