"""What a verified access token says (RFC 9068)."""

from collections.abc import Mapping
from typing import Final, cast, final

from msgspec import Struct

from airside.core.proof import Mint
from airside.core.strict_json import Json
from airside.protocols.jose import Reason, TokenRefused, VerifiedJwt

MAX_ACTING: Final = 16  # who act for one another in one token
MAX_WORDS: Final = 100  # scopes, roles or methods in one token
_NUMBER: Final = (int, float)  # a tuple: `int | float` would be built anew at each test
_MINT: Final = Mint("VerifiedToken")


@final
class VerifiedToken(Struct, frozen=True, gc=False):
    """An access token that this application's issuer signed, for this application, in force. Only a `Verifier` makes
    one.

    Times are whole seconds since the epoch. `claims` holds the rest, read-only. With `jkt` or `x5t_s256` it is bound to
    a DPoP key (RFC 9449 §6.1) or to a certificate (RFC 8705 §3.1), and its request has proven to come from the holder.
    `acting` are those who act for the subject, who does so now first (RFC 8693 §4.1); most tokens have none.
    """

    subject: str
    client_id: str
    tenant_id: str
    token_id: str
    session_id: str | None
    family_id: str | None
    scopes: frozenset[str]
    roles: tuple[str, ...]
    assurance: str | None
    methods: tuple[str, ...]
    authenticated_at: int | None
    issued_at: int
    expires_at: int
    key_id: str
    jkt: str | None
    x5t_s256: str | None
    acting: tuple[str, ...]
    claims: Mapping[str, Json]
    mint: Mint | None = None

    def __post_init__(self) -> None:
        _MINT.strike(self, self.mint)

    @property
    def bound(self) -> bool:
        """Whether it is of use only to the holder of a key or certificate."""
        return self.jkt is not None or self.x5t_s256 is not None

    @property
    def actor(self) -> str:
        """The word that permissions know the bearer by: `user:usr_…`, or `client:cli_…` where no person acts."""
        kind = "client" if self.subject == self.client_id else "user"  # RFC 9068 §2.2
        return f"{kind}:{self.subject}"


def read_access_token(jwt: VerifiedJwt) -> VerifiedToken:
    """The claims as typed values.

    Raises:
        TokenRefused: a claim that RFC 9068 §2.2 requires is missing, or one is of the wrong type.
    """
    claims = jwt.claims
    get = claims.get
    subject, client_id, tenant_id, token_id = get("sub"), get("client_id"), get("tenant_id"), get("jti")
    issued_at, expires_at = get("iat"), get("exp")
    # One test for all that must be there: this runs for every token that is new to us.
    if not (
        isinstance(subject, str)
        and isinstance(client_id, str)
        and isinstance(tenant_id, str)
        and isinstance(token_id, str)
        and subject
        and client_id
        and tenant_id
        and token_id
        and isinstance(issued_at, _NUMBER)
        and isinstance(expires_at, _NUMBER)
    ):
        raise TokenRefused(Reason.CLAIM)
    jkt, x5t = _confirmation(get("cnf"))
    return VerifiedToken(
        subject,
        client_id,
        tenant_id,
        token_id,
        _text(get("sid")),
        _text(get("fam")),
        _scopes(get("scope")),
        _words(get("roles")),
        _text(get("acr")),
        _words(get("amr")),
        _moment(get("auth_time")),
        int(issued_at),
        int(expires_at),
        jwt.header.kid,
        jkt,
        x5t,
        _chain(get("act")),
        claims,
        _MINT,
    )


def _confirmation(value: Json) -> tuple[str | None, str | None]:
    """A binding that isn't understood refuses the token: without it the token would be anybody's (N04)."""
    if value is None:
        return None, None
    if not isinstance(value, dict) or not value or not value.keys() <= {"jkt", "x5t#S256"}:
        raise TokenRefused(Reason.CLAIM, claim="cnf")
    return _text(value.get("jkt")), _text(value.get("x5t#S256"))


def _chain(value: Json) -> tuple[str, ...]:
    """RFC 8693 §4.1. A chain that isn't understood refuses the token (N04)."""
    found: list[str] = []
    while value is not None:
        if not isinstance(value, dict) or not value.keys() <= {"sub", "act"} or len(found) == MAX_ACTING:
            raise TokenRefused(Reason.CLAIM, claim="act")
        sub = value.get("sub")
        if not isinstance(sub, str) or not sub:
            raise TokenRefused(Reason.CLAIM, claim="act")
        found.append(sub)
        value = value.get("act")
    return tuple(found)


def _text(value: Json) -> str | None:
    if value is None or (isinstance(value, str) and value):
        return value
    raise TokenRefused(Reason.CLAIM)


def _scopes(value: Json) -> frozenset[str]:
    """RFC 8693 §4.2: one string, words parted by spaces. Absent means none."""
    if value is None:
        return frozenset()
    if not isinstance(value, str) or value.count(" ") >= MAX_WORDS:
        raise TokenRefused(Reason.CLAIM, claim="scope")
    return frozenset(value.split())


def _words(value: Json) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or len(value) > MAX_WORDS:
        raise TokenRefused(Reason.CLAIM)
    for word in value:
        if not isinstance(word, str):
            raise TokenRefused(Reason.CLAIM)
    return cast(tuple[str, ...], tuple(value))


def _moment(value: Json) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, _NUMBER):
        raise TokenRefused(Reason.CLAIM, claim="auth_time")
    return int(value)
