"""A journal, a sequencer, and ways to fill a log."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from uuid import UUID

import pytest

from airside.audit import Event, Journal, Sequencer
from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.store import RequestContext
from airside.vault import Vault

Open = Callable[..., AbstractAsyncContextManager[RequestContext]]
Fill = Callable[[UUID, int], Awaitable[None]]
Sequence = Callable[..., Awaitable[int]]


@pytest.fixture
def journal(vault: Vault, entropy: Entropy) -> Journal:
    return Journal(vault=vault, entropy=entropy)


@pytest.fixture
def sequencer(journal: Journal, vault: Vault, entropy: Entropy) -> Sequencer:
    return Sequencer(journal=journal, vault=vault, entropy=entropy)


@pytest.fixture
def fill(journal: Journal, open_ctx: Open) -> Fill:
    """Writes records, all in one transaction."""

    async def write(tenant_id: UUID, count: int) -> None:
        async with open_ctx(tenant_id) as ctx:
            for number in range(count):
                await journal.record(ctx, Event.USER_UPDATED, subject=f"user:{number}", details={"number": number})

    return write


@pytest.fixture
def sequence(sequencer: Sequencer, open_ctx: Open, clock: Clock) -> Sequence:
    """Sequences a tenant as of `later` seconds from now, so that a head is due whenever the test wants one."""

    async def once(tenant_id: UUID, later: float = 0.0) -> int:
        async with open_ctx(tenant_id, now=clock.now() + timedelta(seconds=later)) as ctx:
            return await sequencer.sequence(ctx)

    return once
