"""A login under way: what is kept of it between two requests. Frozen, pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple
from uuid import UUID

from airside.core.principal import Assurance
from airside.core.secret import Secret
from airside.identity import Proof, Session

LIFETIME: Final = timedelta(minutes=10)
"""A login not finished by then starts again."""
MAX_PROOFS: Final = 8
"""Most proofs that one login gathers."""


@dataclass(frozen=True, slots=True)
class StepUp:
    """A live session that the login is to strengthen. What it proved counts if that was not before `since`."""

    session: Session
    since: datetime

    @property
    def held(self) -> Assurance:
        """What the session counts for."""
        return self.session.assurance if self.session.auth_time >= self.since else "aal0"


@dataclass(frozen=True, slots=True)
class Flow:
    """A login that is open, of the browser that asks. There is no value for a spent or expired one.

    `continue_to` is a path on this origin; `minimum` is what whoever began the login demands of it, beside the tenant;
    `login_hint` the address that they would fill in, which says nothing about whether anybody has it.
    """

    flow_id: UUID
    continue_to: str
    proofs: tuple[Proof, ...]
    expires_at: datetime
    device_id: UUID | None = None
    minimum: Assurance = "aal1"
    step_up: StepUp | None = None
    login_hint: str = ""

    @property
    def renew_since(self) -> datetime | None:
        """Since when whatever is proven elsewhere has to have been; None for a login that renews no session."""
        return None if self.step_up is None else self.step_up.since

    @property
    def user_id(self) -> UUID | None:
        """Who it is of, as far as that is known: proven here, or signed in already."""
        if self.step_up is not None:
            return self.step_up.session.user_id
        return self.proofs[0].user_id if self.proofs else None


class StartedFlow(NamedTuple):
    """A new login, and the secret that binds it to its browser: it exists in clear only here and in the cookie."""

    flow_id: UUID
    browser: Secret[str]
