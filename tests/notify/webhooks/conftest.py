"""One process and one database for the webhooks' tests; a tenant each."""

from collections.abc import AsyncIterator

import pytest

from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.vault.kms.local import LocalKek
from tests.makers import MakeDatabase
from tests.notify.webhooks.kit import House, Tenant, house


@pytest.fixture(scope="module")
async def listeners(
    blank_database: MakeDatabase,
    tmp_path_factory: pytest.TempPathFactory,
    kek: LocalKek,
    clock: Clock,
    entropy: Entropy,
) -> AsyncIterator[House]:
    async with house(blank_database, tmp_path_factory.mktemp("certificates"), kek, clock, entropy) as made:
        yield made


@pytest.fixture
async def tenant(listeners: House) -> Tenant:
    listeners.receiver.heard.clear()
    listeners.receiver.statuses.clear()
    return await listeners.tenant()
