"""The audit log's rows by what is asked of them, newest first."""

from typing import Any, Final
from uuid import UUID

from airside.audit.model import Head, Record, Search
from airside.store.context import RequestContext

_SEARCH: Final = """
    select tenant_id, record_id, at, event, actor, subject, outcome, reason, request_id, origin, details, person,
           personal_sealed, leaf_hash
    from airside.audit_record where tenant_id = %s{narrowed} order by record_id desc limit %s
"""
_HEADS: Final = """
    select tree_size, root, at, jws from airside.audit_head
    where tenant_id = %s and tree_size < %s order by tree_size desc limit %s
"""
_HEAD: Final = "select tree_size, root, at, jws from airside.audit_head where tenant_id = %s and tree_size = %s"
SUCCESS: Final = " and outcome = %s"
OTHERWISE: Final = " and outcome <> 'success' and outcome = %s"
"""In the words of the index over the few that are no success."""
MAX_SIZE: Final = 2**63 - 1


async def search(
    ctx: RequestContext, wanted: Search, *, oldest: UUID | None, newest: UUID | None, limit: int
) -> list[Record]:
    """Records that fit `wanted`, with ids from `oldest` and before `newest`. Each condition is one of the statement
    only where it is asked for, so that the statement is planned for what it has to find."""
    conditions: list[tuple[str, Any]] = [
        (" and actor = %s", wanted.actor),
        (" and subject = %s", wanted.subject),
        (SUCCESS if wanted.outcome == "success" else OTHERWISE, wanted.outcome),
        (" and event = any(%s)", list(wanted.events)),
        (" and at >= %s", wanted.since),
        (" and at < %s", wanted.until),
        (" and record_id >= %s", oldest),
        (" and record_id < %s", newest),
    ]
    asked = [(condition, value) for condition, value in conditions if value]
    sql = _SEARCH.format(narrowed="".join(condition for condition, _ in asked))
    return await ctx.tx.all(Record, sql, (ctx.tenant_id, *(value for _, value in asked), limit))


async def heads_before(ctx: RequestContext, size: int | None, limit: int) -> list[Head]:
    """Heads smaller than `size`, largest first; without it, from the largest."""
    return await ctx.tx.all(Head, _HEADS, (ctx.tenant_id, MAX_SIZE if size is None else size, limit))


async def head(ctx: RequestContext, size: int) -> Head | None:
    """The head of exactly that size."""
    return await ctx.tx.one(Head, _HEAD, (ctx.tenant_id, size))
