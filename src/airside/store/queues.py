"""Who counts before they add waits for each other here: else many at once would all find the last place free."""

from typing import Final

from airside.store.context import RequestContext

QUEUE: Final = "select pg_advisory_xact_lock(hashtextextended(%s, 0))"


async def queue_for(ctx: RequestContext, what: str) -> None:
    """Nobody else of the tenant comes past here for `what` before this transaction ends. It is taken before rows are
    counted or locked, always: who held one and then queued could wait for somebody who waits for it."""
    await ctx.tx.run(QUEUE, (f"{what} {ctx.tenant_id}",))
