"""Rounds over every tenant that see what waits and how old keys are: one number for all of them together, so that
nothing shown tells one tenant from another."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NoReturn, TypeAlias
from uuid import UUID

import structlog

from airside.core.errors import Refusal
from airside.store import RequestContext, paced
from airside.wiring.build import Services

EVERY: Final = 15.0
"""Seconds between two rounds."""

Tenants: TypeAlias = Callable[[], Awaitable[Iterable[UUID]]]

_log = structlog.get_logger("airside.survey")


@dataclass
class Findings:
    """What one round found; moments are None where nothing waits, or nothing is there."""

    at: datetime | None = None
    tenants: int = 0
    unseen: int = 0
    """Tenants that couldn't be looked at: what they have isn't in the other numbers."""
    outbox: int = 0
    outbox_since: datetime | None = None
    unplaced_since: datetime | None = None
    unsigned_since: datetime | None = None
    signing_key_since: datetime | None = None
    data_key_since: datetime | None = None
    backup_at: datetime | None = None


class Survey:
    """Looks round for ever; `last` is what the last whole round found."""

    def __init__(self, services: Services) -> None:
        self.last = Findings()
        self._services = services

    async def run(self, tenants: Tenants) -> NoReturn:
        """For ever; `tenants` names all there are."""
        while True:
            try:
                self.last = await self.round(await tenants())
            except Exception:  # noqa: BLE001 - the next round sees again; this one's age shows that it failed
                _log.exception("survey_failed")
            await asyncio.sleep(EVERY)

    async def round(self, tenants: Iterable[UUID]) -> Findings:
        """Every tenant once, at a pace that leaves the machine to the requests."""
        services, found = self._services, Findings()
        async for tenant_id in paced(tenants, services.clock):
            found.tenants += 1
            try:
                async with services.engine.begin(tenant_id) as ctx:
                    await self._look(ctx, found)
            except Refusal:
                found.unseen += 1
        if services.backups is not None:
            newest = await services.backups.newest()
            found.backup_at = None if newest is None else newest.at
        found.at = services.clock.now()
        return found

    async def _look(self, ctx: RequestContext, found: Findings) -> None:
        services = self._services
        waiting = await services.outbox.depth(ctx)
        backlog = await services.sequencer.backlog(ctx)
        signing = await services.keys.oldest(ctx)
        data = [
            key.created_at for key in await services.vault.keys(ctx) if key.purpose == "data" and key.state == "active"
        ]
        found.outbox += waiting.items
        found.outbox_since = _first(found.outbox_since, waiting.since)
        found.unplaced_since = _first(found.unplaced_since, backlog.unplaced_since)
        found.unsigned_since = _first(found.unsigned_since, backlog.unsigned_since)
        found.signing_key_since = _first(found.signing_key_since, signing)
        found.data_key_since = _first(found.data_key_since, *data)


def _first(*moments: datetime | None) -> datetime | None:
    return min((moment for moment in moments if moment is not None), default=None)
