"""Client assertions (RFC 7523 §2.2, §3; OpenID Connect Core §9): what the claims of a signed one must say. Pure."""

from collections.abc import Collection, Mapping
from typing import Final

from airside.core.strict_json import Json
from airside.protocols.jose import Reason, TokenRefused

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
MAX_ASSERTION_LIFE: Final = 300
"""Seconds that an assertion may still have to live: who steals one from a log finds it spent or over."""
ASSERTION_LEEWAY: Final = 10
"""Seconds that clocks may differ."""
MAX_ASSERTION_JTI: Final = 256
_TYPES: Final = (None, "JWT", "jwt", "client-authentication+jwt")
"""`typ` is seldom set; one that says it is something else is something else (N06)."""


def check_client_assertion(
    typ: str | None, claims: Mapping[str, Json], *, client_id: str, audiences: Collection[str], now: float
) -> tuple[str, float]:
    """The assertion's `jti` and `exp`, if it says that `client_id` presents itself here and now.

    The audience is one string, never a list: an assertion that is for others as well could be theirs to replay here
    (RFC 7523 as revised by draft-ietf-oauth-rfc7523bis).

    Raises:
        TokenRefused: another type, issuer, subject, audience or time, or no `jti`.
    """
    if typ not in _TYPES:
        raise TokenRefused(Reason.TYPE)
    if claims.get("iss") != client_id or claims.get("sub") != client_id:
        raise TokenRefused(Reason.ISSUER)
    audience, jti = claims.get("aud"), claims.get("jti")
    if not isinstance(audience, str) or audience not in audiences:
        raise TokenRefused(Reason.AUDIENCE)
    if not isinstance(jti, str) or not 0 < len(jti) <= MAX_ASSERTION_JTI:
        raise TokenRefused(Reason.CLAIM, claim="jti")
    expires = _date(claims, "exp")
    if now >= expires + ASSERTION_LEEWAY:
        raise TokenRefused(Reason.EXPIRED)
    if expires > now + MAX_ASSERTION_LIFE + ASSERTION_LEEWAY:
        raise TokenRefused(Reason.CLAIM, claim="exp")
    for name in ("iat", "nbf"):
        if name in claims and now < _date(claims, name) - ASSERTION_LEEWAY:
            raise TokenRefused(Reason.NOT_YET)
    return jti, expires


def _date(claims: Mapping[str, Json], name: str) -> float:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 2**53:
        raise TokenRefused(Reason.CLAIM, claim=name)
    return value
