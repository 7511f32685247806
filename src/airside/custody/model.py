"""A tenant on its way out. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

ShreddingState = Literal["waiting", "closing", "destroyed", "finished"]
"""`waiting` can be cancelled; `closing` has its audit log closed; `destroyed` has no keys any more and is being
emptied; `finished` holds nothing but its log."""

DEFAULT_GRACE: Final = timedelta(days=30)
MAX_GRACE: Final = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Shredded:
    """That the tenant is to be shredded, or has been. `certificate` is the signed one, once there is one."""

    requested_at: datetime
    requested_by: str
    due_at: datetime
    state: ShreddingState
    certificate: str | None


@dataclass(frozen=True, slots=True)
class LostKey:
    """A key that is destroyed."""

    key_id: UUID
    purpose: str
