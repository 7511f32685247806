"""Proofs from stored nodes: O(log n) reads and hashes, however long the log."""

from collections.abc import Sequence
from uuid import UUID

from airside.audit import records
from airside.audit.model import ConsistencyProof, InclusionProof
from airside.audit.tree import consistency_spans, cover, inclusion_spans, span_root
from airside.core.errors import Inconsistent, InvalidInput, NotFound
from airside.store.context import RequestContext


async def inclusion(ctx: RequestContext, record_id: UUID) -> InclusionProof:
    """That the record is in the log, under its newest head.

    Raises:
        NotFound: no such record, or it is younger than the newest head.
        Inconsistent: stored nodes are missing.
    """
    leaf, head = await records.place(ctx, record_id)
    if leaf is None or head is None or leaf.seq >= head.tree_size:
        raise NotFound("no such record under a head")
    path = await roots(ctx, inclusion_spans(leaf.seq, head.tree_size))
    return InclusionProof(leaf.seq, leaf.leaf_hash, path, head)


async def consistency(ctx: RequestContext, first: int, second: int) -> ConsistencyProof:
    """That the log of `first` records is the beginning of the log of `second`.

    Raises:
        InvalidInput: not 0 < first <= second.
        NotFound: the log isn't that long.
        Inconsistent: stored nodes are missing.
    """
    if not 0 < first <= second:
        raise InvalidInput("sizes must be 0 < first <= second")
    if second > (await records.bounds(ctx)).tree_size:
        raise NotFound("the log isn't that long")
    return ConsistencyProof(first, second, await roots(ctx, consistency_spans(first, second)))


async def roots(ctx: RequestContext, spans: Sequence[tuple[int, int]]) -> tuple[bytes, ...]:
    wanted = [spot for span in spans for spot in cover(*span)]
    nodes = await records.nodes(ctx, wanted)
    if len(nodes) != len(wanted):
        raise Inconsistent("nodes of an audit tree are missing", missing=len(wanted) - len(nodes))
    return tuple(span_root(span, nodes) for span in spans)
