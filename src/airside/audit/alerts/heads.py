"""Whether the log still agrees with its signed heads: what somebody changed underneath contradicts one of them.

O(log n) for each new head. It finds what was changed since the last look, and a tree that was rolled back or replaced;
a record that was changed long ago is found by `airside audit verify`, which reads them all.
"""

from collections.abc import Sequence

from airside.audit import cuts, records_expiry
from airside.audit import records as log
from airside.audit.alerts.records import Logged
from airside.audit.alerts.records_facts import Progress
from airside.audit.canonical import leaf_hash
from airside.audit.heads import Claims, verification_key, verified_claims
from airside.audit.model import Head
from airside.audit.proofs import roots
from airside.core.errors import Inconsistent
from airside.protocols.jose import KeySet, VerificationKey
from airside.store.context import RequestContext


async def agreed(ctx: RequestContext, progress: Progress) -> Progress | None:
    """`progress` with the newest head, if that is signed by a key of the tenant's, says what the tree is, and the tree
    still begins as the head that was agreed with before says; None where it contradicts."""
    head = await log.last_head(ctx)
    if head is None:
        return progress if progress.head_size == 0 else None
    if (head.tree_size, head.root) == (progress.head_size, progress.head_root):
        return progress
    if head.tree_size < progress.head_size or not await _is_ours(ctx, head):
        return None
    try:
        (now,) = await roots(ctx, [(0, head.tree_size)])
        (then,) = await roots(ctx, [(0, progress.head_size)]) if progress.head_size else (progress.head_root,)
    except Inconsistent:
        return None  # nodes are missing
    if (now, then) != (head.root, progress.head_root):
        return None
    return Progress(progress.read_to, head.tree_size, head.root)


async def unsound(ctx: RequestContext, logged: Sequence[Logged]) -> list[Logged]:
    """Those of a page whose record isn't what its leaf says, or is gone and hasn't expired."""
    found = [each for each in logged if not _is_sound(each)]
    if all(each.record is not None for each in found):
        return found
    expired = await _expired(ctx)
    return [each for each in found if each.record is not None or each.seq >= expired]


def _is_sound(logged: Logged) -> bool:
    record = logged.record
    return record is not None and record.leaf_hash == logged.leaf and leaf_hash(record) == logged.leaf


async def _expired(ctx: RequestContext) -> int:
    """Of how many leaves the records have expired: as many as the last cut says, if the log's own key signed it."""
    cut = await records_expiry.last_cut(ctx)
    return cut.tree_size if cut is not None and cuts.is_signed(cut, ctx.tenant_id, await _keys(ctx)) else 0


async def _is_ours(ctx: RequestContext, head: Head) -> bool:
    return verified_claims(head.jws, KeySet(await _keys(ctx))) == Claims.of(ctx.tenant_id, head)


async def _keys(ctx: RequestContext) -> list[VerificationKey]:
    return [key for each in await log.keys(ctx) if (key := verification_key(each.public_jwk)) is not None]
