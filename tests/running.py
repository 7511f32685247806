"""The real server for trips: every room wired as in production, over real TLS on a loopback socket."""

import ssl
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import httpx2

from airside.admin.platform import OPERATOR
from airside.core.clock import Clock
from airside.core.entropy import Entropy, token
from airside.core.secret import Secret
from airside.identity import User
from airside.oauth import Client, ClientDraft
from airside.store import RequestContext
from airside.tenancy import Draft
from airside.testing.serving import HOST, free_port, serving
from airside.transport import DevelopmentCertificates, ensure_development_certificates
from airside.vault import Aead
from airside.wiring.build import Services
from airside.wiring.mutual import MutualTls
from airside.wiring.observing import Observing
from airside.wiring.settings import Settings

__all__ = ["HOST", "PASSWORD", "Place", "Running", "free_port", "running"]

PASSWORD = "a long enough password for trips"


@dataclass(frozen=True)
class Running:
    """A server that answers at `url`, and its services for what only an operator can do."""

    services: Services
    url: str
    certificates: DevelopmentCertificates
    mutual: MutualTls | None = None
    watching: Observing | None = None
    metrics: str = ""
    """Where the internal listener answers, if there is one."""

    async def refresh_certificates(self) -> None:
        """What the second listener does every few seconds: look for certificates that clients registered."""
        assert self.mutual is not None
        tenants = [address.tenant_id for address in await self.services.lookup.all()]
        await self.mutual.refresh(self.services.engine, tenants)

    def client(self, *, follow: bool = False, source: str | None = None) -> httpx2.AsyncClient:
        """Somebody of their own with their own cookies, who trusts the development authority and nothing else.
        `source` is the loopback address they come from."""
        trust = ssl.create_default_context(cafile=str(self.certificates.ca))
        transport = httpx2.AsyncHTTPTransport(verify=trust, local_address=source)
        return httpx2.AsyncClient(base_url=self.url, transport=transport, follow_redirects=follow, timeout=30.0)

    async def tenant(self, name: str = "Acme Instruments") -> "Place":
        """A new tenant."""
        platform = self.services.platform
        slug = "t-" + self.services.entropy.bytes(8).hex()
        async with self.services.engine.begin(await platform.bootstrap(), principal=OPERATOR) as ctx:
            tenant = await platform.create_tenant(ctx, Draft(slug, name))
        return Place(self, slug, tenant.tenant_id)


@dataclass(frozen=True)
class Place:
    """One tenant of the running server."""

    server: Running
    slug: str
    tenant_id: UUID

    @property
    def issuer(self) -> str:
        """Where its discovery documents hang."""
        return f"{self.server.url}/t/{self.slug}"

    def operator(self) -> AbstractAsyncContextManager[RequestContext]:
        """A context in which everything is allowed."""
        return self.server.services.engine.begin(self.tenant_id, principal=OPERATOR)

    async def user(self, *roles: str) -> User:
        """A user with `PASSWORD` and these roles."""
        services = self.server.services
        email = f"{token(services.entropy, 64).lower().strip('-_')}@example.com"
        async with self.operator() as ctx:
            user = await services.user_admin.create(ctx, email, "Ada", Secret(PASSWORD))
            for role in roles:
                assert role in ("administrator", "member")
                await services.member_admin.grant(ctx, user.id, role)
        return user

    async def client(self, draft: ClientDraft) -> tuple[Client, Secret[str] | None]:
        """A registered client and its secret."""
        async with self.operator() as ctx:
            return await self.server.services.client_admin.create(ctx, draft)


@asynccontextmanager
async def running(
    dsn: str,
    folder: Path,
    *,
    kek: Aead,
    clock: Clock,
    entropy: Entropy,
    authorities: Path | None = None,
    fetch_exceptions: tuple[str, ...] = (),
    port: int | None = None,
    dns_server: str = "",
    backup_target: Path | None = None,
    backup_every: timedelta | None = None,
    metrics: bool = False,
    traces_url: str | None = None,
    traces_parents: tuple[str, ...] = (),
    backup_pins: tuple[str, ...] = (),
) -> AsyncGenerator[Running]:
    """A server on the migrated database at `dsn`, answering until the context ends, at `port` or a free one; with
    `authorities`, also one that demands certificates. It may fetch from `fetch_exceptions` (`host:port`) although
    they are private. `dns_server` (`host:port`) answers what it asks of domains. What it shreds is taken out of
    the keys at `backup_target`, where it makes a backup itself after each `backup_every`. With `metrics` it has an
    internal listener. It sends a trace of each request to `traces_url`, and believes `traces_parents`.
    With `backup_pins` it publishes those of its keys."""
    port = port or free_port()
    certificates = ensure_development_certificates(folder, clock=clock)
    settings = Settings(
        mode="development",
        public_url=f"https://{HOST}:{port}",
        port=port,
        redirect_port=None,
        tls_certificate=certificates.certificate,
        tls_key=certificates.key,
        tls_backup_pins=backup_pins,
        mutual_tls_port=None if authorities is None else free_port(),
        mutual_tls_authorities=authorities,
        fetch_exceptions=fetch_exceptions,
        dns_server=dns_server,
        backup_target=backup_target,
        backup_every=backup_every,
        metrics_port=free_port() if metrics else None,
        traces_url=traces_url,
        traces_percent=100 if traces_url else 1,
        traces_parents=traces_parents,
    )
    async with serving(settings, dsn, certificates, kek=kek, clock=clock, entropy=entropy) as served:
        inside = f"http://127.0.0.1:{settings.metrics_port}/metrics" if metrics else ""
        yield Running(served.services, settings.public_url, certificates, served.mutual, served.watching, inside)
