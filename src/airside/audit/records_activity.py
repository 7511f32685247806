"""The audit log's rows of one subject."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from airside.store.context import RequestContext

_OF_SUBJECT: Final = """
    select record_id, at, event, origin, personal_sealed from airside.audit_record
    where tenant_id = %s and subject = %s and at >= %s and event = any(%s)
    order by record_id desc limit %s
"""


@dataclass(frozen=True, slots=True)
class HappenedRow:
    """What is shown of a record."""

    record_id: UUID
    at: datetime
    event: str
    origin: str
    personal_sealed: bytes | None


async def of_subject(
    ctx: RequestContext, subject: str, events: Sequence[str], since: datetime, limit: int
) -> list[HappenedRow]:
    """Newest first."""
    return await ctx.tx.all(HappenedRow, _OF_SUBJECT, (ctx.tenant_id, subject, since, list(events), limit))
