"""When a key was last used: noted in memory, written by a timer, at most once a minute for each key."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from airside.apikeys import records
from airside.apikeys.memory import Held
from airside.store.context import RequestContext

EVERY: Final = timedelta(minutes=1)
MAX_NOTED: Final = 100_000
"""Uses that wait to be written; beyond them none is noted."""


class LastUse:
    """The uses that aren't written yet. No request waits for one."""

    def __init__(self) -> None:
        self._waiting: dict[UUID, dict[UUID, datetime]] = {}
        self._count = 0

    def note(self, ctx: RequestContext, held: Held) -> bool:
        """The key came just now; whether that was noted."""
        if held.noted is not None and ctx.now - held.noted < EVERY:
            return False
        if self._count >= MAX_NOTED:
            return False
        held.noted = ctx.now
        waiting = self._waiting.setdefault(ctx.tenant_id, {})
        self._count += held.key.key_id not in waiting
        waiting[held.key.key_id] = ctx.now
        return True

    def tenants(self) -> list[UUID]:
        """Those whose keys have come."""
        return list(self._waiting)

    async def write(self, ctx: RequestContext) -> int:
        """Write what waits of the context's tenant; how many rows. What fails is lost: it was a minute's news."""
        waiting = self._waiting.pop(ctx.tenant_id, {})
        self._count -= len(waiting)
        return await records.used(ctx, sorted(waiting.items()), EVERY) if waiting else 0
