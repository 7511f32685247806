"""Connections, external identities, and what a foreign answer said. Values only; frozen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar, Final, Literal, Protocol
from uuid import UUID

from airside.core import ids
from airside.core.errors import Unauthenticated
from airside.core.principal import Assurance
from airside.core.secret import Secret
from airside.core.strict_json import Json
from airside.federation.settings import ConnectionKind, Settings, kind_of
from airside.identity import Attempt, Authenticator
from airside.store.context import RequestContext

ConnectionState = Literal["active", "disabled"]

MAX_NAME: Final = 200
MAX_CONNECTIONS: Final = 200
"""Connections of one tenant."""
MAX_PAGE: Final = 200
MAX_SUBJECT: Final = 1024
"""Characters of a foreign subject: a NameID with its qualifiers, or `sub`."""

REQUEST_LIFETIME: Final = timedelta(minutes=10)
"""How long a browser may stay away: as long as a login lives."""
ANSWER_LIFETIME: Final = timedelta(minutes=2)
"""How long what came back waits for the browser's next request: one redirect, over a slow line."""


@dataclass(frozen=True, slots=True)
class Connection:
    """A tenant's way to a foreign identity provider.

    Attributes:
        creates_users: whether somebody who isn't here yet gets an account at first sight.
        shown: whether the sign-in page offers it to everybody.
        has_secret: whether there is a client secret.
        has_keys: whether there are private keys of its own.
    """

    id: UUID
    name: str
    state: ConnectionState
    settings: Settings
    creates_users: bool
    shown: bool
    has_secret: bool
    has_keys: bool
    created_at: datetime

    @property
    def kind(self) -> ConnectionKind:
        """Which protocol it speaks."""
        return kind_of(self.settings)

    @property
    def word(self) -> str:
        """`con_…`."""
        return ids.format_id(ids.CONNECTION, self.id)


@dataclass(frozen=True, slots=True)
class ConnectionDraft:
    """A connection to be. `private_keys` is PEM, as many as there are, the newest first."""

    name: str
    settings: Settings
    creates_users: bool = False
    shown: bool = True
    client_secret: Secret[str] | None = None
    private_keys: Secret[str] | None = None


@dataclass(frozen=True, slots=True)
class ConnectionChange:
    """What is to change; None leaves a field as it is. Of `settings`, those that are named change, and null is the
    default (RFC 7396)."""

    name: str | None = None
    creates_users: bool | None = None
    shown: bool | None = None
    settings: Mapping[str, Json] | None = None


@dataclass(frozen=True, slots=True)
class ConnectionSecrets:
    """What only the connection's own door opens."""

    client_secret: Secret[str] | None
    private_keys: Secret[str] | None


@dataclass(frozen=True, slots=True)
class ExternalClaims:
    """What a provider's answer said, once its verifier has found it genuine: only the doors make one.

    Attributes:
        subject: who it is there, for good: `sub`, or the NameID with its format and qualifiers, as one text.
        email: as the provider says, which proves nothing by itself.
        email_verified: what the provider says of it; None where it says nothing (SAML).
        attributes: everything it said, by name.
        amr: how it says the person was authenticated.
        acr: as what it says that counts.
        session_index: what it calls its session (`SessionIndex`, `sid`).
        authenticated_at: when it says that the person proved themselves.
    """

    subject: str
    email: str = ""
    email_verified: bool | None = None
    name: str = ""
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    amr: tuple[str, ...] = ()
    acr: str = ""
    session_index: str = ""
    authenticated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Mapped:
    """What a connection's mapping makes of claims. None leaves what is there as it is.

    Attributes:
        email: the address to be found or made by.
        name: the person's name.
        groups: the provider's groups.
        roles: the roles that follow from them, already bounded by what the mapping's author may grant.
        assurance: what a sign-in through it counts for.
    """

    email: str = ""
    name: str | None = None
    groups: tuple[str, ...] = ()
    roles: frozenset[str] = frozenset()
    assurance: Assurance = "aal1"


class Domains(Protocol):
    """Whose mailboxes a connection may speak for."""

    async def covers(self, ctx: RequestContext, connection_id: UUID, email: str) -> bool:
        """Whether the domain of `email` is one that the tenant has proven to be its own and bound to the connection."""
        ...


