"""Who sent a request: the proof of possession that a bound token asks for (RFC 9449 §7.1, RFC 8705 §3)."""

from collections import OrderedDict
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from airside.core.entropy import equal
from airside.core.errors import Unauthenticated
from airside.protocols.jose import b64url_encode
from airside.protocols.oauth import DPOP_ALGORITHMS, MAX_PROOF_AGE, DpopRefused, verify_proof
from airside.sdk.token import VerifiedToken

MAX_REMEMBERED: Final = 100_000
"""Proofs of the last minutes that one process remembers; while it can't remember more it takes none."""
REMEMBERED: Final = 2.0 * MAX_PROOF_AGE
"""Seconds for which a used proof is remembered: longer than it could be used again."""


class SenderUnproven(Unauthenticated):
    """A bound token, and a request that doesn't prove to come from its holder, or a bearer token presented as a bound
    one. `challenge` is the WWW-Authenticate header (RFC 9449 §7.1)."""

    def __init__(self, reason: str, *, error: str = "invalid_token") -> None:
        super().__init__(reason)
        self.challenge = f'DPoP error="{error}", algs="{" ".join(DPOP_ALGORITHMS)}"'


@dataclass(frozen=True, slots=True)
class Sender:
    """How a request came. `dpop` where its token came by the DPoP scheme; `proof` is its one DPoP header, `url` the
    address that clients use for it, `certificate` (DER) what the TLS connection has proven, as the server or a proxy of
    the application's own tells it: never a client's word."""

    method: str
    url: str
    dpop: bool = False
    proof: str | None = None
    certificate: bytes | None = None


class Senders:
    """Proves senders, and remembers their proofs: each is good once (RFC 9449 §11.1) in this process."""

    def __init__(self, *, most: int = MAX_REMEMBERED) -> None:
        self._most = most
        self._used: OrderedDict[bytes, float] = OrderedDict()

    def demand(self, sender: Sender | None, encoded: str, token: VerifiedToken, now: float) -> None:
        """Return if `sender` holds what `token`, which was sent as `encoded`, is bound to.

        Raises:
            SenderUnproven: it doesn't, or nobody can tell.
        """
        if sender is None or sender.dpop is not (token.jkt is not None):
            raise SenderUnproven("a bound token as a bearer token, or a bearer token as a bound one")
        if token.x5t_s256 is not None and not _is_of(sender.certificate, token.x5t_s256):
            raise SenderUnproven("not over its certificate")
        if token.jkt is not None:
            self._demand_proof(sender, encoded, token.jkt, now)

    def _demand_proof(self, sender: Sender, encoded: str, jkt: str, now: float) -> None:
        try:
            if sender.proof is None:
                raise DpopRefused("no proof")
            proof = verify_proof(sender.proof, method=sender.method, urls=(sender.url,), now=now, access_token=encoded)
        except DpopRefused as cause:
            raise SenderUnproven(cause.reason, error=cause.code) from None
        if not equal(proof.jkt.encode(), jkt.encode()):
            raise SenderUnproven("another key")
        if not self._first_use(sha256(f"{proof.jkt}{proof.jti}".encode()).digest(), now):
            raise SenderUnproven("used before", error=DpopRefused.code)

    def _first_use(self, proof: bytes, now: float) -> bool:
        while self._used and next(iter(self._used.values())) <= now:
            self._used.popitem(last=False)
        if proof in self._used or len(self._used) >= self._most:
            return False
        self._used[proof] = now + REMEMBERED
        return True


def _is_of(certificate: bytes | None, thumbprint: str) -> bool:
    if certificate is None:
        return False
    return equal(b64url_encode(sha256(certificate).digest()).encode(), thumbprint.encode())
