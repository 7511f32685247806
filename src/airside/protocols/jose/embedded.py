"""A compact JWS that brings its own key (RFC 7515 §4.1.3), for the one use that has a place for it: a proof of
possession (RFC 9449 §4.2).

What verifies here proves that its maker holds the private half of *some* key, and nothing else: its name is its
thumbprint, and only what was bound to that thumbprint before is proven. Everywhere else an embedded key is refused
(N02, `jws.py`).
"""

from collections.abc import Collection
from dataclasses import InitVar, dataclass
from typing import Final, final

from airside.core.proof import Mint
from airside.core.strict_json import Json
from airside.protocols.jose.claims import read_claims
from airside.protocols.jose.jwk import key_from_jwk, thumbprint
from airside.protocols.jose.jws import header_object, split
from airside.protocols.jose.keys import VerificationKey
from airside.protocols.jose.refusals import KeyRefused, Reason, TokenRefused
from airside.protocols.jose.segments import b64url_decode

_FOREIGN: Final = frozenset({"jku", "x5u", "x5c", "x5t", "x5t#S256", "crit", "b64", "zip", "enc"})
_UNNAMED: Final = "embedded"
_MINT: Final = Mint("VerifiedPossession")


@final
@dataclass(frozen=True, slots=True)
class VerifiedPossession:
    """Claims signed by the holder of the key whose RFC 7638 thumbprint is `thumbprint`. Only `verify_possession` makes
    one; whether the claims are meant for us, and now, is the caller's to judge."""

    thumbprint: str
    claims: dict[str, Json]
    mint: InitVar[Mint]

    def __post_init__(self, mint: Mint) -> None:
        _MINT.demand(mint)


def verify_possession(token: str, *, typ: str, algorithms: Collection[str]) -> VerifiedPossession:
    """Verify `token` with the public key in its own header; `typ` and one of `algorithms` are demanded as spelt.

    Raises:
        TokenRefused: not such a token; another type or algorithm; no public key, a private, symmetric or weak one;
            a key by reference or certificate, a critical extension; or its signature doesn't fit.
    """
    head, body, tail = split(token)
    key = _key(_header(head), typ, algorithms)
    payload = b64url_decode(body)
    key.verify(b64url_decode(tail), token[: len(head) + 1 + len(body)].encode("ascii"))
    return VerifiedPossession(thumbprint(key.public), read_claims(payload), _MINT)


def _header(segment: str) -> dict[str, Json]:
    header = header_object(segment)
    if _FOREIGN & header.keys():
        raise TokenRefused(Reason.CRITICAL)
    return header


def _key(header: dict[str, Json], typ: str, algorithms: Collection[str]) -> VerificationKey:
    if header.get("typ") != typ:
        raise TokenRefused(Reason.TYPE)
    alg, jwk = header.get("alg"), header.get("jwk")
    if not isinstance(alg, str) or alg not in algorithms:
        raise TokenRefused(Reason.ALGORITHM)
    if not isinstance(jwk, dict):
        raise TokenRefused(Reason.UNKNOWN_KEY)
    try:
        return key_from_jwk({**jwk, "kid": _UNNAMED}, alg=alg)
    except KeyRefused:
        raise TokenRefused(Reason.EMBEDDED_KEY) from None
