"""Single use of what clients sign: one INSERT per `jti` whose row count is the answer (RFC 7523 §3, RFC 9449 §11.1)."""

from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final, Literal

from airside.store import RequestContext
from airside.tokens import records_spent

ProofKind = Literal["client_assertion", "dpop_proof", "authorization_grant", "request_object"]
"""One `jti` of each kind: a client may number its assertions and its proofs alike."""

MAX_JTI: Final = 256
"""Characters of a `jti`."""
SLACK: Final = timedelta(seconds=60)
"""How much longer than its own end a proof is remembered: more than any leeway."""


class SpentProofs:
    """Remembers, per tenant, what has been used, until time refuses it anyway."""

    async def spend(self, ctx: RequestContext, kind: ProofKind, signer: str, jti: str, expires_at: datetime) -> bool:
        """Whether `jti` of this `signer` (a client, an issuer, a key's thumbprint) is used for the first time.

        Of many at once one is told so; the others wait until it commits. The caller commits."""
        digest = sha256(f"{len(signer)}:{signer}{jti}".encode()).digest()
        return await records_spent.spend(ctx, kind, digest, expires_at + SLACK)

    async def sweep(self, ctx: RequestContext) -> int:
        """Forget what time refuses by now, for a timer; how many."""
        return await records_spent.sweep(ctx)
