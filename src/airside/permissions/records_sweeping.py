"""Rows of the tuples table, found to be deleted."""

from typing import Final

from airside.permissions.model import TupleKey
from airside.permissions.words import split_object
from airside.store.context import RequestContext

NAMING: Final = """
select object_type || ':' || object_id as object, relation,
    subject_type || ':' || subject_id || case subject_relation when '' then '' else '#' || subject_relation end as user
from airside.permission_tuple
where tenant_id = %s and store_id = %s
    and ((object_type = %s and object_id = %s) or (subject_type = %s and subject_id = %s))
limit %s
"""


async def naming(ctx: RequestContext, store_id: str, object_: str, *, limit: int) -> list[TupleKey]:
    """Tuples in which `object_` is the object, the subject, or has the userset that is the subject."""
    name = split_object(object_)
    return await ctx.tx.all(TupleKey, NAMING, (ctx.tenant_id, store_id, *name, *name, limit))
