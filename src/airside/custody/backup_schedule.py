"""Backups on a timer: one more when the last is old enough, and the oldest away when the new one stands."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from airside.audit import Journal
from airside.core.clock import Clock
from airside.core.errors import Refusal
from airside.core.principal import Principal
from airside.custody import records_backup as records
from airside.custody.backup import Backups
from airside.custody.backup_events import BackupEvents
from airside.custody.backup_model import Manifest
from airside.store import Engine

SCHEDULE: Final = Principal("job", subject="job:backup")
"""Who makes them, as the audit log names it."""


class BackupSchedule:
    """For a timer in every server process: one of them at a time, by a lock in the database that goes with whoever
    holds it."""

    def __init__(
        self,
        backups: Backups,
        *,
        engine: Engine,
        dsn: str,
        journal: Journal,
        every: timedelta,
        keep: int,
        clock: Clock,
    ) -> None:
        self._backups = backups
        self._engine = engine
        self._dsn = dsn
        self._events = BackupEvents(journal=journal)
        self._every = every
        self._keep = keep
        self._clock = clock

    async def turn(self, authority_id: UUID) -> Manifest | None:
        """One more backup if it is time, and then no more than the newest; None where it isn't, or another process is
        at it. `authority_id` is the operators' tenant, whose log says what came of it.

        Raises:
            Refusal: there is none, and the older ones are all still there; another turn tries again.
        """
        async with records.alone(self._dsn) as alone:
            if not alone or not await self._due():
                return None
            try:
                made = await self._backups.create(self._dsn)
            except Refusal as refusal:
                async with self._engine.begin(authority_id, principal=SCHEDULE) as ctx:
                    await self._events.failed(ctx, "create", refusal)
                raise
            async with self._engine.begin(authority_id, principal=SCHEDULE) as ctx:
                await self._events.made(ctx, made)
            await self._backups.keep(self._keep)
            return made

    async def _due(self) -> bool:
        newest = await self._backups.newest()
        return newest is None or self._clock.now() - newest.at >= self._every
