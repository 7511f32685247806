"""Foreign ID tokens (OpenID Connect Core §2, §3.1.3.7), and foreign logout tokens (Back-Channel Logout 1.0 §2.4,
§2.6): what a relying party demands of them. Pure.

The algorithm is the one that the connection registered, which is pinned to every key in the set (N01); the rest of what
can be wrong with a signed token is refused by `jose`. `typ` may be missing, as it often is; one that says that the
token is something else is believed (N06).
"""

from collections.abc import Mapping
from dataclasses import InitVar, dataclass, field
from types import MappingProxyType
from typing import Final, final

from airside.core.entropy import equal
from airside.core.proof import Mint
from airside.core.secret import Secret
from airside.core.strict_json import Json
from airside.protocols.jose import KeySet, Reason, TokenRefused, VerifiedJws, verify_compact
from airside.protocols.jose.claims import read_claims
from airside.protocols.oauth.half_hash import half_hash

CLOCK_LEEWAY: Final = 30
"""Seconds that the provider's clock and ours may differ."""
MAX_AGE: Final = 600
"""Seconds since an ID token was made: it comes straight from the token endpoint, for a login that lives no longer."""
MAX_SUBJECT: Final = 255
"""Characters of a subject, all of them ASCII (Core §2)."""
MAX_LOGOUT_ID: Final = 256
MAX_DATE: Final = 253_402_300_799
LOGOUT_EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
_ID_TYPES: Final = (None, "JWT", "jwt")
_LOGOUT_TYPES: Final = (*_ID_TYPES, "logout+jwt")
_MINT: Final = Mint("VerifiedIdToken")
_LOGOUT_MINT: Final = Mint("VerifiedLogoutToken")
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class ExpectedIdToken:
    """What an ID token has to say: nothing of it has a default that lets through.

    Attributes:
        issuer: `iss`, exactly.
        client_id: the only audience.
        nonce: what the request said.
        access_token: what came beside it; `at_hash` is compared with it where it is there.
        max_age: what the request said; then `auth_time` is demanded.
        required: claims that pin a tenant of the provider (`hd`, `tid`).

    Raises:
        ValueError: issuer, client or nonce is empty.
    """

    issuer: str
    client_id: str
    nonce: Secret[str]
    access_token: Secret[str]
    max_age: int | None = None
    required: Mapping[str, str] = field(default_factory=lambda: _NOTHING)

    def __post_init__(self) -> None:
        if not self.issuer or not self.client_id or not self.nonce:
            raise ValueError("issuer, client and nonce must be named")


@final
@dataclass(frozen=True, slots=True)
class VerifiedIdToken:
    """Who the provider says it is, in answer to this very request. Only `verify_id_token` makes one."""

    issuer: str
    subject: str
    claims: Mapping[str, Json]
    mint: InitVar[Mint]

    def __post_init__(self, mint: Mint) -> None:
        _MINT.demand(mint)


@final
@dataclass(frozen=True, slots=True)
class VerifiedLogoutToken:
    """Whose sessions are over there: all of `subject`'s, or the one called `session`. It may be taken once:
    `token_id` is to be spent until `expires_at`. Only `verify_logout_token` makes one."""

    token_id: str
    subject: str | None
    session: str | None
    expires_at: float
    mint: InitVar[Mint]

    def __post_init__(self, mint: Mint) -> None:
        _LOGOUT_MINT.demand(mint)


def verify_id_token(token: Secret[str], keys: KeySet, expected: ExpectedIdToken, now: float) -> VerifiedIdToken:
    """Verify `token` at the moment `now` (seconds since the epoch), numbered as in Core §3.1.3.7.

    Raises:
        UnknownKey: no such key in the set: worth a look for newer ones.
        TokenRefused: anything else; `reason` and `claim` say what.
    """
    jws = verify_compact(token.reveal(), keys, nameless=True)  # 6, 7, 8
    if jws.header.typ not in _ID_TYPES:
        raise TokenRefused(Reason.TYPE)
    claims = read_claims(jws.payload)
    _check_party(claims, expected.issuer, expected.client_id)  # 2, 3, 4, 5
    expires, issued = _date(claims, "exp"), _date(claims, "iat")
    _check_time(claims, expires, issued, now)  # 9, 10
    if now > issued + MAX_AGE + CLOCK_LEEWAY:
        raise TokenRefused(Reason.EXPIRED, claim="iat")
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not equal(nonce.encode("utf-8", "replace"), expected.nonce.reveal().encode()):
        raise TokenRefused(Reason.CLAIM, claim="nonce")  # 11
    if expected.max_age is not None:
        _check_age(_date(claims, "auth_time"), expected.max_age, now)  # 13
    _check_half(claims, jws, expected.access_token)
    for name, value in expected.required.items():
        if claims.get(name) != value:
            raise TokenRefused(Reason.CLAIM, claim=name)
    return VerifiedIdToken(expected.issuer, _subject(claims), MappingProxyType(claims), _MINT)


