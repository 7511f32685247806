"""What a SAML message says once it is known to be true, and what it has to be."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from airside.protocols.saml.instants import MAX_LEEWAY

DEFAULT_LEEWAY: Final = timedelta(seconds=30)
MAX_AGE: Final = timedelta(hours=1)
"""An assertion counts no longer than this from when it was written, whatever it says: its id has to be remembered
for as long as it counts."""
MAX_NAME_ID: Final = 1024
MAX_TEXT: Final = 8 * 1024
MAX_ATTRIBUTE_NAMES: Final = 256


@dataclass(frozen=True, slots=True)
class NameId:
    """Who it is about (Core §2.2.3). The value is a name only together with what qualifies it."""

    value: str = field(repr=False)
    format: str
    name_qualifier: str | None = None
    sp_name_qualifier: str | None = None


@dataclass(frozen=True, slots=True)
class ExpectedResponse:
    """What a response has to be: there is no default for who wrote it, for whom, to where and in answer to what.

    `request_id`: the ID of the AuthnRequest that waits; None where none does, and then the assertion may not say
    that it answers one (N25). `leeway` for clocks that differ, at most 30 seconds.

    Raises:
        ValueError: something is empty, or the leeway out of bounds.
    """

    issuer: str
    audience: str
    recipient: str
    request_id: str | None
    leeway: timedelta = DEFAULT_LEEWAY

    def __post_init__(self) -> None:
        if not (self.issuer and self.audience and self.recipient) or self.request_id == "":
            raise ValueError("issuer, audience and recipient must be named; a request id isn't empty")
        demand_leeway(self.leeway)


@dataclass(frozen=True, slots=True)
class Said:
    """What one assertion says, read but not yet held to anything."""

    assertion_id: str
    issuer: str
    subject: NameId
    attributes: Mapping[str, tuple[str, ...]] = field(repr=False)
    session_index: str | None
    authn_context: str | None
    authn_instant: datetime
    session_ends: datetime | None
    expires_at: datetime


def demand_leeway(leeway: timedelta) -> None:
    """Let pass only a leeway of 0 to 30 seconds.

    Raises:
        ValueError: another.
    """
    if not timedelta(0) <= leeway <= MAX_LEEWAY:
        raise ValueError("leeway is 0 to 30 seconds")
