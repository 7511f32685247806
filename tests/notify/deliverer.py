"""One delivery as a process of its own, to be killed: python -m tests.notify.deliverer TENANT_ID."""

import asyncio
import os
import sys
from uuid import UUID

from airside.core.clock import SystemClock
from airside.core.entropy import SystemEntropy
from airside.vault import LocalKek
from airside.wiring.build import build
from airside.wiring.settings import load


async def _deliver(tenant_id: UUID) -> None:
    settings = load(os.environ)
    assert settings.database_url is not None
    assert settings.kek_file is not None
    entropy = SystemEntropy()
    kek = LocalKek.load(settings.kek_file, entropy=entropy)
    services = build(settings, dsn=settings.database_url.reveal(), kek=kek, clock=SystemClock(), entropy=entropy)
    await services.start()
    await services.delivery.deliver(tenant_id)
    await services.stop()


if __name__ == "__main__":
    asyncio.run(_deliver(UUID(sys.argv[1])))
