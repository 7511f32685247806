"""Webhooks over real parts: PostgreSQL, a clock that is moved, and applications that listen over TLS."""

import os
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from airside.admin.platform import OPERATOR
from airside.audit import Event
from airside.core.clock import Clock, FixedClock
from airside.core.entropy import Entropy
from airside.core.secret import Secret
from airside.notify.webhooks import Endpoint, EndpointDraft, WebhookDelivery
from airside.protocols.webhook import SignedMessage, parse_secret, verify
from airside.store.migrate import migrate, role_of
from airside.tenancy import Draft
from airside.transport import ensure_development_certificates
from airside.vault.kms.local import LocalKek
from airside.wiring.build import Services, build
from airside.wiring.settings import Settings
from tests.makers import MakeDatabase
from tests.running import HOST, free_port
from tests.trips.relying_party import Receiver, receiving


@dataclass(frozen=True)
class House:
    """One process that does nothing by itself, and who listens."""

    services: Services
    clock: FixedClock
    receiver: Receiver

    async def tenant(self) -> "Tenant":
        """A tenant of its own."""
        slug = "t-" + self.services.entropy.bytes(8).hex()
        async with self.services.engine.begin(await self.services.platform.bootstrap(), principal=OPERATOR) as ctx:
            tenant = await self.services.platform.create_tenant(ctx, Draft(slug, "Acme"))
        return Tenant(self, tenant.tenant_id)


@dataclass(frozen=True)
class Tenant:
    """A tenant, and verbs of it in a transaction each."""

    house: House
    id: UUID

    @property
    def services(self) -> Services:
        return self.house.services

    async def endpoint(self, path: str, events: Sequence[str] = ("user:*",)) -> tuple[Endpoint, Secret[str]]:
        async with self.services.engine.begin(self.id) as ctx:
            draft = EndpointDraft(f"{self.house.receiver.url}{path}", events)
            return await self.services.webhooks.create(ctx, draft)

    async def happens(self, subject: str, event: Event = Event.USER_UPDATED) -> None:
        async with self.services.engine.begin(self.id) as ctx:
            await self.services.journal.record(ctx, event, subject=subject, details={"fields": "name"})

    async def deliver(self) -> int:
        """Try whatever is due now."""
        count = 0
        while tried := await self.services.webhook_sending.deliver(self.id):
            count += tried
        return count

    async def deliveries(self, endpoint: Endpoint) -> list[WebhookDelivery]:
        """The newest first."""
        async with self.services.engine.begin(self.id) as ctx:
            return await self.services.webhook_deliveries.list(ctx, endpoint.endpoint_id)

    async def state(self, endpoint: Endpoint) -> Endpoint:
        async with self.services.engine.begin(self.id) as ctx:
            return await self.services.webhooks.get(ctx, endpoint.endpoint_id)

    def heard(self, path: str, secret: Secret[str]) -> list[SignedMessage]:
        """What came to `path`, each verified at the present moment of the clock."""
        found: list[SignedMessage] = []
        for at, head, body in self.house.receiver.heard:
            if at == path:
                found.append(
                    verify([parse_secret(secret.reveal())], headers_of(head), body, now=self.house.clock.now())
                )
        return found


def headers_of(head: bytes) -> dict[str, str]:
    """The headers of a request as it came."""
    lines = head.decode().split("\r\n")[1:]
    return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines) if name}


@asynccontextmanager
async def house(
    blank_database: MakeDatabase, folder: Path, kek: LocalKek, clock: Clock, entropy: Entropy
) -> AsyncGenerator[House]:
    """A database of its own: the servers of other tests would take its outbox for theirs."""
    port, fixed = free_port(), FixedClock(clock.now())
    ca = ensure_development_certificates(folder, clock=clock).ca
    before, os.environ["SSL_CERT_FILE"] = os.environ.get("SSL_CERT_FILE"), str(ca)
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
            try:
                yield House(services, fixed, receiver)
            finally:
                await services.stop()
    finally:
        del os.environ["SSL_CERT_FILE"]
        if before is not None:
            os.environ["SSL_CERT_FILE"] = before