def verify_logout_token(token: str, keys: KeySet, *, issuer: str, client_id: str, now: float) -> VerifiedLogoutToken:
    """Verify a foreign logout token (Back-Channel Logout §2.6): signed, ours, in its time, of the one event, about a
    subject or a session, with an id to spend, and without `nonce`, so that no ID token is one.

    Raises:
        UnknownKey: no such key in the set.
        TokenRefused: anything else.
    """
    jws = verify_compact(token, keys, nameless=True)
    if jws.header.typ not in _LOGOUT_TYPES:
        raise TokenRefused(Reason.TYPE)
    claims = read_claims(jws.payload)
    _check_party(claims, issuer, client_id)
    expires, issued = _date(claims, "exp"), _date(claims, "iat")
    _check_time(claims, expires, issued, now)
    if now > issued + MAX_AGE + CLOCK_LEEWAY:
        raise TokenRefused(Reason.EXPIRED, claim="iat")
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(LOGOUT_EVENT), dict):
        raise TokenRefused(Reason.CLAIM, claim="events")
    if "nonce" in claims:
        raise TokenRefused(Reason.CLAIM, claim="nonce")
    subject = _subject(claims) if "sub" in claims else None
    session = _text(claims, "sid", MAX_LOGOUT_ID) if "sid" in claims else None
    if subject is None and session is None:
        raise TokenRefused(Reason.CLAIM, claim="sub")
    return VerifiedLogoutToken(_text(claims, "jti", MAX_LOGOUT_ID), subject, session, expires, _LOGOUT_MINT)


def _check_party(claims: Mapping[str, Json], issuer: str, client_id: str) -> None:
    """We trust no other audience, so that there may be none (Core §3.1.3.7, 3)."""
    if claims.get("iss") != issuer:
        raise TokenRefused(Reason.ISSUER)
    if claims.get("aud") not in (client_id, [client_id]):
        raise TokenRefused(Reason.AUDIENCE)
    if claims.get("azp", client_id) != client_id:
        raise TokenRefused(Reason.AUDIENCE, claim="azp")


def _check_time(claims: Mapping[str, Json], expires: float, issued: float, now: float) -> None:
    if now >= expires + CLOCK_LEEWAY:
        raise TokenRefused(Reason.EXPIRED)
    starts = max(issued, _date(claims, "nbf")) if "nbf" in claims else issued
    if now < starts - CLOCK_LEEWAY:
        raise TokenRefused(Reason.NOT_YET)


def _check_age(authenticated: float, max_age: int, now: float) -> None:
    if not authenticated - CLOCK_LEEWAY <= now <= authenticated + max_age + CLOCK_LEEWAY:
        raise TokenRefused(Reason.CLAIM, claim="auth_time")


def _check_half(claims: Mapping[str, Json], jws: VerifiedJws, access_token: Secret[str]) -> None:
    """`at_hash` may be left out where the token endpoint gave both (Core §3.1.3.6, §3.1.3.8); a wrong one may not."""
    if "at_hash" not in claims:
        return
    said = claims["at_hash"]
    right = half_hash(access_token.reveal(), jws.header.alg)
    if not isinstance(said, str) or not equal(said.encode("utf-8", "replace"), right.encode()):
        raise TokenRefused(Reason.CLAIM, claim="at_hash")


def _subject(claims: Mapping[str, Json]) -> str:
    subject = _text(claims, "sub", MAX_SUBJECT)
    if not subject.isascii():
        raise TokenRefused(Reason.CLAIM, claim="sub")
    return subject


def _text(claims: Mapping[str, Json], name: str, longest: int) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= longest or not value.isprintable():
        raise TokenRefused(Reason.CLAIM, claim=name)
    return value


def _date(claims: Mapping[str, Json], name: str) -> float:
    value = claims.get(name)
    # The very type: bool is an int in Python.
    if (type(value) is not int and type(value) is not float) or not 0 <= value <= MAX_DATE:
        raise TokenRefused(Reason.CLAIM, claim=name)
    return value
