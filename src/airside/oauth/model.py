"""Clients, authorization requests and codes as values. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Literal, get_args
from uuid import UUID

from msgspec import Struct

from airside.core import ids
from airside.core.principal import Assurance
from airside.oauth.settings import ClientSettings

GrantName = Literal[
    "authorization_code",
    "refresh_token",
    "client_credentials",
    "urn:ietf:params:oauth:grant-type:device_code",
    "urn:ietf:params:oauth:grant-type:token-exchange",
    "urn:ietf:params:oauth:grant-type:jwt-bearer",
]
GRANT_NAMES: Final[tuple[GrantName, ...]] = get_args(GrantName)
DEVICE_CODE: Final = "urn:ietf:params:oauth:grant-type:device_code"
TOKEN_EXCHANGE: Final = "urn:ietf:params:oauth:grant-type:token-exchange"
JWT_BEARER: Final = "urn:ietf:params:oauth:grant-type:jwt-bearer"

SHORT_NAMES: Final[Mapping[str, GrantName]] = {
    "device_code": DEVICE_CODE,
    "token_exchange": TOKEN_EXCHANGE,
    "jwt_bearer": JWT_BEARER,
}
"""What people may call a grant whose name is a URN."""


def known_grants(names: Iterable[str]) -> frozenset[GrantName]:
    """Those of `names` that are grants here."""
    given = set(names)
    return frozenset[GrantName](name for name in GRANT_NAMES if name in given)


ClientState = Literal["active", "disabled"]
ClientOrigin = Literal["administrator", "registration", "document"]
"""Who brought a client: an administrator, it itself over the protocol (RFC 7591), or the document that its id is the
address of."""
Prompt = Literal["none", "login"]

MAX_NAME: Final = 200
MAX_REDIRECT_URIS: Final = 20
MAX_AUDIENCES: Final = 10
MAX_AUDIENCE: Final = 512
MAX_SECRETS: Final = 2
"""Live secrets of one client: the one in use and the one that replaces it."""

REQUEST_LIFETIME: Final = timedelta(minutes=10)
"""How long an authorization request waits for its user to sign in."""

PUSHED_LIFETIME: Final = timedelta(seconds=90)
"""How long what was pushed waits for its browser (RFC 9126 §2.2): one redirect, over a slow line."""

CODE_LIFETIME: Final = timedelta(seconds=60)
"""RFC 6749 §4.1.2 allows ten minutes; a browser needs one round trip."""


@dataclass(frozen=True, slots=True)
class ClientSecret:
    """One secret of a client, as its SHA-256. `expires_at` is None for the one that stays."""

    hash: bytes
    created_at: datetime
    expires_at: datetime | None

    def live(self, now: datetime) -> bool:
        """Whether it still opens anything."""
        return self.expires_at is None or now < self.expires_at


@dataclass(frozen=True, slots=True)
class Client:
    """An application registered with one tenant."""

    client_id: UUID
    name: str
    public: bool
    redirect_uris: tuple[str, ...]
    grants: frozenset[GrantName]
    scopes: frozenset[str]
    audiences: tuple[str, ...]
    secrets: tuple[ClientSecret, ...]
    state: ClientState
    created_at: datetime
    settings: ClientSettings = field(default_factory=ClientSettings)
    origin: ClientOrigin = "administrator"
    document_url: str | None = None
    document_until: datetime | None = None
    used_at: datetime | None = None

    @property
    def word(self) -> str:
        """`cli_…`, or the address of its document: the name it goes by outside."""
        return self.document_url or ids.format_id(ids.CLIENT, self.client_id)

    @property
    def needs_pkce(self) -> bool:
        """Whether each of its requests has a code challenge: only confidential clients can be registered without."""
        return self.public or self.settings.require_pkce or self.settings.profile == "fapi2"

    @property
    def must_push(self) -> bool:
        """Whether it is only heard through the pushed authorization request endpoint (RFC 9126 §6, FAPI 2.0
        §5.3.2.2)."""
        return self.settings.require_pushed_authorization_requests or self.settings.profile == "fapi2"

    def live_secrets(self, now: datetime) -> tuple[ClientSecret, ...]:
        """The secrets that open something at `now`."""
        return tuple(secret for secret in self.secrets if secret.live(now))


@dataclass(frozen=True, slots=True)
class ClientDraft:
    """What an administrator says about a client to be. `registration.validated` judges it."""

    name: str
    public: bool
    grants: frozenset[str]
    audiences: tuple[str, ...]
    redirect_uris: tuple[str, ...] = ()
    scopes: frozenset[str] = field(default_factory=frozenset[str])
    settings: ClientSettings = field(default_factory=ClientSettings)


ResponseMode = Literal["query", "fragment", "form_post"]


class RequestDetails(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What an authorization request says besides, in one column of its row and of its code's.

    Attributes:
        response_mode: how the answer travels (OAuth 2.0 Multiple Response Types §2.1, Form Post Response Mode §2).
        resources: whom the tokens are for (RFC 8707 §2); empty for all of the client's audiences.
        claims: which claims about the user, in the form of OpenID Connect Core §5.5.
        hinted_user: the only user who will do (`id_token_hint`, OpenID Connect Core §3.1.2.1, or `sub` of `claims`).
        ui_locales: languages of the pages, best first.
        consent_asked: `prompt=consent`.
        dpop_jkt: the key that the code is bound to (RFC 9449 §10).
        state: as the client sent it, kept on the code of a sign-in for the ID token's `s_hash`.
        pushed: the hash of the reference that the request was pushed under, until a code was given for it.
    """

    response_mode: ResponseMode = "query"
    resources: tuple[str, ...] = ()
    claims: dict[str, Any] | None = None
    hinted_user: UUID | None = None
    ui_locales: tuple[str, ...] = ()
    consent_asked: bool = False
    dpop_jkt: str | None = None
    state: str | None = None
    pushed: str | None = None


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """A request at the authorization endpoint, proven well-formed for its client.

    Attributes:
        code_challenge: None for a confidential client that goes without PKCE.
        prompt: `none` where nobody may be asked anything; `login` where only a new sign-in will do.
        max_age: seconds since the sign-in, at most.
        acr: the least assurance that will do.
        login_hint: an address to fill in: the client's word, of somebody who may not exist.
    """

    client_id: UUID
    redirect_uri: str
    scopes: frozenset[str]
    code_challenge: str | None
    state: str | None = None
    nonce: str | None = None
    prompt: Prompt | None = None
    max_age: int | None = None
    acr: Assurance | None = None
    login_hint: str | None = None
    details: RequestDetails = field(default_factory=RequestDetails)


