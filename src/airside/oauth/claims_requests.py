"""What a sign-in was asked for by name at userinfo (OpenID Connect Core §5.5), for as long as its tokens live.

It isn't in the tokens: they go to resource servers whom it doesn't concern.
"""

from datetime import datetime
from uuid import UUID

from airside.core.errors import InvalidInput
from airside.core.ids import FAMILY, parse_id
from airside.oauth import records_claims
from airside.oauth.claims import Requested
from airside.store import RequestContext
from airside.vault import Vault


class ClaimsRequests:
    """Kept by the family that a code starts, whether it starts one or only names it."""

    def __init__(self, *, vault: Vault) -> None:
        self._vault = vault

    async def keep(self, ctx: RequestContext, family_id: UUID, claims: Requested, until: datetime) -> None:
        """Remember `claims` until the last token of the family has ended; of nothing, nothing.

        Raises:
            UniqueViolation: there are some of this family.
        """
        if claims:
            await records_claims.insert(ctx, await self._vault.keyset(ctx), family_id, dict(claims), until)

    async def find(self, ctx: RequestContext, family: str | None) -> Requested:
        """What was asked for, by the `fam` of a verified token."""
        try:
            family_id = parse_id(FAMILY, family or "")
        except InvalidInput:
            return {}
        return await records_claims.find(ctx, await self._vault.keyset(ctx), family_id) or {}

    async def sweep(self, ctx: RequestContext) -> int:
        """Forget what no token refers to any more, for a timer; how many rows."""
        return await records_claims.sweep(ctx)
