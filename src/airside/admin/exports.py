"""What exports cost a tenant: they read as much as there is, however few requests that takes."""

from airside.audit import Journal
from airside.identity.charging import spend
from airside.limits import EXPORTED_ROWS, Limiter
from airside.store import RequestContext


class Exports:
    """Charges each page of an export before it is read.

    Attributes:
        pace: what counts.
    """

    def __init__(self, *, pace: Limiter, journal: Journal) -> None:
        self.pace = pace
        self._journal = journal

    async def charge(self, ctx: RequestContext, rows: int) -> None:
        """For a page of up to `rows`. Operators at the machine pay nothing.

        Raises:
            LimitExceeded: the tenant has exported as much as it may for now.
        """
        if ctx.principal.kind != "operator":
            await spend(ctx, self.pace, self._journal, [(EXPORTED_ROWS, "all")], cost=rows)
