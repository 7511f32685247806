"""What identity speaks of: a user, a session. Frozen, pure."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal, NamedTuple
from uuid import UUID

from airside.core.principal import Assurance, Origin
from airside.core.secret import Secret
from airside.identity.kept import Kept
from airside.identity.policy import Factor

UserState = Literal["active", "disabled"]
Cookie = Literal["sso", "account"]
"""The two secrets of one session. Neither is ever taken for the other."""

SEEN_EVERY: Final = timedelta(minutes=1)
"""How often use of a session is written down: not at every request."""
PROOF_LIFETIME: Final = timedelta(minutes=10)
"""How long ago something may have been proven and still start a session."""
MAX_PAGE: Final = 200
"""Most users in one answer."""
MAX_SESSIONS: Final = 100
"""Most sessions in one answer."""
MAX_DEVICES: Final = 100
"""Most devices in one answer."""
MAX_USER_AGENT: Final = 256
"""Characters of a browser's name for itself that are kept."""


@dataclass(frozen=True, slots=True)
class User:
    """A person of the tenant. `email` is normalised; `name` may be empty. `email_verified`: they have proven that the
    mailbox is theirs."""

    id: UUID
    email: str
    name: str
    state: UserState
    created_at: datetime
    email_verified: bool = False


@dataclass(frozen=True, slots=True)
class Credential:
    """A user's password: what a guess is compared with. `row` is its hash as it stands in the database."""

    user_id: UUID
    kept: Kept
    row: bytes = field(repr=False)
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Session:
    """One live sign-in of one browser. There is no value for an ended one.

    `outdated_at`: whatever it had proven until then counts for nothing, so that its person proves themself anew.
    `device_id` is the browser's, where it had its cookie; `country` (ISO 3166-1 alpha-2) is that of the address it
    began at, as far as `Places` can tell.
    """

    id: UUID
    user_id: UUID
    assurance: Assurance
    amr: tuple[str, ...]
    auth_time: datetime
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    origin: Origin
    device_id: UUID | None = None
    country: str | None = None
    outdated_at: datetime | None = None

    @property
    def counts(self) -> bool:
        """Whether what it has proven counts."""
        return self.outdated_at is None or self.auth_time >= self.outdated_at


@dataclass(frozen=True, slots=True)
class Device:
    """A browser that the person has signed in with, and what it was seen as at the last time."""

    id: UUID
    user_id: UUID
    first_seen_at: datetime
    last_seen_at: datetime
    origin: Origin


@dataclass(frozen=True, slots=True)
class TotpFactor:
    """A confirmed generator of codes. `used_at` is the time step of the newest code that was taken."""

    id: UUID
    confirmed_at: datetime
    used_at: datetime


class TotpEnrolment(NamedTuple):
    """A generator about to be confirmed. Its secret, as text to type, as address and as picture (`svg`), exists in
    clear only here and in the app."""

    factor_id: UUID
    secret: Secret[str]
    uri: Secret[str]
    svg: Secret[str]


@dataclass(frozen=True, slots=True)
class Passkey:
    """One passkey of a user.

    `aaguid` names the authenticator's model, by its own word unless it is `attested`: then its maker vouches for it.
    `backup_eligible`: it may be copied to its user's other devices; `backed_up`: it has been.
    """

    id: UUID
    user_id: UUID
    name: str
    aaguid: UUID
    transports: tuple[str, ...]
    attested: bool
    backup_eligible: bool
    backed_up: bool
    created_at: datetime
    last_used_at: datetime | None

    @property
    def is_hardware(self) -> bool:
        """Whether a vouched-for authenticator holds it and can't give it away."""
        return self.attested and not self.backup_eligible


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What a person has. Whether the tenant takes it is another question."""

    password: bool
    totp: tuple[TotpFactor, ...]
    passkeys: tuple[Passkey, ...]
    recovery_codes: int

    @property
    def second(self) -> frozenset[Factor]:
        """The second factors that may be asked for. Recovery codes stand in for another one and are none alone."""
        held: set[Factor] = set()
        if self.totp:
            held.add("totp")
        if self.passkeys:
            held.add("passkey")
        if held and self.recovery_codes:
            held.add("recovery_code")
        return frozenset(held)


@dataclass(frozen=True, slots=True)
class Beginning:
    """How a session began, whatever became of it; `country` as in `Session`."""

    user_id: UUID
    at: datetime
    origin: Origin
    country: str | None = None


class StartedSession(NamedTuple):
    """A session and its two secrets, which exist in clear only here and in the browser."""

    session: Session
    sso: Secret[str]
    account: Secret[str]
