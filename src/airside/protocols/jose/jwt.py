"""JWT (RFC 7519) as RFC 8725 wants it: typed, for one issuer and audience, within its time."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from types import MappingProxyType
from typing import Final, TypeAlias, final

from msgspec import Struct

from airside.core.proof import Mint
from airside.core.strict_json import Json, dumps
from airside.protocols.jose.claims import read_claims
from airside.protocols.jose.jws import Header, sign_compact, split, verify_compact
from airside.protocols.jose.keys import KeySet, SigningKey
from airside.protocols.jose.refusals import Reason, TokenRefused
from airside.protocols.jose.segments import b64url_decode

MAX_LEEWAY: Final = 30
DEFAULT_LEEWAY: Final = 5
MAX_DATE: Final = 253_402_300_799  # 9999-12-31T23:59:59Z: a later NumericDate is no date
MAX_AUDIENCES: Final = 32
_APPLICATION: Final = "application/"
_MINT: Final = Mint("VerifiedJwt")


class AnyAudience(Enum):
    """The audience isn't compared, said aloud: for the issuer's own endpoints. It must be there all the same."""

    ANY = "any"


ANY_AUDIENCE: Final = AnyAudience.ANY
Audience: TypeAlias = str | AnyAudience


@dataclass(frozen=True, slots=True)
class Expected:
    """What a token must be: there is no default for who made it, for whom, and as what (N04, N05, N06).

    `leeway` in seconds, at most `MAX_LEEWAY`.

    Raises:
        ValueError: something is empty, or the leeway out of bounds.
    """

    typ: str
    issuer: str
    audience: Audience
    leeway: int = DEFAULT_LEEWAY

    def __post_init__(self) -> None:
        if not self.typ or not self.issuer or not self.audience:
            raise ValueError("typ, issuer and audience must be named")
        if not 0 <= self.leeway <= MAX_LEEWAY:
            raise ValueError(f"leeway is 0 to {MAX_LEEWAY} seconds")


@final
class VerifiedJwt(Struct, frozen=True, gc=False):
    """Claims that are signed, meant for us and in force. Only `verify_jwt` makes one.

    In force from `valid_from` up to, not including, `valid_until`: seconds since the epoch, leeway included.
    """

    header: Header
    claims: Mapping[str, Json]
    valid_from: float
    valid_until: float
    mint: Mint | None = None

    def __post_init__(self) -> None:
        _MINT.strike(self, self.mint)


def verify_jwt(token: str, keys: KeySet, expected: Expected, now: float) -> VerifiedJwt:
    """Verify `token` at the moment `now` (seconds since the epoch).

    Raises:
        UnknownKey: no such key in the set.
        TokenRefused: anything else; `reason` says what.
    """
    jws = verify_compact(token, keys)
    typ = jws.header.typ
    if typ != expected.typ and (typ is None or media_type(typ) != media_type(expected.typ)):
        raise TokenRefused(Reason.TYPE)
    claims = read_claims(jws.payload)
    if claims.get("iss") != expected.issuer:
        raise TokenRefused(Reason.ISSUER)
    _check_audience(claims.get("aud"), expected.audience)
    issued, expires = _date(claims, "iat"), _date(claims, "exp")
    start = max(issued, _date(claims, "nbf")) if "nbf" in claims else issued
    verified = VerifiedJwt(
        jws.header, MappingProxyType(claims), start - expected.leeway, expires + expected.leeway, _MINT
    )
    check_time(verified, now)
    return verified


def check_time(token: VerifiedJwt, now: float) -> None:
    """Refuse a token out of its time (RFC 7519 §4.1.4, §4.1.5; `iat` in the future counts as not yet valid).

    Raises:
        TokenRefused: `expired` or `not_yet_valid`.
    """
    if now >= token.valid_until:
        raise TokenRefused(Reason.EXPIRED)
    if now < token.valid_from:
        raise TokenRefused(Reason.NOT_YET)


def sign_jwt(key: SigningKey, claims: Mapping[str, Json], *, typ: str) -> str:
    """A signed JWT of these claims."""
    return sign_compact(key, dumps(dict(claims)), typ=typ)


def peek_claims(token: str) -> dict[str, Json]:
    """Claims that *nobody has verified*: only good to choose the keys that `verify_jwt` is then given.

    Raises:
        TokenRefused: not a compact JWT.
    """
    _head, body, _tail = split(token)
    return read_claims(b64url_decode(body))


def media_type(typ: str) -> str:
    """`typ` as RFC 7515 §4.1.9 compares it: `application/` may be left out, and case doesn't count."""
    short = typ.lower().removeprefix(_APPLICATION)
    return typ.lower() if "/" in short else short


def _check_audience(claim: Json, audience: Audience) -> None:
    if claim == audience:  # by far the most: one audience, and it is the one
        return
    named = [claim] if isinstance(claim, str) else claim
    if not isinstance(named, list) or not 0 < len(named) <= MAX_AUDIENCES:
        raise TokenRefused(Reason.AUDIENCE)
    if not all(isinstance(name, str) and name for name in named):
        raise TokenRefused(Reason.AUDIENCE)
    if audience is not ANY_AUDIENCE and audience not in named:
        raise TokenRefused(Reason.AUDIENCE)


def _date(claims: Mapping[str, Json], name: str) -> float:
    value = claims.get(name)
    # The very type: bool is an int in Python, and `true` would be one second past 1970.
    if (type(value) is not int and type(value) is not float) or not 0 <= value <= MAX_DATE:
        raise TokenRefused(Reason.CLAIM, claim=name)
    return value
