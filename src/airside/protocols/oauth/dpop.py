"""DPoP proofs (RFC 9449 §4): who sends a request holds a key. Pure: single use and nonces are the caller's."""

import hashlib
import re
from collections.abc import Collection
from dataclasses import InitVar, dataclass
from typing import Final, final
from urllib.parse import urlsplit

from airside.core.entropy import equal
from airside.core.errors import Refusal, Unauthenticated
from airside.core.proof import Mint
from airside.core.strict_json import Json
from airside.protocols.jose import TokenRefused, b64url_encode, verify_possession

DPOP_ALGORITHMS: Final = ("ES256", "PS256", "EdDSA")
"""Asymmetric ones only (RFC 9449 §11.6), and those of FAPI 2.0 (Security Profile §5.4.1) for everybody: a resource
server doesn't know the profile of who signs."""
MAX_PROOF: Final = 8 * 1024
MAX_PROOF_AGE: Final = 60
"""Seconds that a proof is good for (RFC 9449 §11.1)."""
MAX_PROOF_LEAD: Final = 10
"""Seconds that a client's clock may be ahead of ours."""
MAX_PROOF_JTI: Final = 256
DPOP: Final = "DPoP"

_TYPE: Final = "dpop+jwt"
_THUMBPRINT: Final = re.compile(r"[A-Za-z0-9_-]{43}")  # SHA-256, base64url
_VISIBLE: Final = re.compile(r"[!-~]+")
_TOKEN: Final = re.compile(r"dpop (?P<token>[A-Za-z0-9._~+/-]+=*)", re.IGNORECASE)
_DEFAULT_PORT: Final = {"https": 443, "http": 80}
_MINT: Final = Mint("DpopProof")


class DpopRefused(Refusal):
    """A proof that proves nothing for this request (RFC 9449 §5, §7.1: `invalid_dpop_proof`)."""

    code = "invalid_dpop_proof"


@final
@dataclass(frozen=True, slots=True)
class DpopProof:
    """The sender of this very request holds the key `jkt`. Only `verify_proof` makes one.

    `jti` has still to be spent, and `nonce` to be compared with what the server gave.
    """

    jkt: str
    jti: str
    issued_at: int
    nonce: str | None
    mint: InitVar[Mint]

    def __post_init__(self, mint: Mint) -> None:
        _MINT.demand(mint)


def verify_proof(
    proof: str, *, method: str, urls: Collection[str], now: float, access_token: str | None = None
) -> DpopProof:
    """Verify the one DPoP header of a request (RFC 9449 §4.3).

    `urls` are the addresses that the request may have been sent to: usually one. `access_token` is the token it
    presents, at a resource; at the token endpoint there is none, and no `ath` is looked for.

    Raises:
        DpopRefused: another key, method, address, time or token, or no proof at all.
    """
    if len(proof) > MAX_PROOF:
        raise DpopRefused("too large")
    try:
        possession = verify_possession(proof, typ=_TYPE, algorithms=DPOP_ALGORITHMS)
    except TokenRefused as cause:
        raise DpopRefused(cause.reason) from None
    claims = possession.claims
    jti, issued_at, nonce = claims.get("jti"), claims.get("iat"), claims.get("nonce")
    if not isinstance(jti, str) or not 0 < len(jti) <= MAX_PROOF_JTI:
        raise DpopRefused("jti")
    if claims.get("htm") != method:
        raise DpopRefused("htm")
    if not _same_address(claims.get("htu"), urls):
        raise DpopRefused("htu")
    if isinstance(issued_at, bool) or not isinstance(issued_at, int | float):
        raise DpopRefused("iat")
    if not now - MAX_PROOF_AGE <= issued_at <= now + MAX_PROOF_LEAD:
        raise DpopRefused("iat out of its window")
    if nonce is not None and (not isinstance(nonce, str) or not _VISIBLE.fullmatch(nonce)):
        raise DpopRefused("nonce")
    if access_token is not None and not _hashes(claims.get("ath"), access_token):
        raise DpopRefused("ath")
    return DpopProof(possession.thumbprint, jti, int(issued_at), nonce, _MINT)


def is_thumbprint(text: str) -> bool:
    """Whether `text` looks like a SHA-256 thumbprint, as `dpop_jkt` and `cnf` spell them."""
    return _THUMBPRINT.fullmatch(text) is not None


def parse_dpop_token(header: str) -> str:
    """The token of an Authorization header of the DPoP scheme (RFC 9449 §7.1).

    Raises:
        Unauthenticated: another scheme or shape.
    """
    match = _TOKEN.fullmatch(header)
    if match is None:
        raise Unauthenticated("malformed dpop header")
    return match["token"]


def _hashes(claim: Json, access_token: str) -> bool:
    wanted = b64url_encode(hashlib.sha256(access_token.encode("ascii", "replace")).digest())
    return isinstance(claim, str) and equal(claim.encode("utf-8", "replace"), wanted.encode())


def _same_address(claim: Json, urls: Collection[str]) -> bool:
    """Without query and fragment, scheme and host in lower case, the default port left out (RFC 3986 §6.2.2, §6.2.3);
    the path is compared as it is spelt."""
    if not isinstance(claim, str):
        return False
    named = _address(claim)
    return named is not None and any(named == _address(url) for url in urls)


def _address(url: str) -> tuple[str, str, int, str] | None:
    try:
        parts = urlsplit(url)
        scheme, host, port = parts.scheme.lower(), parts.hostname, parts.port
    except ValueError:
        return None
    if scheme not in _DEFAULT_PORT or not host or "@" in parts.netloc:
        return None
    return scheme, host.lower(), _DEFAULT_PORT[scheme] if port is None else port, parts.path or "/"
