"""Single rows of a store's tuples, for a graph of which only what was looked up is there."""

from collections.abc import Sequence
from typing import Final

from airside.permissions.model import Grant
from airside.permissions.records import TupleRow, grant_of
from airside.store.context import RequestContext

OF_OBJECTS: Final = """
select object_type, object_id, relation, subject_type, subject_id, subject_relation,
    condition_name, condition_context, expires_at, created_at
from airside.permission_tuple
where tenant_id = %s and store_id = %s
    and (object_type, object_id, relation) in (select * from unnest(%s::text[], %s::text[], %s::text[]))
limit %s
"""

OF_SUBJECTS: Final = """
select object_type, object_id, relation, subject_type, subject_id, subject_relation,
    condition_name, condition_context, expires_at, created_at
from airside.permission_tuple
where tenant_id = %s and store_id = %s
    and (subject_type, subject_id, subject_relation, object_type, relation) in (
        select * from unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[])
    )
limit %s
"""


async def of_objects(
    ctx: RequestContext, store_id: str, wanted: Sequence[tuple[str, str, str]], *, limit: int
) -> list[Grant]:
    """Every tuple of each of the objects' relations."""
    return await _found(ctx, OF_OBJECTS, store_id, wanted, limit)


async def of_subjects(
    ctx: RequestContext, store_id: str, wanted: Sequence[tuple[str, str, str, str, str]], *, limit: int
) -> list[Grant]:
    """Every tuple that gives one of the subjects a relation of a type of object."""
    return await _found(ctx, OF_SUBJECTS, store_id, wanted, limit)


async def _found(
    ctx: RequestContext, sql: str, store_id: str, wanted: Sequence[tuple[str, ...]], limit: int
) -> list[Grant]:
    if not wanted:
        return []
    columns = [list(column) for column in zip(*wanted, strict=True)]
    rows = await ctx.tx.all(TupleRow, sql, (ctx.tenant_id, store_id, *columns, limit))
    return [grant_of(row) for row in rows]
