"""A tenant's domains, and what looking for their proofs makes of them. Values only; pure."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from airside.core.ids import DOMAIN, format_id
from airside.federation.domain_names import CHALLENGE, PROOF

MAX_DOMAINS: Final = 100
"""Domains of one tenant."""
MAX_BREAK_GLASS: Final = 10

CHECK_EVERY: Final = timedelta(hours=12)
"""How often a proven domain's record is looked for."""
LOST_AFTER: Final = timedelta(days=3)
"""For how long the record may be gone."""
UNKNOWN_AFTER: Final = timedelta(days=14)
"""For how long no name server may be able to say."""

Found = Literal["there", "gone", "unknown"]
Turn = Literal["proven", "missed", "lost"]
"""What is news about a domain: proven, its record missed for the first time, lost."""


@dataclass(frozen=True, slots=True)
class DomainState:
    """What is known of a domain's proof.

    Attributes:
        verified_at: since when it counts as proven; None where it doesn't.
        seen_at: when the record was there last.
        checked_at: when it was looked for last.
        missed_at: since when it isn't seen any more.
    """

    verified_at: datetime | None = None
    seen_at: datetime | None = None
    checked_at: datetime | None = None
    missed_at: datetime | None = None

    def looked(self, found: Found, now: datetime) -> tuple["DomainState", Turn | None]:
        """What it becomes by a look at `now`, and what is news about that. A name server that is away for a while
        proves nothing and takes nothing."""
        if found == "there":
            proven = DomainState(self.verified_at or now, now, now, None)
            return proven, None if self.verified_at else "proven"
        looked = replace(self, checked_at=now)
        if self.verified_at is None or self.seen_at is None:
            return looked, None
        if now - self.seen_at > (LOST_AFTER if found == "gone" else UNKNOWN_AFTER):
            return replace(looked, verified_at=None, missed_at=self.missed_at or now), "lost"
        if found == "gone" and self.missed_at is None:
            return replace(looked, missed_at=now), "missed"
        return looked, None


@dataclass(frozen=True, slots=True)
class Domain:
    """A domain of e-mail addresses that the tenant says is its own.

    Attributes:
        challenge: what has to stand in its DNS; no secret, for it stands there for everybody.
        connection_id: through which its people sign in, and that may speak for their mailboxes.
        enforced: they sign in only so.
    """

    id: UUID
    name: str
    challenge: str
    connection_id: UUID | None
    enforced: bool
    created_at: datetime
    state: DomainState = DomainState()

    @property
    def word(self) -> str:
        """`dom_…`."""
        return format_id(DOMAIN, self.id)

    @property
    def verified(self) -> bool:
        """Whether it is proven."""
        return self.state.verified_at is not None

    @property
    def record_name(self) -> str:
        """The name of the TXT record that proves it."""
        return f"{CHALLENGE}.{self.name}"

    @property
    def record_value(self) -> str:
        """What that record says."""
        return PROOF + self.challenge


@dataclass(frozen=True, slots=True)
class DomainChange:
    """What is to change; None leaves it as it is. `unbind` takes the connection away."""

    connection_id: UUID | None = None
    unbind: bool = False
    enforced: bool | None = None
