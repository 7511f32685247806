"""A watch over a tenant of its own, as the server keeps it, and what it told."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import pytest

from airside.audit import Event, Journal, Sequencer
from airside.audit.alerts import Alert, Alerts, Tallies, Terms, Watch
from airside.core.clock import Clock
from airside.core.entropy import Entropy
from airside.core.principal import Principal
from airside.core.strict_json import Json
from airside.store import RequestContext
from airside.vault import Vault

Open = Callable[..., AbstractAsyncContextManager[RequestContext]]
ADMIN = Principal("user", subject="user:usr_admin")


@dataclass
class Wishes:
    """Implements `AlertPolicies`."""

    terms: Terms = field(default_factory=Terms)

    async def alerts(self, ctx: RequestContext) -> Terms:
        """As the Protocol."""
        return self.terms


@dataclass
class Letterbox:
    """Implements `Notices`."""

    kinds: list[str] = field(default_factory=list[str])

    async def tell(self, ctx: RequestContext, kind: str) -> None:
        """As the Protocol."""
        self.kinds.append(kind)


@dataclass
class Post:
    """One tenant under watch."""

    tenant_id: UUID
    open_ctx: Open
    clock: Clock
    journal: Journal
    sequencer: Sequencer
    tallies: Tallies
    watch: Watch
    alerts: Alerts
    wishes: Wishes
    letters: Letterbox
    later: timedelta = timedelta(0)

    def ctx(self) -> AbstractAsyncContextManager[RequestContext]:
        """An administrator's, as of now, which `later` moves."""
        return self.open_ctx(self.tenant_id, principal=ADMIN, now=self.clock.now() + self.later)

    async def record(self, event: Event, subject: str = "", details: Mapping[str, Json] = {}, reason: str = "") -> None:
        """Something happens."""
        async with self.ctx() as ctx:
            await self.journal.record(ctx, event, subject=subject, details=details, reason=reason)

    async def turns(self) -> list[Alert]:
        """Sequence, count and judge; the alerts that there are then."""
        async with self.ctx() as ctx:
            await self.sequencer.sequence(ctx)
        async with self.ctx() as ctx:
            await self.watch.count(ctx)
        async with self.ctx() as ctx:
            while not await self.watch.turn(ctx):
                pass
        return await self.list()

    async def list(self) -> list[Alert]:
        """The tenant's alerts, oldest first."""
        async with self.ctx() as ctx:
            return (await self.alerts.list(ctx))[::-1]


@pytest.fixture
def post(tenant_id: UUID, open_ctx: Open, clock: Clock, vault: Vault, entropy: Entropy) -> Post:
    journal, wishes, letters = Journal(vault=vault, entropy=entropy), Wishes(), Letterbox()
    tallies = Tallies(vault=vault, entropy=entropy)
    watch = Watch(vault=vault, entropy=entropy, journal=journal, tallies=tallies, policies=wishes, notices=letters)
    return Post(
        tenant_id=tenant_id,
        open_ctx=open_ctx,
        clock=clock,
        journal=journal,
        sequencer=Sequencer(journal=journal, vault=vault, entropy=entropy),
        tallies=tallies,
        watch=watch,
        alerts=Alerts(vault=vault, journal=journal),
        wishes=wishes,
        letters=letters,
    )
