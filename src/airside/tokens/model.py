"""Grants, families and the refusals of refresh tokens. Pure."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import ClassVar, Final, Literal
from uuid import UUID

from airside.core.errors import Refusal
from airside.core.ids import FAMILY, format_id
from airside.core.secret import Secret
from airside.core.strict_json import Json

TokenType = Literal["Bearer", "DPoP"]
"""How an access token is presented (RFC 6750, RFC 9449)."""

ACCESS_TOKEN_LIFETIME: Final = timedelta(minutes=15)
ID_TOKEN_LIFETIME: Final = timedelta(minutes=5)
MAX_ACTORS: Final = 4
"""Longest chain of those who act for one another in one token (RFC 8693 §4.1)."""
REFRESH_IDLE: Final = timedelta(days=7)
REFRESH_ABSOLUTE: Final = timedelta(days=90)
ENDING_OVERLAP: Final = timedelta(seconds=1)
"""How long an answer that began before its user or client was ended may still be under way: its token ends too."""
PUBLIC_RETRY: Final = timedelta(seconds=30)
"""How long a public client without a bound key may fetch the same successor again."""


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What a token is bound to: of use only to who proves to hold the key (RFC 7800 §3.1).

    `jkt` is the thumbprint of a DPoP key (RFC 9449 §6.1), `x5t_s256` that of a certificate (RFC 8705 §3.1). Where both
    are there, both have to be proven.

    Raises:
        ValueError: it binds to nothing.
    """

    jkt: str | None = None
    x5t_s256: str | None = None

    def __post_init__(self) -> None:
        if not self.jkt and not self.x5t_s256:
            raise ValueError("a confirmation names a key or a certificate")

    def claim(self) -> dict[str, Json]:
        """The members of `cnf`."""
        members: dict[str, Json] = {}
        if self.jkt is not None:
            members["jkt"] = self.jkt
        if self.x5t_s256 is not None:
            members["x5t#S256"] = self.x5t_s256
        return members

    @property
    def token_type(self) -> TokenType:
        """How the token is presented: `DPoP` (RFC 9449 §5), or `Bearer` over its certificate (RFC 8705 §3)."""
        return "Bearer" if self.jkt is None else "DPoP"


@dataclass(frozen=True, slots=True)
class AccessGrant:
    """What an access token will say. Ids are the outward words: `usr_…`, `cli_…`, `ses_…`, `fam_…`.

    `roles` are those of this moment: a family doesn't remember them, each refresh asks again. What a client does
    for itself (client credentials) has no `auth_time`, `acr`, `amr`, `session_id` and `family_id`.
    `confirmation` is what the token is bound to; a family has one only where its refresh tokens are bound too, which
    are those of public clients (RFC 9449 §5, RFC 8705 §7.1): others prove themselves by their own credentials.
    `actors` act for the subject, who acts now first (RFC 8693 §4.1); `not_after` is the end of a token that can't
    outlive another.
    """

    subject: str
    client_id: str
    audience: tuple[str, ...]
    scope: frozenset[str]
    roles: tuple[str, ...] = ()
    auth_time: datetime | None = None
    acr: str | None = None
    amr: tuple[str, ...] = ()
    session_id: str | None = None
    family_id: str | None = None
    confirmation: Confirmation | None = None
    actors: tuple[str, ...] = ()
    not_after: datetime | None = None


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A signed token, its id and its end."""

    token: Secret[str]
    jti: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class RefreshFamily:
    """One sign-in at one client, and what its tokens stand for."""

    family_id: UUID
    grant: AccessGrant
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None

    @property
    def word(self) -> str:
        """`fam_…`, as access tokens carry it."""
        return format_id(FAMILY, self.family_id)

    def live(self, now: datetime) -> bool:
        """Neither revoked nor past its absolute end."""
        return self.revoked_at is None and now < self.expires_at


@dataclass(frozen=True, slots=True)
class Spent:
    """A used token: when, and what became of its successor.

    `sealed` is there only until the successor is first used; `successor_expires_at` is the successor's idle end.
    """

    at: datetime
    sealed: bytes | None
    successor_expires_at: datetime


@dataclass(frozen=True, slots=True)
class StoredToken:
    """A refresh token as stored: its family, its idle end, and how it was spent, if it was."""

    family: RefreshFamily
    expires_at: datetime
    spent: Spent | None


@dataclass(frozen=True, slots=True)
class FoundRefresh:
    """A refresh token somebody asks about (RFC 7009, RFC 7662)."""

    family: RefreshFamily
    expires_at: datetime
    active: bool


@dataclass(frozen=True, slots=True)
class Rotation:
    """A refresh token to hand out, its family and its idle end. `repeated` where it is the same one again."""

    token: Secret[str]
    family: RefreshFamily
    expires_at: datetime
    repeated: bool = field(default=False)


class RefreshRefused(Refusal):
    """A refresh token that gives nothing."""

    code: ClassVar[str] = "invalid_grant"


class RefreshUnknown(RefreshRefused):
    """Malformed, never issued here, another tenant's, or long gone."""


class RefreshExpired(RefreshRefused):
    """Seven days unused, or its family is past its ninety."""


class RefreshMisbound(RefreshRefused):
    """Bound to a key, and brought without it. Nothing is spent: a thief must not end the family of the owner."""


class RefreshRevoked(RefreshRefused):
    """Its family is revoked."""


class RefreshReused(RefreshRefused):
    """A spent token came again, or another client brought it: its family has just been revoked."""
