"""What a key, its owner and a service account are. Values and one port; no IO."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, Protocol, TypeAlias
from uuid import UUID

from airside.apikeys.networks import Network, read_networks
from airside.core.errors import InvalidInput
from airside.core.ids import KEY, SERVICE_ACCOUNT, USER, format_id, parse_id
from airside.protocols.apikey import Kind, Mode
from airside.store.context import RequestContext

MAX_NAME: Final = 100
MAX_KEYS: Final = 1_000
"""Keys of one tenant that are good for something."""
MAX_ACCOUNTS: Final = 1_000
MAX_SCOPES: Final = 100
MAX_STORES: Final = 50
MAX_LIFETIME: Final = timedelta(days=366)
MAX_OVERLAP: Final = timedelta(days=7)
"""How long a key that has been rotated may go on working."""
MAX_PER_MINUTE: Final = 6_000_000
MAX_PAGE: Final = 200
KEPT: Final = timedelta(days=30)
"""How long a key that is over is still shown."""

AccountState: TypeAlias = Literal["active", "disabled"]
KeyState: TypeAlias = Literal["active", "rotated", "revoked", "expired"]
STORE_SCOPES: Final = frozenset({"permissions:check", "permissions:read", "permissions:write"})
"""All that a key which is bound to stores may be scoped to: nothing else asks which store is meant."""


class UserStates(Protocol):
    """Whether a user is active. `identity.Users` knows."""

    async def state(self, ctx: RequestContext, user_id: UUID) -> str | None:
        """`active` or `disabled`; None for nobody of this tenant."""
        ...


@dataclass(frozen=True, slots=True)
class Owner:
    """Who a key speaks for: a user or a service account."""

    kind: Literal["user", "service_account"]
    id: UUID

    @property
    def word(self) -> str:
        """`usr_…` or `svc_…`."""
        return format_id(USER if self.kind == "user" else SERVICE_ACCOUNT, self.id)

    @property
    def subject(self) -> str:
        """The word by which the permission engine knows them."""
        return f"{self.kind}:{self.word}"


def read_owner(word: str) -> Owner:
    """The owner that `word` names.

    Raises:
        InvalidInput: it is neither `usr_…` nor `svc_…`.
    """
    try:
        if word.startswith(USER):
            return Owner("user", parse_id(USER, word))
        return Owner("service_account", parse_id(SERVICE_ACCOUNT, word))
    except InvalidInput:
        raise InvalidInput("the id of a user, usr_…, or of a service account, svc_…", pointer="owner") from None


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """A program of the tenant's, that owns keys and has roles."""

    account_id: UUID
    name: str
    state: AccountState
    created_at: datetime

    @property
    def owner(self) -> Owner:
        return Owner("service_account", self.account_id)

    @property
    def word(self) -> str:
        """`svc_…`."""
        return format_id(SERVICE_ACCOUNT, self.account_id)


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key. What it is spelt like was shown once.

    Attributes:
        scopes: what it may be used for, where its owner may it too.
        stores: the permission stores that it reaches; None: all of the tenant's.
        networks: where it may come from; None: from anywhere.
        per_minute: how many requests a minute it may make.
        rotated_at: since when another stands in its place; it works until `expires_at`.
    """

    key_id: UUID
    lookup: str
    kind: Kind
    mode: Mode
    owner: Owner
    name: str
    scopes: frozenset[str]
    stores: frozenset[str] | None
    networks: tuple[Network, ...] | None
    per_minute: int
    created_at: datetime
    expires_at: datetime
    rotated_at: datetime | None = None
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None

    @property
    def word(self) -> str:
        """`key_…`, its name in lists: no secret."""
        return format_id(KEY, self.key_id)

    def state(self, now: datetime) -> KeyState:
        """What it is good for at `now`: nothing, if it is revoked or expired."""
        if self.revoked_at is not None:
            return "revoked"
        if self.expires_at <= now:
            return "expired"
        return "active" if self.rotated_at is None else "rotated"


@dataclass(frozen=True, slots=True)
class KeyDraft:
    """What a new key is to be.

    A publishable key is no secret, so it has no scopes: it says whose it is and opens nothing. A test key is bound to
    stores, and so reaches nothing else of the tenant.

    Raises:
        InvalidInput: `pointer` names the field that can't be.
    """

    name: str
    owner: Owner
    lifetime: timedelta
    kind: Kind = "secret"
    mode: Mode = "live"
    scopes: frozenset[str] = frozenset()
    stores: frozenset[str] | None = None
    networks: tuple[str, ...] | None = None
    per_minute: int | None = None

    def __post_init__(self) -> None:
        acceptable_name(self.name)
        if not timedelta() < self.lifetime <= MAX_LIFETIME:
            raise InvalidInput(f"1 to {MAX_LIFETIME.days} days are expected", pointer="days")
        if self.per_minute is not None and not 1 <= self.per_minute <= MAX_PER_MINUTE:
            raise InvalidInput(f"1 to {MAX_PER_MINUTE} are expected", pointer="per_minute")
        if self.networks is not None:
            read_networks(self.networks)
        self._judge_reach()

    def _judge_reach(self) -> None:
        if len(self.scopes) > MAX_SCOPES:
            raise InvalidInput(f"at most {MAX_SCOPES} scopes", pointer="scopes")
        if self.kind == "publishable" and (self.scopes or self.stores is not None):
            raise InvalidInput("a publishable key has no scopes and no stores: it opens nothing", pointer="scopes")
        if self.kind == "secret" and not self.scopes:
            raise InvalidInput("a secret key has a scope", pointer="scopes")
        if self.stores is not None and not 1 <= len(self.stores) <= MAX_STORES:
            raise InvalidInput(f"1 to {MAX_STORES} stores; none named: all of them", pointer="stores")
        if self.stores is not None and not self.scopes <= STORE_SCOPES:
            words = f"a key bound to stores has no other scopes than {', '.join(sorted(STORE_SCOPES))}"
            raise InvalidInput(words, pointer="scopes")
        if self.mode == "test" and self.kind == "secret" and self.stores is None:
            raise InvalidInput("a test key is bound to stores", pointer="stores")


def acceptable_name(name: str) -> str:
    """What a key or an account may be called.

    Raises:
        InvalidInput: nothing, too long, or characters that can't be shown.
    """
    if not 0 < len(name.strip()) <= MAX_NAME or not name.isprintable():
        raise InvalidInput(f"a name is 1 to {MAX_NAME} printable characters", pointer="name")
    return name.strip()
