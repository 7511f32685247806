"""Logins and answers as authenticators see them."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar
from uuid import UUID


@dataclass(frozen=True)
class Login:
    """Implements `Attempt`."""

    flow_id: UUID
    user_id: UUID | None
    device_id: UUID | None = None
    renew_since: datetime | None = None


@dataclass(frozen=True)
class Other:
    """An answer of a kind that nobody asked for."""

    kind: ClassVar[str] = "other"
