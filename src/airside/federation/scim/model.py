"""What provisioning speaks of: tokens, and resources as they are kept. Values and ports only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Protocol
from uuid import UUID

from airside.core.errors import Refusal
from airside.core.ids import CONNECTION, GROUP, TOKEN, USER, format_id
from airside.core.principal import Principal
from airside.identity import UserState
from airside.protocols.scim import USER as USER_KIND
from airside.store.context import RequestContext

PREFIX: Final = "scim_"
"""How every token begins, so that a scanner knows one."""
MAX_TOKENS: Final = 2
"""Live tokens of one connection: the one that goes and the one that comes."""
MAX_LIFETIME: Final = timedelta(days=366)
SEEN_EVERY: Final = timedelta(minutes=1)
"""How often it is written down that a token was used."""

MAX_CONTENT: Final = 32 * 1024
"""Bytes of what a directory says of one user or group, members apart."""
MAX_MEMBERS: Final = 5_000
"""Members of one group."""
MAX_SCAN: Final = 1_000
"""Most resources that are opened to evaluate a filter or to sort."""
MAX_WORK: Final = 200_000
"""Most comparisons that one filter or PATCH may cost: of the resources or members, with each that it names."""

Content = Mapping[str, Any]
"""A resource's attributes by their names in JSON, without what the server says of it."""


class TooMany(Refusal):
    """A question that would open more than a request may (RFC 7644 §3.12, `tooMany`)."""

    code = "too_many"


class Stale(Refusal):
    """It has changed since it was read (RFC 7644 §3.14)."""

    code = "stale"


@dataclass(frozen=True, slots=True)
class ScimToken:
    """A bearer token of one connection. What it is spelt like was shown once.

    Attributes:
        setup_id: the setup invitation that made it, and that takes it with it; None where an administrator did.
    """

    token_id: UUID
    connection_id: UUID
    setup_id: UUID | None
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None

    @property
    def word(self) -> str:
        """`tok_…`, its name in lists: no secret."""
        return format_id(TOKEN, self.token_id)


@dataclass(frozen=True, slots=True)
class Source:
    """Who provisions: an authenticated token of an active connection. Only `ScimTokens.authenticate` makes one."""

    connection_id: UUID
    token_id: UUID

    @property
    def principal(self) -> Principal:
        """What stands in the journal."""
        subject = f"connection:{format_id(CONNECTION, self.connection_id)}"
        return Principal("client", subject, token_id=format_id(TOKEN, self.token_id))


@dataclass(frozen=True, slots=True)
class Stored:
    """A user or group of one connection, as it is answered."""

    kind: str
    id: UUID
    version: int
    created_at: datetime
    modified_at: datetime
    content: Content

    @property
    def word(self) -> str:
        """Its id outside."""
        return word_of(self.kind, self.id)

    @property
    def etag(self) -> str:
        """Its version, as a weak entity tag (RFC 7644 §3.14)."""
        return f'W/"{self.version}"'

    def document(self, location: str = "") -> dict[str, Any]:
        """The whole resource, as JSON."""
        meta: dict[str, Any] = {
            "resourceType": self.kind,
            "created": _text(self.created_at),
            "lastModified": _text(self.modified_at),
            "version": self.etag,
        }
        if location:
            meta["location"] = location
        return {**self.content, "id": self.word, "meta": meta}


@dataclass(frozen=True, slots=True)
class Account:
    """What is known of a provisioned user beside what the directory says of them."""

    stored: Stored
    state: UserState
    made: bool
    deactivated: bool
    said: Content = field(repr=False)
    """The content as the directory said it: without groups, and without the account's state."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page begins: so many resources after the first, or after or before one of them."""

    offset: int = 0
    anchor: UUID | None = None
    backwards: bool = False


class GroupRoles(Protocol):
    """What a connection's groups let people do: its mapping, never above what its author may grant."""

    async def follow(self, ctx: RequestContext, connection_id: UUID, groups: Mapping[UUID, frozenset[str]]) -> None:
        """Give each user the roles that follow from the names of the groups they are in now, and take those that
        followed from groups before and no longer do."""
        ...


class Closing(Protocol):
    """Closes an account with all that hangs on it."""

    async def close(self, ctx: RequestContext, user_id: UUID) -> None:
        """Raises: NotFound; Conflict: the tenant's last administrator who can sign in."""
        ...


def word_of(kind: str, row_id: UUID) -> str:
    """The id outside of a resource."""
    return format_id(USER if kind == USER_KIND else GROUP, row_id)


def _text(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
