"""What has happened: one record, and to one subject lately, for whoever it happened to."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from airside.audit import records, records_activity
from airside.audit.events import Event
from airside.audit.model import Record
from airside.audit.personal import Whence, origins
from airside.store.context import RequestContext
from airside.vault import Vault

MAX_HAPPENED: Final = 100
"""Most rows of one answer."""
LATELY: Final = timedelta(days=90)
"""How far back is looked."""


class Happened(NamedTuple):
    """One thing that happened: when, what, and from which address."""

    at: datetime
    event: Event
    origin: str


class Activity:
    """Reads the audit log of one subject. What was sealed under the key of somebody who is erased says `ERASED`."""

    def __init__(self, *, vault: Vault) -> None:
        self._vault = vault

    async def of(
        self, ctx: RequestContext, subject: str, events: Collection[Event], limit: int = MAX_HAPPENED
    ) -> list[Happened]:
        """Those of `events` that happened to `subject` (such as `usr_…`) lately, newest first, at most `limit`."""
        wanted = sorted(event.value for event in events)
        rows = await records_activity.of_subject(ctx, subject, wanted, ctx.now - LATELY, min(limit, MAX_HAPPENED))
        places = await origins(
            ctx, self._vault, [Whence(row.record_id, row.origin, row.personal_sealed) for row in rows]
        )
        return [Happened(row.at, Event(row.event), place) for row, place in zip(rows, places, strict=True)]


async def recorded(ctx: RequestContext, record_id: UUID) -> Record | None:
    """The record of that id, as stored; None where it is gone."""
    return (await records.records(ctx, [record_id])).get(record_id)
