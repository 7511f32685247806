"""What leads to tokens and hasn't been redeemed: codes, and devices that somebody has said yes to. Whoever ends
sessions without naming them voids these first: they would begin families afterwards, of which nobody knew."""

from uuid import UUID

from airside.oauth import records_outstanding
from airside.store import RequestContext


class Outstanding:
    """Voids codes and approvals."""

    async def void(self, ctx: RequestContext, user_id: UUID | None) -> int:
        """None of the user's, or with None of anybody's, is redeemed any more; how many. Those that are being redeemed
        are waited for, so that their families are there to be ended."""
        return await records_outstanding.void(ctx, user_id)