class Provisioned(Protocol):
    """Whom a connection's directory keeps here."""

    async def known_as(self, ctx: RequestContext, connection: Connection, subject: str) -> UUID | None:
        """The provisioned user of the connection that `subject` names; None for nobody."""
        ...

    async def follow(self, ctx: RequestContext, connection: Connection, user_id: UUID) -> bool:
        """Whether the directory says what groups the user is in; then what follows from them has been given and
        taken."""
        ...


class Mappings(Protocol):
    """What a tenant makes of its connections' claims."""

    async def of(self, ctx: RequestContext, connection: Connection, claims: ExternalClaims) -> Mapped:
        """What `claims` mean here."""
        ...

    async def apply(self, ctx: RequestContext, connection: Connection, user_id: UUID, mapped: Mapped) -> None:
        """Give the user what follows from this sign-in, and take what an earlier one gave and this doesn't."""
        ...


class Membership(Protocol):
    """Who belongs to the tenant; `tenancy.Members` says so."""

    async def grant(self, ctx: RequestContext, subject: str, relation: str) -> None:
        """Make `subject` (such as `user:usr_…`) stand in `relation` to the tenant."""
        ...


class Discovery(Protocol):
    """Which connection people of a domain sign in through."""

    async def offers(self, ctx: RequestContext) -> bool:
        """Whether there is any such domain: the sign-in page asks for the address first then."""
        ...

    async def discover(self, ctx: RequestContext, email: str) -> UUID | None:
        """The active connection for addresses like `email`, whoever has it or not (N15); None for none."""
        ...


@dataclass(frozen=True, slots=True)
class Departure:
    """Where a browser is led. With `fields`, it posts them there; without, it just goes."""

    url: str
    fields: Mapping[str, str] | None = None


class Leading(Authenticator, Protocol):
    """A door whose answers come from elsewhere."""

    async def lead(self, ctx: RequestContext, attempt: Attempt, connection: Connection) -> Departure:
        """Note what the login waits for from now on, and say where its browser goes.

        Raises:
            Unavailable: what has to be fetched from the provider can't be.
        """
        ...


@dataclass(frozen=True, slots=True)
class Seen:
    """What an answer is like that was refused: proof of nothing.

    Attributes:
        claims: what it says of itself, by names of ours: unverified, so anybody may have written it.
        attributes: what it says of somebody in a part that the provider signed; empty where none was.
    """

    claims: Mapping[str, str] = field(default_factory=dict[str, str])
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]], repr=False)


class AnswerRefused(Unauthenticated):
    """An answer that counts for nothing, and why, in a word of ours: for who set the connection up, and nobody else.
    So is what was `seen` of it."""

    def __init__(self, reason: str, seen: Seen) -> None:
        super().__init__(reason)
        self.seen = seen


class Examining(Leading, Protocol):
    """A door through which a connection can be tried without anybody signing in."""

    kind: ClassVar[str]

    async def examine(self, ctx: RequestContext, attempt: Attempt, word: str) -> ExternalClaims:
        """What the answer by that word says; it is spent.

        Raises:
            AnswerRefused: it isn't genuine.
            Unauthenticated: none of that word waits.
            LimitExceeded: too many failures.
        """
        ...


@dataclass(frozen=True, slots=True)
class ExternalIdentity:
    """That a subject of a connection is a user here."""

    id: UUID
    connection_id: UUID
    user_id: UUID
    subject: str
    created_at: datetime
    last_used_at: datetime


@dataclass(frozen=True, slots=True)
class FederatedSession:
    """A session that was proven through a connection; `foreign` is what the provider calls its own, if it said, and
    `hint` the ID token that it would know it by, sealed (`records_sessions.seal_hint`)."""

    session_id: UUID
    identity_id: UUID
    connection_id: UUID
    foreign: str
    hint: bytes = b""


@dataclass(frozen=True, slots=True)
class PendingLink:
    """A subject that nobody here is yet, found genuine in a login whose person hasn't shown which account is theirs."""

    connection_id: UUID
    claims: ExternalClaims
