"""Invitations to set a connection up. Values only; frozen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Literal, get_args
from uuid import UUID

from airside.core import ids
from airside.federation.settings import ConnectionKind

SetupState = Literal["open", "started", "finished", "revoked", "expired"]
SetupProvider = Literal["entra", "okta", "google", "other"]
PROVIDERS: Final[tuple[SetupProvider, ...]] = get_args(SetupProvider)
"""Those that the portal knows a way through."""

MAX_SETUPS: Final = 100
"""Open and begun invitations of one tenant."""
LIFETIME: Final = timedelta(days=7)
MAX_LIFETIME: Final = timedelta(days=30)
MAX_SETUP_DOMAINS: Final = 5
"""Domains that one invitation adds."""
KEPT: Final = timedelta(days=90)
"""How long one stays listed after its time is over; the audit log knows it for ever."""

MAX_ATTRIBUTES: Final = 50
MAX_VALUES: Final = 20
MAX_SHOWN: Final = 200
"""Characters of one value that a test keeps."""


@dataclass(frozen=True, slots=True)
class SetupDraft:
    """An invitation to be.

    Attributes:
        name: what the connection will be called, on the sign-in page too: the inviter's word, never the guest's.
        email: whom the link is mailed to.
        creates_users: whether the connection will make accounts for whom it names first.
        provisions: whether the provider's directory may keep accounts over it (SCIM).
        lifetime: how long whoever is invited has for all of it.
    """

    name: str
    email: str = field(repr=False)
    creates_users: bool = False
    provisions: bool = False
    lifetime: timedelta = LIFETIME


@dataclass(frozen=True, slots=True)
class SetupTest:
    """What a test sign-in brought, as it is shown to whoever sets the connection up.

    Attributes:
        refusal: why it was refused; empty where it was taken.
        claims: of one that was refused: what it says of itself, by names of ours, and nobody has verified.
        attributes: of one that was refused: only what stands in a part that the provider signed.
    """

    at: datetime
    refusal: str = ""
    claims: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    subject: str = field(default="", repr=False)
    email: str = field(default="", repr=False)
    name: str = field(default="", repr=False)
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]], repr=False)
    groups: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Setup:
    """That somebody was asked to set up a connection.

    Attributes:
        link_id: the link that was mailed for it: good once, to begin.
        inviter: whose right it stands on: once they hold it no more, it opens nothing.
        connection_id: what the connection is or will be called; None until provider and kind are chosen.
        domain_ids: the domains that were added by it, proven or not: no others are to be seen by it.
    """

    id: UUID
    link_id: UUID
    name: str
    email: str = field(repr=False)
    inviter: str
    creates_users: bool
    provisions: bool
    state: SetupState
    provider: SetupProvider | None
    kind: ConnectionKind | None
    connection_id: UUID | None
    domain_ids: tuple[UUID, ...]
    test: SetupTest | None = field(repr=False)
    created_at: datetime
    expires_at: datetime

    @property
    def word(self) -> str:
        """`stp_…`."""
        return ids.format_id(ids.SETUP, self.id)