@dataclass(frozen=True, slots=True)
class StoredRequest:
    """An authorization request that waits, and since when. Its `login_hint` stands apart, as it was sealed."""

    request: AuthorizationRequest
    created_at: datetime
    login_hint_sealed: bytes | None = None


@dataclass(frozen=True, slots=True)
class Participation:
    """That a client got codes in a user's session."""

    session_id: UUID
    client_id: UUID
    user_id: UUID


@dataclass(frozen=True, slots=True)
class LogoutRequest:
    """What a client asked for when it sent its user to sign out, judged: `redirect_uri` is one of its own.

    Attributes:
        client_id: who asks; None where nobody says.
        hinted: an ID token of ours said so.
        session_id: the session that it was given for.
        ui_locales: languages of the page, best first.
    """

    client_id: UUID | None
    hinted: bool
    session_id: UUID | None
    redirect_uri: str | None
    state: str | None
    ui_locales: str = ""


@dataclass(frozen=True, slots=True)
class Consent:
    """What one user has allowed one client, called `name`, and since when."""

    client_id: UUID
    name: str
    scopes: frozenset[str]
    granted_at: datetime


@dataclass(frozen=True, slots=True)
class Code:
    """What an authorization code stands for: whose, for whom, proven how, and the family it may start."""

    client_id: UUID
    user_id: UUID
    session_id: UUID
    family_id: UUID
    redirect_uri: str
    code_challenge: str | None
    nonce: str | None
    scopes: frozenset[str]
    auth_time: datetime
    acr: str
    amr: tuple[str, ...]
    details: RequestDetails = field(default_factory=RequestDetails)
