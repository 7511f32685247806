"""Security event tokens (RFC 8417) as the Shared Signals Framework 1.0 wants them, and CAEP 1.0's events. Pure.

A SET says what has happened to whom, and opens nothing: it has a type of its own, no `sub` and no `exp` (SSF 1.0
§4.1), so that it is never taken for a token, nor a token for it.
"""

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Final, final

from msgspec import Struct

from airside.core.proof import Mint
from airside.core.strict_json import Json
from airside.protocols.jose import KeySet, Reason, TokenRefused, verify_compact
from airside.protocols.jose.claims import read_claims
from airside.protocols.jose.jwt import MAX_AUDIENCES, MAX_DATE, media_type

SET_TYPE: Final = "secevent+jwt"  # RFC 8417 §2.3
CONTENT_TYPE: Final = "application/secevent+jwt"
PUSH: Final = "urn:ietf:rfc:8935"
POLL: Final = "urn:ietf:rfc:8936"
CAEP: Final = "https://schemas.openid.net/secevent/caep/event-type/"
VERIFICATION: Final = "https://schemas.openid.net/secevent/ssf/event-type/verification"
SESSION_REVOKED: Final = f"{CAEP}session-revoked"
CREDENTIAL_CHANGE: Final = f"{CAEP}credential-change"
ASSURANCE_CHANGE: Final = f"{CAEP}assurance-level-change"
TOKEN_CLAIMS_CHANGE: Final = f"{CAEP}token-claims-change"
EVENTS: Final = (SESSION_REVOKED, CREDENTIAL_CHANGE, ASSURANCE_CHANGE, TOKEN_CLAIMS_CHANGE)
"""What streams may be asked to tell; a verification is told to each."""

LEEWAY: Final = timedelta(seconds=30)
MAX_AGE: Final = timedelta(days=8)
"""How old a SET may be when it arrives: one is kept for seven days for whoever asks for it."""
MAX_ID: Final = 128
_FORBIDDEN: Final = ("sub", "exp")
_MINT: Final = Mint("SecurityEvent")


@final
class SecurityEvent(Struct, frozen=True):
    """A SET that its transmitter signed for us. Only `verify_set` makes one.

    Attributes:
        issued_at: seconds since the epoch.
        kind: the address of the event's type; `data` what it says.
        subject: a subject identifier (RFC 9493).
    """

    jti: str
    issued_at: float
    kind: str
    subject: Mapping[str, Json]
    data: Mapping[str, Json]
    txn: str
    mint: Mint | None = None

    def __post_init__(self) -> None:
        _MINT.strike(self, self.mint)


def verify_set(token: str, keys: KeySet, *, issuer: str, audience: str, now: float) -> SecurityEvent:
    """Verify `token` at the moment `now` (seconds since the epoch); whether it came before is the caller's to know.

    Raises:
        UnknownKey: no such key in the set.
        TokenRefused: anything else; `reason` says what.
    """
    jws = verify_compact(token, keys)
    if jws.header.typ is None or media_type(jws.header.typ) != SET_TYPE:
        raise TokenRefused(Reason.TYPE)
    claims = read_claims(jws.payload)
    if claims.get("iss") != issuer:
        raise TokenRefused(Reason.ISSUER)
    audiences = claims.get("aud")
    named = audiences if isinstance(audiences, list) else [audiences]
    if len(named) > MAX_AUDIENCES or audience not in named:
        raise TokenRefused(Reason.AUDIENCE)
    for name in _FORBIDDEN:
        if name in claims:
            raise TokenRefused(Reason.CLAIM, claim=name)
    issued = _issued(claims.get("iat"), now)
    kind, data = _event(claims.get("events"))
    jti, txn, subject = claims.get("jti"), claims.get("txn", ""), claims.get("sub_id")
    if not isinstance(jti, str) or not 0 < len(jti) <= MAX_ID:
        raise TokenRefused(Reason.CLAIM, claim="jti")
    if not isinstance(txn, str):
        raise TokenRefused(Reason.CLAIM, claim="txn")
    if not isinstance(subject, dict) or not isinstance(subject.get("format"), str):
        raise TokenRefused(Reason.CLAIM, claim="sub_id")
    return SecurityEvent(jti, issued, kind, MappingProxyType(subject), MappingProxyType(data), txn, _MINT)


def iss_sub(issuer: str, subject: str) -> dict[str, Json]:
    """Somebody as their issuer calls them (RFC 9493 §3.2.3)."""
    return {"format": "iss_sub", "iss": issuer, "sub": subject}


def opaque(id: str) -> dict[str, Json]:
    """Something by an id that says nothing else (RFC 9493 §3.2.5)."""
    return {"format": "opaque", "id": id}


def complex_subject(**members: dict[str, Json]) -> dict[str, Json]:
    """Several at once, such as a user and their session (SSF 1.0 §3.2)."""
    return {"format": "complex", **members}


def _issued(value: Json, now: float) -> float:
    if (type(value) is not int and type(value) is not float) or not 0 <= value <= MAX_DATE:
        raise TokenRefused(Reason.CLAIM, claim="iat")
    if value > now + LEEWAY.total_seconds():
        raise TokenRefused(Reason.NOT_YET)
    if value < now - MAX_AGE.total_seconds():
        raise TokenRefused(Reason.EXPIRED)
    return value


def _event(events: Json) -> tuple[str, dict[str, Json]]:
    """The one event of a SET (SSF 1.0 §4.1.5)."""
    if not isinstance(events, dict) or len(events) != 1:
        raise TokenRefused(Reason.CLAIM, claim="events")
    ((kind, data),) = events.items()
    if not kind or not isinstance(data, dict):
        raise TokenRefused(Reason.CLAIM, claim="events")
    return kind, data
