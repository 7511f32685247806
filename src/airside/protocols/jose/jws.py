"""Compact JWS (RFC 7515 §7.1) straight on `cryptography`, numbered as in §5.1 and §5.2."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final, final

from msgspec import Struct

from airside.core.errors import Refusal
from airside.core.proof import Mint
from airside.core.strict_json import Json, dumps, loads_object
from airside.protocols.jose.keys import MAX_KID, KeySet, SigningKey
from airside.protocols.jose.refusals import Reason, TokenRefused, UnknownKey
from airside.protocols.jose.segments import b64url_decode, b64url_encode

MAX_TOKEN: Final = 16 * 1024
MAX_HEADER: Final = 4 * 1024
_HEADERS_KEPT: Final = 256
_EMBEDDED: Final = frozenset({"jwk", "jku", "x5u", "x5c"})
# `b64` (RFC 7797) changes what is signed, `zip` and `enc` belong to JWE: none has a place in our tokens.
_CRITICAL: Final = frozenset({"crit", "b64", "zip", "enc"})
_MINT: Final = Mint("VerifiedJws")


@dataclass(frozen=True, slots=True)
class Header:
    """What of a protected header matters; the rest is ignored, as RFC 7515 §4 demands."""

    alg: str
    kid: str
    typ: str | None


@final
class VerifiedJws(Struct, frozen=True, gc=False):
    """A payload that the key `header.kid` signed. Only `verify_compact` makes one."""

    header: Header
    payload: bytes
    mint: Mint | None = None

    def __post_init__(self) -> None:
        _MINT.strike(self, self.mint)


def split(token: str) -> tuple[str, str, str]:
    """The three parts of a compact token.

    Raises:
        TokenRefused: too long, or not exactly three parts.
    """
    if len(token) > MAX_TOKEN:
        raise TokenRefused(Reason.TOO_LARGE)
    parts = token.split(".", 3)  # at most four: a thousand dots make no list (N27)
    if len(parts) != 3:
        raise TokenRefused(Reason.MALFORMED)
    return parts[0], parts[1], parts[2]


def header_object(segment: str) -> dict[str, Json]:
    """The members of the header in `segment`, none of them judged.

    Raises:
        TokenRefused: too long, or not strict JSON.
    """
    if len(segment) > MAX_HEADER:
        raise TokenRefused(Reason.TOO_LARGE)
    try:
        return loads_object(b64url_decode(segment))
    except TokenRefused:
        raise
    except Refusal:
        raise TokenRefused(Reason.MALFORMED) from None


@lru_cache(maxsize=_HEADERS_KEPT)
def read_header(segment: str, *, nameless: bool = False) -> Header:
    """The header in `segment`. Pure, and the same for every token of a key: kept. A refusal is not kept. With
    `nameless` it may name no key; its `kid` is then empty.

    Raises:
        TokenRefused: not strict JSON, no `alg` or `kid`, a critical extension (N03), an embedded key (N02).
    """
    header = header_object(segment)
    if _EMBEDDED & header.keys():
        raise TokenRefused(Reason.EMBEDDED_KEY)
    if _CRITICAL & header.keys():
        raise TokenRefused(Reason.CRITICAL)
    alg, kid, typ = header.get("alg"), header.get("kid"), header.get("typ")
    if not isinstance(alg, str):
        raise TokenRefused(Reason.ALGORITHM)
    if nameless and kid is None and "kid" not in header:
        kid = ""
    elif not isinstance(kid, str) or not 0 < len(kid) <= MAX_KID:
        raise UnknownKey
    if typ is not None and not isinstance(typ, str):
        raise TokenRefused(Reason.TYPE)
    return Header(alg, kid, typ)


def verify_compact(token: str, keys: KeySet, *, nameless: bool = False) -> VerifiedJws:
    """Verify a signature. The key is chosen by exact `kid` and brings its algorithm; the token only agrees. With
    `nameless`, a token that names no key is of the only one there is.

    Raises:
        UnknownKey: no such key in the set.
        TokenRefused: anything else; `reason` says what.
    """
    head, body, tail = split(token)  # 1
    header = read_header(head, nameless=nameless)  # 2–5
    key = keys.get(header.kid) if header.kid else keys.only
    if key is None:
        raise UnknownKey(header.kid)
    if header.alg != key.alg:
        raise TokenRefused(Reason.ALGORITHM)
    payload = b64url_decode(body)  # 6
    key.verify(b64url_decode(tail), token[: len(head) + 1 + len(body)].encode("ascii"))  # 7, 8
    return VerifiedJws(header, payload, _MINT)


def sign_compact(key: SigningKey, payload: bytes, *, typ: str) -> str:
    """A compact token with `alg`, `kid` and `typ` in its header and nothing else."""
    signed = f"{_protected(key.alg, key.kid, typ)}.{b64url_encode(payload)}"
    return f"{signed}.{b64url_encode(key.sign(signed.encode('ascii')))}"


@lru_cache(maxsize=_HEADERS_KEPT)
def _protected(alg: str, kid: str, typ: str) -> str:
    return b64url_encode(dumps({"alg": alg, "kid": kid, "typ": typ}))
