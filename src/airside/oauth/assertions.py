"""What an assertion has to say once its signature is proven (RFC 7523 §3): by whom, for whom, and until when. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from airside.core.strict_json import Json
from airside.protocols.jose import Reason, TokenRefused, VerifiedJws
from airside.protocols.jose.claims import read_claims
from airside.protocols.jose.jwt import MAX_DATE, media_type
from airside.tokens.single_use import MAX_JTI

LIFETIME: Final = timedelta(minutes=5)
"""How far ahead its end may lie."""
LEEWAY: Final = 5
"""Seconds that the client's clock may be off."""
MAX_SUBJECT: Final = 64


@dataclass(frozen=True, slots=True)
class Assertion:
    """Whom it speaks of, its own name, and its end."""

    subject: str
    jti: str
    expires_at: datetime


def read_assertion(signed: VerifiedJws, *, client: str, issuer: str, now: float) -> Assertion:
    """What `client` says to `issuer`, and to nobody else, by an assertion that its own key signed.

    Raises:
        TokenRefused: another type, issuer or audience, out of its time, too long in force, or without a name.
    """
    typ = signed.header.typ
    if typ is not None and media_type(typ) != "jwt":  # a DPoP proof or a token of another kind (RFC 8725 §3.11)
        raise TokenRefused(Reason.TYPE)
    claims = read_claims(signed.payload)
    if claims.get("iss") != client:
        raise TokenRefused(Reason.ISSUER)
    if claims.get("aud") not in (issuer, [issuer]):
        raise TokenRefused(Reason.AUDIENCE)
    expires = _date(claims, "exp")
    if now >= expires + LEEWAY:
        raise TokenRefused(Reason.EXPIRED)
    if expires > now + LIFETIME.total_seconds() + LEEWAY:
        raise TokenRefused(Reason.CLAIM, claim="exp")
    if any(name in claims and _date(claims, name) > now + LEEWAY for name in ("nbf", "iat")):
        raise TokenRefused(Reason.NOT_YET)
    return Assertion(
        _text(claims, "sub", MAX_SUBJECT), _text(claims, "jti", MAX_JTI), datetime.fromtimestamp(expires, UTC)
    )


def _text(claims: Mapping[str, Json], name: str, most: int) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= most:
        raise TokenRefused(Reason.CLAIM, claim=name)
    return value


def _date(claims: Mapping[str, Json], name: str) -> float:
    value = claims.get(name)
    # The very type: bool is an int in Python.
    if (type(value) is not int and type(value) is not float) or not 0 <= value <= MAX_DATE:
        raise TokenRefused(Reason.CLAIM, claim=name)
    return value
