"""Services over real parts."""

from collections.abc import AsyncIterator

import pytest

from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.store.migrate import migrate, role_of
from airside.transport import ensure_development_certificates
from airside.vault import Aead
from airside.wiring.build import build
from airside.wiring.settings import Settings
from tests.identity.kit import hashes, kit, revocations
from tests.makers import Database, MakeDatabase
from tests.running import Running
from tests.signin.entry import Stranger

__all__ = ["hashes", "kit", "revocations", "stranger"]


@pytest.fixture(scope="session")
async def unhurried(
    blank_database: MakeDatabase,
    tmp_path_factory: pytest.TempPathFactory,
    kek: Aead,
    clock: Clock,
    entropy: Entropy,
) -> AsyncIterator[tuple[Running, Database]]:
    """Every room wired as in production, on a database whose outbox nobody empties: what is to be mailed stays there
    to be looked at."""
    folder = tmp_path_factory.mktemp("unhurried")
    async with blank_database() as scratch:
        await migrate(scratch.owner, role_of(scratch.app))
        settings = Settings(mode="development", public_url="https://localhost:8443")
        services = build(settings, dsn=scratch.app, kek=kek, clock=clock, entropy=entropy)
        await services.start()
        try:
            certificates = ensure_development_certificates(folder, clock=clock)
            yield Running(services, settings.public_url, certificates), scratch
        finally:
            await services.stop()


@pytest.fixture
async def stranger(unhurried: tuple[Running, Database]) -> Stranger:
    """Somebody at a tenant of their own."""
    running, database = unhurried
    return Stranger(await running.tenant(), database.superuser)
