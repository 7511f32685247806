"""Retention: records go when their time is over, whole months at once; their hashes stay, and with them every proof."""

from datetime import UTC, datetime
from typing import Final

from airside.audit import cuts, heads, records, records_expiry
from airside.audit.events import Event
from airside.audit.journal import Journal
from airside.audit.model import Cut
from airside.audit.proofs import roots
from airside.core.entropy import Entropy
from airside.core.errors import Inconsistent
from airside.core.ids import first_id
from airside.store.context import RequestContext
from airside.vault import Vault

AT_ONCE: Final = 5000
"""Leaves whose records go in one transaction."""


class Expiry:
    """First the log says that records have expired, then they go: in this order, and never without the first."""

    def __init__(self, *, journal: Journal, vault: Vault, entropy: Entropy) -> None:
        self._journal = journal
        self._vault = vault
        self._entropy = entropy

    async def cut(self, ctx: RequestContext, months: int) -> Cut | None:
        """What has expired where the current month and `months` before it are kept: a new cut, recorded, if a month is
        over since the last one; else the last one. None where nothing ever expired.

        Raises:
            Inconsistent: the last cut isn't signed by the log's key, or nodes of the tree are missing.
        """
        tree = await records.lock_tree(ctx)
        last = await records_expiry.last_cut(ctx)
        if tree.head_size == 0:
            return None
        key = await heads.signing_key(ctx, self._vault, self._entropy)
        if last is not None and not cuts.is_signed(last, ctx.tenant_id, [key.verification()]):
            raise Inconsistent("the last cut of an audit log isn't signed by the log's key")
        before = months_before(ctx.now, months)
        younger = await records_expiry.first_younger(ctx, first_id(before))
        size = tree.head_size if younger is None else min(younger, tree.head_size)
        if size <= (0 if last is None else last.tree_size):
            return last
        (root,) = await roots(ctx, [(0, size)])
        cut = cuts.sign(key, ctx.tenant_id, tree_size=size, root=root, before=before)
        await self._journal.record(ctx, Event.AUDIT_EXPIRED, details=cuts.details(cut))
        return cut

    async def remaining(self, ctx: RequestContext, cut: Cut) -> range:
        """The leaves that `cut` covers from the first whose record may still be there: what earlier cuts let go isn't
        walked again, and what a deletion that was killed left is found. A step is what goes at once."""
        oldest = await records_expiry.oldest(ctx)
        first = None if oldest is None else await records_expiry.first_younger(ctx, oldest)
        return range(cut.tree_size if first is None else first, cut.tree_size, AT_ONCE)

    async def let_go(self, ctx: RequestContext, cut: Cut, start: int) -> int:
        """Delete those of `AT_ONCE` leaves from `start` that the committed `cut` covers; how many there were. The
        transaction is the schema's owner's, for the server's own role deletes no records."""
        return await records_expiry.delete(ctx, start, min(start + AT_ONCE, cut.tree_size))


def months_before(now: datetime, months: int) -> datetime:
    """The beginning of the month, in UTC, that lies `months` before that of `now`."""
    year, month = divmod(now.astimezone(UTC).year * 12 + now.astimezone(UTC).month - 1 - months, 12)
    return datetime(year, month + 1, 1, tzinfo=UTC)
