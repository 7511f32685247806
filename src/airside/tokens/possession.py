"""DPoP proofs as this server takes them: verified, with a nonce of ours, each once (RFC 9449 §8, §9, §11.1).

Nonces are stateless: each is a MAC of its five minutes under a key of the tenant's, so that every process takes what
any other gave, and nobody stores one. The present one, the one before and (for clocks that differ) the next are taken.
"""

from collections.abc import Collection
from datetime import timedelta
from typing import Final

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC

from airside.core.clock import epoch
from airside.core.entropy import equal
from airside.protocols.jose import b64url_encode
from airside.protocols.oauth import MAX_PROOF_AGE, DpopRefused, verify_proof
from airside.store import RequestContext
from airside.tokens.single_use import SpentProofs
from airside.vault import Vault

NONCE_SECONDS: Final = 300
"""How long a nonce is the present one; it is taken for as long again."""
NONCE_BYTES: Final = 16
_PURPOSE: Final = "dpop-nonce"
_AGE: Final = timedelta(seconds=MAX_PROOF_AGE)


class DpopNonceNeeded(DpopRefused):
    """The proof carries no nonce of ours, or an old one: the same request again with `nonce` (RFC 9449 §8)."""

    code = "use_dpop_nonce"

    def __init__(self, nonce: str) -> None:
        super().__init__("nonce")
        self.nonce = nonce


class Possession:
    """Verifies that the sender of a request holds a key."""

    def __init__(self, *, vault: Vault, spent: SpentProofs) -> None:
        self._vault = vault
        self._spent = spent

    async def prove(
        self, ctx: RequestContext, proof: str, *, method: str, urls: Collection[str], access_token: str | None = None
    ) -> str:
        """The thumbprint of the key that `proof`, the DPoP header of this request, proves. Spent by this; the caller
        commits.

        Raises:
            DpopRefused: it proves nothing for this request, or has been used.
            DpopNonceNeeded: it needs the nonce that the refusal carries.
        """
        verified = verify_proof(proof, method=method, urls=urls, now=ctx.now.timestamp(), access_token=access_token)
        if verified.nonce is None or not await self._is_ours(ctx, verified.nonce):
            raise DpopNonceNeeded(await self.nonce(ctx))
        if not await self._spent.spend(ctx, "dpop_proof", verified.jkt, verified.jti, ctx.now + _AGE):
            raise DpopRefused("used before")
        return verified.jkt

    async def nonce(self, ctx: RequestContext) -> str:
        """The present nonce, the same for everybody: it only bounds when a proof can have been made."""
        return _nonce(await self._key(ctx), epoch(ctx.now) // NONCE_SECONDS)

    async def _is_ours(self, ctx: RequestContext, nonce: str) -> bool:
        key, present = await self._key(ctx), epoch(ctx.now) // NONCE_SECONDS
        taken = [_nonce(key, period).encode() for period in (present - 1, present, present + 1)]
        return any(equal(nonce.encode("utf-8", "replace"), each) for each in taken)

    async def _key(self, ctx: RequestContext) -> bytes:
        return (await self._vault.keyset(ctx)).derive(_PURPOSE)


def _nonce(key: bytes, period: int) -> str:
    mac = HMAC(key, SHA256())
    mac.update(period.to_bytes(8))
    return b64url_encode(mac.finalize()[:NONCE_BYTES])
