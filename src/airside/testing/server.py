"""A server for tests, in one line: it answers like any other, and its operator is the test."""

import ssl
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import structlog

from airside.admin import OPERATOR
from airside.core.clock import SystemClock
from airside.core.entropy import SystemEntropy
from airside.sdk.background import Background
from airside.store.embedded import APPLICATION, scratch_folder
from airside.tenancy import Draft
from airside.testing.serving import HOST, Serving, free_port, serving
from airside.testing.templates import postgres, template
from airside.testing.tenants import Tenant
from airside.transport import ensure_development_certificates
from airside.vault.kms.local import LocalKek
from airside.wiring.build import Services
from airside.wiring.logs import LEVELS
from airside.wiring.settings import Settings

PATIENCE: Final = 300.0
"""Seconds that a step may take: the first start of a version on a small machine takes its time."""
SLUG_BYTES: Final = 8

T = TypeVar("T")


class Server:
    """A real Airside on the loopback over TLS, for as long as the context is open, with a database that goes with it.

    It runs on a loop of its own in a thread of its own: tests that await and tests that don't use it alike.
    """

    def __init__(self, tell: Callable[[str], None] = lambda _: None, *, cache: Path | None = None) -> None:
        """`tell` hears what takes long. `cache` keeps migrated databases; the user's, if it isn't named."""
        self._tell = tell
        self._cache = cache
        self._background = Background("airside-testing")
        self._stack = AsyncExitStack()
        self.entropy = SystemEntropy()
        self.url = ""
        self.ca_file = Path()

    def __enter__(self) -> Self:
        self._background.start()
        try:
            self._serving = self.run(self._start())
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    @property
    def services(self) -> Services:
        """What an operator's own code speaks to; it belongs to the server's loop: `run` it there."""
        return self._serving.services

    @property
    def trust(self) -> ssl.SSLContext:
        """What a client needs to trust this server, and no other."""
        return ssl.create_default_context(cafile=str(self.ca_file))

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of `work`, on the server's loop.

        Raises:
            Unavailable: not within `PATIENCE`.
        """
        return self._background.run(work, part="test server", patience=PATIENCE)

    def tenant(self, name: str = "Acme") -> Tenant:
        """A new tenant, apart from all others."""
        return self.run(self._tenant(name))

    async def _tenant(self, name: str) -> Tenant:
        services, slug = self.services, "t-" + self.entropy.bytes(SLUG_BYTES).hex()
        async with services.engine.begin(await services.platform.bootstrap(), principal=OPERATOR) as ctx:
            made = await services.platform.create_tenant(ctx, Draft(slug, name))
        return Tenant(self, slug, made.tenant_id, made.default_store_id, f"{self.url}/t/{slug}")

    async def _start(self) -> Serving:
        _log_plainly()
        clock = SystemClock()
        folder = self._stack.enter_context(scratch_folder("airside-testing-"))
        database = await self._stack.enter_async_context(postgres(folder, await template(self._tell, self._cache)))
        certificates = ensure_development_certificates(folder / "tls", clock=clock)
        kek = LocalKek.create(folder / "kek", development=True, entropy=self.entropy)
        port = free_port()
        self.url, self.ca_file = f"https://{HOST}:{port}", certificates.ca
        settings = Settings(
            mode="development", public_url=self.url, data=folder / "data", port=port, redirect_port=None
        )
        return await self._stack.enter_async_context(
            serving(settings, database.dsn(APPLICATION), certificates, kek=kek, clock=clock, entropy=self.entropy)
        )

    def _stop(self) -> None:
        try:
            self.run(self._stack.aclose())
        finally:
            self._background.stop()


def _log_plainly() -> None:
    """Where the application has no logs of its own: warnings alone, with tracebacks as the server writes them. Drawn
    with every local value, one holds the loop up for longer than the others wait for a connection."""
    if structlog.is_configured():
        return
    plain = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(
        processors=[structlog.processors.add_log_level, plain],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS["warning"]),
    )
