"""Devices that wait for somebody to say yes to them (RFC 8628), as values. Pure."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from airside.core.secret import Secret
from airside.oauth.model import Client, RequestDetails

DEVICE_LIFETIME: Final = timedelta(minutes=10)
"""How long a device waits. RFC 8628 §5.2: no longer than people need."""

POLL_SECONDS: Final = 5
"""How long a device waits between two polls, and how much longer after one that came too soon (RFC 8628 §3.5)."""


@dataclass(frozen=True, slots=True)
class DeviceRequest:
    """What a device asks for."""

    client_id: UUID
    scopes: frozenset[str]
    details: RequestDetails = field(default_factory=RequestDetails)


@dataclass(frozen=True, slots=True)
class StartedDevice:
    """A device that has begun to wait: its own code, and the one it shows. Both exist in clear only here."""

    device_code: Secret[str]
    user_code: Secret[str]


@dataclass(frozen=True, slots=True)
class PendingDevice:
    """A device that waits, as the person sees it who is asked."""

    client: Client
    request: DeviceRequest

    @property
    def scopes(self) -> frozenset[str]:
        """What it would get."""
        return self.request.scopes & self.client.scopes


@dataclass(frozen=True, slots=True)
class DeviceApproval:
    """Who said yes, proven how, in which session; and the family that this may start."""

    user_id: UUID
    session_id: UUID
    family_id: UUID
    auth_time: datetime
    acr: str
    amr: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ApprovedDevice:
    """What a device stands for that somebody said yes to."""

    request: DeviceRequest
    approval: DeviceApproval


@dataclass(frozen=True, slots=True)
class DeviceState:
    """How a device stands. `spent_family` where it has been given its tokens."""

    answer: Literal["pending", "approved", "denied"]
    expires_at: datetime
    spent_family: UUID | None
